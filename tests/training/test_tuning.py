"""Tuning: reads labelled questions, learns only what holds up on held-out ones, and writes nothing half."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import ragcompress as rc
from ragcompress.core.errors import InvalidInput, ModelError
from ragcompress.core.types import Passage, Span
from ragcompress.demo import load_corpus, load_questions
from ragcompress.models.labeller.runtime import PARTS, JointModel
from ragcompress.scorers.labels import LabelScorer
from ragcompress.training.labelled import Labelled, read_labelled
from ragcompress.training.tuning import case_of, load_tuned, readings, tune

TITLES = ("tower", "bridge", "harbour", "station", "museum", "library", "theatre", "castle", "garden", "market")


def labelled(number: int) -> Labelled:
    """A question whose answer stands in the sentence that shares no word with it; words mislead."""
    thing = f"{TITLES[number % 10]} {number}"
    text = f"How tall is the {thing} nobody asks. One measures {number + 20} metres. The {thing} is tall, some say."
    other = Passage(f"The {thing} is open daily. Its colour is grey.", title="Opening hours")
    start = text.index("One measures")
    return Labelled(f"How tall is the {thing}?", (Passage(text), other), ((Span(0, start, start + 10),),))


@pytest.fixture(scope="module")
def misled() -> LabelScorer:
    """The embedded labeller with a weight that misleads."""
    model = JointModel.embedded()
    return LabelScorer(model.with_settings({"weights": {**model.settings["weights"], "words": 40.0}}))


def test_tuning_repairs_a_misleading_weight_and_writes_what_compress_reads(misled: LabelScorer, tmp_path: Path) -> None:
    out = tmp_path / "mine.json"
    seen: list[int] = []
    report = tune((labelled(n) for n in range(60)), out, scorer=misled, advance=seen.append)
    assert sum(seen) == report.questions == 60
    assert report.better
    assert report.after[-1] > report.before[-1]
    assert report.settings["weights"]["words"] < 40
    tuned = load_tuned(out)
    assert tuned.settings["name"].endswith(", tuned")
    example = labelled(3)
    kept = rc.compress(example.question, example.passages, 12, f"labeller:{out}")
    assert "measures 23 metres" in kept.text
    dynamic = rc.compress(example.question, example.passages, compressor=f"labeller:{out}")
    assert "measures 23 metres" in dynamic.text


def test_a_better_model_is_not_replaced(tmp_path: Path) -> None:
    out = tmp_path / "mine.json"
    tune((labelled(n) for n in range(60)), out)
    before = out.read_bytes() if out.exists() else b""
    data = [labelled(n) for n in range(60)]
    wrong = [Labelled(x.question, x.passages, ((Span(1, 0, 10),),)) if i % 2 else x for i, x in enumerate(data)]
    report = tune(wrong, out)
    assert report.better or (out.read_bytes() if out.exists() else b"") == before


def test_layers_are_trained_where_they_help_and_written_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("torch", reason="training layers needs the extra 'train'")
    pytest.importorskip("onnx", reason="training layers needs the extra 'train'")
    monkeypatch.setattr("ragcompress.training.finetune.LAYER_RATE", 3e-4)  # few questions: larger steps
    monkeypatch.setattr("ragcompress.training.finetune.EPOCHS", 4)
    out, data, seen = tmp_path / "mine.json", [labelled(n) for n in range(60)], []
    report = tune(data, out, layers=1, advance=seen.append)
    assert sum(seen) == readings(data, layers=1) > readings(data) == 60
    assert report.better
    assert report.layers == 1  # weights alone can't tell measuring from saying
    (folder,) = (path for path in tmp_path.iterdir() if path != out)
    assert {file.name for file in folder.iterdir()} == {"labeller-int8.onnx"}
    tuned = load_tuned(out)
    assert tuned.folder == folder
    example = labelled(3)
    assert "measures 23 metres" in rc.compress(example.question, example.passages, 12, f"labeller:{out}").text
    again = tune(data, out, layers=1)
    assert len(list(tmp_path.iterdir())) == 2  # the trained layers that are no longer named are gone
    assert (again.better and again.layers == 1) == (load_tuned(out).folder != folder)
    other = tune(data, tmp_path / "other.json", scorer=LabelScorer(load_tuned(out)))
    assert load_tuned(out).folder.exists()  # what another file was tuned from stays its own
    assert other.better == (tmp_path / "other.json").exists()
    for file in load_tuned(out).folder.iterdir():
        file.unlink()
    with pytest.raises(ModelError, match="keep the folder"):
        load_tuned(out)


def test_more_layers_than_there_are_is_refused(tmp_path: Path) -> None:
    pytest.importorskip("onnx", reason="training layers needs the extra 'train'")
    with pytest.raises(InvalidInput, match="from 1 to 4, not 5"):
        tune((labelled(n) for n in range(60)), tmp_path / "mine.json", layers=5)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_named_before_anything_is_read(tmp_path: Path) -> None:
    def unread():
        pytest.fail("a question was read")
        yield

    with pytest.raises(InvalidInput, match="no_such is no folder"):
        tune(unread(), tmp_path / "no_such" / "mine.json")


@pytest.mark.parametrize("count", [0, 5])
def test_too_few_questions_are_refused(count: int) -> None:
    with pytest.raises(InvalidInput, match="at least 40"):
        tune(labelled(n) for n in range(count))


def test_reading_support_answers_and_what_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "data.jsonl"
    rows = [
        {"question": "a?", "passages": ["one Two three. two again."], "answers": ["two"]},
        {"question": "b?", "passages": [{"text": "x y. z.", "title": "T", "support": [[0, 3]]}], "answers": ["z"]},
        {"question": "c?", "passages": [{"text": "x y. z."}]},
        {
            "question": "d?",
            "passages": [{"text": "x y. z.", "support": [[0, 3], [5, 6]]}],
            "meta": {"support_type": "sentence"},
        },
    ]
    file.write_text("\n".join(map(json.dumps, rows)) + "\n\n")
    first, second, third, fourth = read_labelled(file)
    assert first.groups == ((Span(0, 4, 7), Span(0, 15, 18)),)
    assert second.groups == ((Span(0, 0, 3),),)
    assert second.masked == (Span(0, 5, 6),)
    assert second.passages[0].title == "T"
    assert third.groups == ()
    assert fourth.groups == ((Span(0, 0, 3),), (Span(0, 5, 6),))
    file.write_text('{"question": "a?"}\n')
    with pytest.raises(InvalidInput, match=r"data.jsonl:1 is no labelled question.*passages"):
        list(read_labelled(file))
    with pytest.raises(InvalidInput, match="can't read"):
        list(read_labelled(tmp_path / "none.jsonl"))


def test_a_case_marks_what_supports() -> None:
    case = case_of(LabelScorer(), labelled(4))
    assert case.parts.shape == (5, len(PARTS))
    assert np.flatnonzero(case.right).tolist() == [1]
    assert case.groups == ((1,),)
    assert (case.sizes > 0).all()


def test_other_files_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    for content in ("{}", "no json"):
        file.write_text(content)
        with pytest.raises(InvalidInput, match="holds no tuned labeller"):
            load_tuned(file)


def test_the_demo_questions_can_be_tuned_on_when_there_are_enough() -> None:
    """Real text: labels from answers alone; too few to learn from, and said so."""
    corpus = {passage.id: passage for passage in load_corpus()}
    data = [
        Labelled(q.question, tuple(corpus[i] for i, _ in q.supporting), ()) for q in load_questions() if q.answerable
    ]
    with pytest.raises(InvalidInput, match="0 of"):
        tune(data)
