"""Ablations: a variant that joins at another layer sees what the encoder gives there."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

torch = pytest.importorskip("torch", reason="training needs the extra 'train'")

from pipelines.proofs.labeller_ablations import Rejoined, rejoined, table  # noqa: E402
from ragcompress.training.labeller.config import ModelConfig  # noqa: E402
from ragcompress.training.labeller.model import FrozenEncoder, encoder_weights  # noqa: E402
from ragcompress.training.labeller.sampling import Sampler  # noqa: E402


@pytest.mark.parametrize("join_at", [0, 2, 4])
def test_states_after_another_layer_are_those_of_the_encoder(sampler: Sampler, join_at: int) -> None:
    stored = sampler.corpus.store.encoded(1)
    plain = FrozenEncoder(replace(ModelConfig(), join_at=join_at), encoder_weights())
    ids = torch.from_numpy(stored.ids)[None]
    with torch.no_grad():
        expected, last = plain(ids, torch.ones_like(ids, dtype=torch.bool))
    found = Rejoined(ModelConfig(), join_at)(stored)
    assert found.middle is not None
    cosine = torch.nn.functional.cosine_similarity(torch.from_numpy(found.middle), expected[0], dim=-1)
    assert cosine.min() > 0.97  # the store holds rounded states of an int8 encoder
    assert torch.nn.functional.cosine_similarity(torch.from_numpy(found.last), last[0], dim=-1).min() > 0.9


def test_a_rejoined_sampler_draws_as_before(sampler: Sampler) -> None:
    before = [example.question for example, _ in next(sampler.batches())]
    changed = rejoined(sampler, 4)
    batch = next(changed.batches())
    assert [example.question for example, _ in batch] == before
    ours, theirs = (s.windows(s.held_out({"squad": 1}, passages=2)[0])[0] for s in (changed, sampler))
    assert ours.matched.states.shape == theirs.matched.states.shape
    assert abs(ours.matched.states - theirs.matched.states).max() > 0.1
    assert (ours.matched.untrained == theirs.matched.untrained).all()


def test_the_table_has_a_row_a_variant() -> None:
    report = {"tokens": 1000, "questions": 7, "listwise": 0.5}
    report |= {f"trained@{share}": 0.5 for share in ("0.05", "0.1", "0.2", "0.3")}
    console = Console(width=120, file=io.StringIO())
    console.print(table([{"variant": "4", **report}, {"variant": "easy", **report}]))
    assert "4 joint layers" in console.file.getvalue()
    assert "no hard negatives" in console.file.getvalue()
