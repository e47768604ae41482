"""Every method this package lists keeps every law."""

from __future__ import annotations

from random import Random

import pytest

import ragcompress as rc
from ragcompress.core.compressor import chain
from ragcompress.core.errors import MissingExtra
from ragcompress.core.protocols import Compressor
from ragcompress.methods import METHODS, Method, default
from ragcompress.pruners.baselines import lead, top_passages, truncate
from ragcompress.testing import check_compressor

LISTED = pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)


def _build(method: Method) -> Compressor:
    if not method.offline:
        pytest.skip(f"{method.name} needs {method.needs or 'the network'}")
    try:
        return method.build()
    except MissingExtra as error:
        pytest.skip(str(error))


@LISTED
def test_laws_of(method: Method) -> None:
    check_compressor(_build(method), cases=220)


@pytest.mark.slow
@LISTED
def test_laws_of_over_ten_thousand_contexts(method: Method, request: pytest.FixtureRequest) -> None:
    if "slow" not in request.config.getoption("markexpr"):
        pytest.skip("10,000 contexts per method take minutes: pytest -m slow tests/test_laws.py")
    check_compressor(_build(method), cases=10_000, seed=1)


LINKS: tuple[Compressor, ...] = (
    lead, truncate, top_passages, rc.drop_redundant, rc.mmr, rc.order_ends, rc.order_reading, rc.order_relevance,
    rc.protect, rc.keep_antecedents, rc.keep_headings, rc.keep_neighbours, rc.ClusterPruner(), rc.Cascade(),
    rc.WordPruner(), rc.SentencePruner(rc.LexicalScorer()),
)  # fmt: skip


@pytest.mark.parametrize("seed", range(12))
def test_laws_of_chains_drawn_at_random(seed: int) -> None:
    draw = Random(seed)
    links = [draw.choice(LINKS) for _ in range(draw.choice((2, 3, 4)))]
    check_compressor(chain(*links), cases=60, seed=seed)


def test_laws_of_a_chain_of_nothing() -> None:
    check_compressor(chain(), cases=60)


def test_laws_of_the_method_that_a_threshold_drives() -> None:
    check_compressor(default(dynamic=True), cases=150)


@LISTED
def test_repr_of_a_method_is_the_same_in_every_run(method: Method) -> None:
    compressor = _build(method)
    assert " at 0x" not in (getattr(compressor, "__name__", None) or repr(compressor))
