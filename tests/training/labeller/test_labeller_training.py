"""Objective, loop, export: what is trained is what runs."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs the extra 'train'")

from conftest import CONFIG, disturbed_model, new_model  # noqa: E402

from ragcompress.core.errors import ModelError  # noqa: E402
from ragcompress.core.select import one_or_none  # noqa: E402
from ragcompress.models.labeller.matching import read_query  # noqa: E402
from ragcompress.models.labeller.runtime import JOINT, JointModel  # noqa: E402
from ragcompress.models.sessions import session  # noqa: E402
from ragcompress.training.labeller.calibrate import (  # noqa: E402
    Case,
    fit_keep,
    fit_weights,
    nothing_below,
    passage_case,
    thresholds_for,
)
from ragcompress.training.labeller.config import ModelConfig  # noqa: E402
from ragcompress.training.labeller.export import export_joint, from_graph, from_pretrained, save_pretrained, settings_of  # noqa: E402
from ragcompress.training.labeller.model import JointHalf  # noqa: E402
from ragcompress.training.labeller.objective import held_out_report, listwise, refit, score_windows  # noqa: E402
from ragcompress.training.labeller.sampling import Sampler  # noqa: E402
from ragcompress.training.labeller.train import Trainer  # noqa: E402


def test_before_training_the_score_is_the_untrained_sum(sampler: Sampler) -> None:
    model = new_model()
    example = sampler.held_out({"squad": 1}, passages=3)[0]
    windows = sampler.windows(example)
    with torch.no_grad():
        scored = score_windows(model, [windows])[0]
    plain = np.concatenate([window.matched.untrained for window in windows]) @ np.array(model.config.fusion)
    np.testing.assert_allclose(scored.sentence, plain, rtol=1e-4)


def test_without_layers_the_parts_are_still_there(sampler: Sampler) -> None:
    model = JointHalf(replace(ModelConfig(), join_at=6))
    windows = sampler.windows(sampler.held_out({"squad": 1}, passages=3)[0])
    scored = score_windows(model, [windows])[0]
    assert scored.parts[:, 4:].abs().max() == 0
    assert scored.parts[:, :4].abs().max() > 0


def test_batching_changes_no_score(sampler: Sampler) -> None:
    model = disturbed_model()
    groups = [sampler.windows(example) for example in sampler.held_out({"squad": 2, "fever": 1}, passages=4)]
    with torch.no_grad():
        together = score_windows(model, groups)
        for windows, scored in zip(groups, together, strict=True):
            torch.testing.assert_close(
                score_windows(model, [windows])[0].sentence, scored.sentence, rtol=1e-4, atol=1e-4
            )


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("exported")
    assert set(export_joint(disturbed_model(), folder)) == {"labeller-int8.onnx"}
    return folder


def test_the_shipped_graph_scores_as_the_trained_model(sampler: Sampler, exported: Path) -> None:
    model = disturbed_model()
    settings = settings_of(model, "test")
    runtime = JointModel(session((exported / "labeller-int8.onnx").read_bytes()), settings)
    for example in sampler.held_out({"squad": 2}, passages=4):
        windows = sampler.windows(example)
        with torch.no_grad():
            scored = score_windows(model, [windows])[0]
        query = read_query(sampler.encoder.query(example.question))
        store, pool = sampler.corpus.store if example.titled else sampler.corpus.untitled, sampler.corpus.pool
        found = runtime.read(query, [(store.encoded(w.passage), pool[w.passage].sentences) for w in windows])
        parts = np.concatenate([reading.parts for reading in found])
        np.testing.assert_allclose(parts, scored.parts, atol=0.5)
        np.testing.assert_allclose(parts @ runtime.weights[:JOINT], scored.sentence, atol=2.0)


def test_a_shipped_graph_can_be_trained_further(exported: Path) -> None:
    model = disturbed_model()
    again = from_graph((exported / "labeller-int8.onnx").read_bytes(), settings_of(model, "test"))
    for (name, ours), theirs in zip(model.state_dict().items(), again.state_dict().values(), strict=True):
        rounding = ours.abs().max().item() / 126 if ours.ndim == 2 else 0.0  # half a step of seven bits
        torch.testing.assert_close(theirs, ours, atol=rounding + 1e-5, rtol=1e-5, msg=name)
    other = resources.files("ragcompress").joinpath("weights", "encoder-int8.onnx").read_bytes()
    with pytest.raises(ModelError, match="no joint labeller"):
        from_graph(other, settings_of(model, "test"))


@pytest.mark.parametrize("native", [True, False])
def test_training_lowers_the_loss_and_resumes(
    sampler: Sampler, tmp_path: Path, native: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ragcompress.training.labeller.train.cpu_gains_from_bfloat16", lambda: native)
    batch = next(sampler.batches())
    trainer = Trainer(new_model(), CONFIG, tmp_path)
    losses = [trainer.update(batch) for _ in range(6)]
    assert losses[-1] < losses[0]
    assert next(trainer.work.blocks.parameters()).dtype == (torch.bfloat16 if native else torch.float32)
    assert next(trainer.master.blocks.parameters()).dtype == torch.float32
    trainer.keep_best({"listwise": 0.5})
    resumed = Trainer(new_model(), CONFIG, tmp_path)
    assert resumed.resume()
    assert (resumed.step, resumed.tokens, resumed.best) == (6, trainer.tokens, 0.5)
    assert resumed.update(batch) == pytest.approx(trainer.update(batch), rel=1e-3)


def test_only_a_better_report_replaces_the_best(tmp_path: Path) -> None:
    trainer = Trainer(new_model(), CONFIG, tmp_path)
    trainer.keep_best({"listwise": 0.5})
    before = (tmp_path / "best.pt").read_bytes()
    trainer.step = 9
    trainer.keep_best({"listwise": 0.6})
    assert (tmp_path / "best.pt").read_bytes() == before
    assert [json.loads(line)["listwise"] for line in (tmp_path / "log.jsonl").read_text().splitlines()] == [0.5, 0.6]


def test_report_holds_both_scores(sampler: Sampler) -> None:
    probe = [(example, sampler.windows(example)) for example in sampler.held_out({"squad": 2}, passages=4)]
    report = held_out_report(new_model(), probe)
    assert report["trained@0.3"] == report["untrained@0.3"]
    assert report["listwise"] > 0


def test_listwise_by_hand() -> None:
    scores = torch.tensor([1.0, 2.0, 5.0, 0.0])
    right = torch.tensor([False, True, False, True])
    hidden = torch.tensor([False, False, True, False])
    whole = np.log(np.exp([1.0, 2.0, 0.0]).sum())
    expected = 0.5 * (whole - np.log(np.exp([2.0, 0.0]).sum())) + 0.5 * (whole - 1.0)
    assert float(listwise(scores, right, hidden)) == pytest.approx(expected, rel=1e-5)


def test_saved_weights_come_back_and_others_are_refused(tmp_path: Path) -> None:
    model = disturbed_model()
    save_pretrained(model, tmp_path, training={"minutes": 1})
    again = from_pretrained(tmp_path)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), again.parameters(), strict=True))
    (tmp_path / "joint.json").write_text("{}")
    with pytest.raises(ModelError, match=r"joint labeller"):
        from_pretrained(tmp_path)


def _case(scores: np.ndarray, right: np.ndarray, groups: tuple[tuple[int, ...], ...] = ()) -> Case:
    parts = np.zeros((len(scores), 9))
    parts[:, 0] = scores
    owners, sizes = np.arange(len(scores)), np.ones(len(scores), dtype=np.int64)
    return Case(parts, owners, sizes, right, np.zeros(len(scores), dtype=bool), groups)


def test_weights_move_to_the_part_that_tells() -> None:
    rng = np.random.default_rng(1)
    cases = []
    for _ in range(60):
        parts = rng.normal(size=(12, 9))
        right = np.arange(12) == parts[:, 2].argmax()  # the third part alone decides
        cases.append(Case(parts, np.arange(12), np.ones(12, dtype=np.int64), right, np.zeros(12, dtype=bool), ()))
    fitted = fit_weights(cases, np.full(9, 0.5))
    assert fitted[2] > 2 > 1 > abs(np.delete(fitted, 2)).max()


def test_refitting_the_sum_lowers_the_loss_and_touches_no_layer(sampler: Sampler) -> None:
    model = disturbed_model()
    probe = [(example, sampler.windows(example)) for example in sampler.held_out({"squad": 2}, passages=4)]
    before, layers = held_out_report(model, probe), [p.clone() for p in model.blocks.parameters()]
    refit(model, probe)
    assert held_out_report(model, probe)["listwise"] < before["listwise"]
    assert all(torch.equal(a, b) for a, b in zip(layers, model.blocks.parameters(), strict=True))


def test_keep_probabilities_fit_what_was_seen() -> None:
    rng = np.random.default_rng(0)
    cases, scores = [], []
    for _ in range(1500):
        score = rng.normal(20, 4, 6)
        drawn = rng.choice(7, p=np.append(one_or_none(score, (0.7, -16.0)), 0) + np.eye(7)[6] * _nothing(score))
        cases.append(_case(score, np.arange(6) == drawn))
        scores.append(score)
    slope, shift = fit_keep(cases, scores)
    assert slope == pytest.approx(0.7, abs=0.05)
    assert shift == pytest.approx(-16, abs=1)


def _nothing(score: np.ndarray) -> float:
    return 1 - float(one_or_none(score, (0.7, -16.0)).sum())


@pytest.mark.parametrize("right", [np.array([True, False, False]), np.array([False, False, False])])
def test_separable_data_gives_finite_probabilities(right: np.ndarray) -> None:
    scores = np.array([90.0, 1.0, 0.0])
    keep = fit_keep([_case(scores, right)] * 3, [scores] * 3)
    assert np.isfinite(keep).all()
    assert one_or_none(scores, keep).sum() == pytest.approx(float(right.any()), abs=0.1)


def test_thresholds_are_quantiles_of_the_weakest_needed_group() -> None:
    chances = [np.array([p, 0.9, 0.1 - p]) for p in np.linspace(0, 0.1, 101)]
    cases = [_case(chance, np.array([True, True, False]), ((0,), (1,))) for chance in chances]
    chances.append(np.array([0.3]))
    cases.append(_case(chances[-1], np.array([False])))  # nothing relevant: says nothing about recall
    found = thresholds_for(cases, chances)
    assert found["0.9"] == pytest.approx(0.01)
    assert list(found) == ["0.8", "0.85", "0.9", "0.925", "0.95", "0.97", "0.98", "0.99"]
    assert sorted(found.values(), reverse=True) == list(found.values())
    assert nothing_below(cases, chances) == pytest.approx(1.0)  # of answerable questions alone


def test_passages_are_calibrated_as_sentences_are() -> None:
    case = _case(np.array([1.0, 3.0, 2.0]), np.array([False, True, False]), ((1,),))
    case = case._replace(owners=np.array([4, 4, 7]))
    whole = passage_case(case, np.array([10.0, 30.0, 20.0]))
    np.testing.assert_array_equal(whole.parts, [[3.0, 0.0, 30.0], [2.0, 0.0, 20.0]])
    assert (whole.right.tolist(), whole.sizes.tolist(), whole.groups) == ([True, False], [2, 1], ((0,),))
