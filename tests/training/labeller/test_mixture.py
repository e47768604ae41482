"""All sets as one pool: shares, trimmed passages, live states, draws."""

from __future__ import annotations

import gzip
import json
from itertools import islice
from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra 'train'")

from ragcompress.models.encoders import OnnxEncoder  # noqa: E402
from ragcompress.training.labeller.config import TrainConfig  # noqa: E402
from ragcompress.training.labeller.mixed import MixedSampler, labelled_of  # noqa: E402
from ragcompress.training.labeller.mixture import Mixture, load_mixture, shares_of, trimmed  # noqa: E402

SUBJECTS = ("tower", "bridge", "museum", "harbour", "station", "library", "castle", "market")


def record(name: str, at: int) -> dict:
    subject = SUBJECTS[at % len(SUBJECTS)]
    text = f"The {subject} of {name} {at} is old. It was built in {1900 + at}. Many people visit it. Trees stand there."
    start = text.index(str(1900 + at))
    passage = {"id": f"{name}{at}", "title": f"{name} {at}", "text": text, "support": [[start, start + 4]]}
    answers = [str(1900 + at)]
    if name == "other" and at % 3 == 0:
        answers, passage["support"] = [], []
    about = {"lang": "en", "support_type": "answer" if answers else "none", "license": "", "dataset": name}
    asked = f"When was the {subject} of {name} {at} built?"
    return {"id": f"{name}{at}", "question": asked, "answers": answers, "passages": [passage], "meta": about}


@pytest.fixture(scope="module")
def mixture(tmp_path_factory: pytest.TempPathFactory) -> Mixture:
    folder: Path = tmp_path_factory.mktemp("train")
    for name, size in (("one", 60), ("other", 15), ("squad", 40)):
        with gzip.open(folder / f"{name}_train.jsonl.gz", "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(record(name, at)) + "\n" for at in range(size))
    with gzip.open(folder / "squad_train_multi.jsonl.gz", "wt", encoding="utf-8") as file:
        file.write(json.dumps(record("twice", 1)) + "\n")
    return load_mixture(folder, questions=60, seed=3)


def test_large_sets_do_not_drown_small_ones():
    shares = shares_of({"small": 100, "large": 10_000, "huge": 90_000})
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["large"] < 10 * shares["small"]
    assert shares["huge"] == shares["large"]


def test_the_pool_holds_what_its_questions_need(mixture: Mixture):
    assert {item.source for item in mixture.items} == {"one", "other", "squad"}
    assert len(mixture.items) == len(mixture.languages) <= 62
    for item in mixture.items:
        for number, start, end in item.spans:
            assert mixture.pool[number].text[start:end] in item.answers
        assert bool(item.groups) == bool(item.answers)
    assert any(not item.groups for item in mixture.items)


def test_a_long_passage_is_cut_at_sentences_around_its_support():
    text = "".join(f"Sentence number {at} says little. " for at in range(200))
    start = text.index("number 120")
    short = trimmed({"title": "", "text": text, "support": [[start, start + 10]]})
    (a, b) = short["support"][0]
    assert short["text"][a:b] == "number 120"
    assert len(short["text"]) <= 1000
    assert short["text"] in text
    assert trimmed({"title": "", "text": "Short.", "support": []})["text"] == "Short."


def test_draws_show_support_beside_negatives_and_repeat(mixture: Mixture):
    config = TrainConfig(batch=6, passages=4)
    draws = [MixedSampler(mixture, OnnxEncoder.embedded(), config) for _ in range(2)]
    first, again = ([ex for batch in islice(sampler.batches(), 2) for ex, _ in batch] for sampler in draws)
    assert [example.question for example in first] == [example.question for example in again]
    assert all(len(set(example.passages)) == len(example.passages) >= 2 for example in first)
    held = draws[0].held_out(3, passages=4)
    assert all(example.groups and windows for example, windows in held)
    labelled = labelled_of(held[0][0], mixture.pool, relevant=False)
    assert labelled.groups == ()
    assert len(labelled.passages) < len(held[0][0].passages)
