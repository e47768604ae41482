"""The methods' names: those that need a model say how to give one."""

import pytest

import ragcompress as rc
from ragcompress.methods import METHODS, resolve

ASKED = (
    "cluster",
    "redundancy",
    "mmr",
    "abstractive",
    "words",
    "perplexity",
    "refine",
    "cascade",
    "student",
    "hops",
    "classifier",
)
OF_MODEL = [method.name for method in METHODS if method.build is None]


def test_every_method_has_a_name_a_paper_and_a_summary():
    assert set(ASKED) <= {method.name for method in METHODS}
    assert all(method.paper and method.summary for method in METHODS)


@pytest.mark.parametrize("name", OF_MODEL)
def test_without_a_model_the_message_names_the_constructor(name):
    with pytest.raises(rc.InvalidInput, match=r"compressor=ragcompress\.\w+\(model\)"):
        rc.compress("q?", ["a"], budget=3, compressor=name)


@pytest.mark.parametrize("name", OF_MODEL)
def test_what_needs_a_model_is_not_called_offline(name):
    (row,) = (method for method in METHODS if method.name == name)
    assert not row.offline
    assert row.needs


@pytest.mark.parametrize("name", ["abstractive", "perplexity", "classifier"])
def test_a_model_can_be_named_behind_a_colon(name, tmp_path):
    assert str(tmp_path) in repr(resolve(f"{name}:{tmp_path}"))


def test_a_model_where_none_is_taken_is_refused():
    for name in ("lexical:x", "refine:x"):
        with pytest.raises(rc.InvalidInput, match="takes no model"):
            resolve(name)


@pytest.mark.parametrize("name", ["ClusterPruner", "Cascade", "drop_redundant", "mmr", "order_ends", "protect"])
def test_names_that_others_rely_on(name):
    thing = getattr(rc, name)
    compressor = thing() if isinstance(thing, type) else thing
    assert rc.compress("Who wrote it?", ["Ada wrote it. It rained."], 8, compressor).tokens_out <= 8


def test_a_chain_of_everything_keeps_the_answer_and_the_budget():
    passages = ["Ada wrote the first program in 1843. It rained.", "Ada wrote the first program in 1843!", "Snow fell."]
    chain = rc.chain(rc.drop_redundant, rc.Cascade(), rc.protect, rc.order_ends)
    out = rc.compress("Who wrote the first program?", passages, budget=12, compressor=chain)
    assert out.text.count("Ada wrote the first program") == 1
    assert out.tokens_out <= 12
    assert "near-duplicate" in {gone.reason for gone in out.dropped}
