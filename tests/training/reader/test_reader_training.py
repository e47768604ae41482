"""How the reader is made: examples say what is right, the graph is the network, a killed run goes on."""

from __future__ import annotations

import random
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ragcompress.core.budget import embedded_tokenizer
from ragcompress.training.reader.corpus import Corpus, build
from ragcompress.training.reader.examples import MAX_CONTEXT, draw, draw_group
from ragcompress.training.reader.swaps import swap_question

torch = pytest.importorskip("torch", reason="training needs the train extra")
pytest.importorskip("onnx", reason="training needs the train extra")

from ragcompress.training.reader.batch import batches, collate  # noqa: E402
from ragcompress.training.reader.export import save_float  # noqa: E402
from ragcompress.training.reader.model import base_weights, forward, span_loss  # noqa: E402
from ragcompress.training.reader.train import TrainConfig, Trainer  # noqa: E402

TOPICS = ("Rivers", "Mountains", "Engines")


def _records() -> list[dict[str, Any]]:
    records = []
    for topic in TOPICS:
        for n in range(4):
            text = (
                f"The {topic} report number {n} is long. It was written by Person{topic}{n} in {1800 + n}. "
                f"Nobody read it for {n + 2} years. Then it was printed again in Paris. The end came early."
            )
            name = f"Person{topic}{n}"
            passage = {"title": topic, "text": text, "is_gold": True, "id": f"{topic}{n}"}
            passage["support"] = [[text.index(name), text.index(name) + len(name)]]
            asked = f"Who wrote the first {topic} report in {1800 + n} before Napoleon Bonaparte?"
            meta = {"support_type": "answer", "n_occurrences": 1}
            records.append({"question": asked, "answers": [name], "passages": [passage], "meta": meta})
    return records


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    return build(_records(), embedded_tokenizer())


@pytest.mark.parametrize("kind", ["crop", "gappy"])
def test_targets_are_the_answer(corpus: Corpus, kind: str) -> None:
    rng = random.Random(1)
    for at, question in enumerate(corpus.questions):
        example = draw(corpus, at, embedded_tokenizer(), rng, kind)
        assert example.targets
        assert len(example.ids) <= MAX_CONTEXT + 42
        for start, end in example.targets:
            assert start >= example.context_from
            text = embedded_tokenizer().decode(list(example.ids[start : end + 1])).replace(" ", "")
            assert text == question.answers[0].lower()


@pytest.mark.parametrize("kind", ["removed", "other", "random"])
def test_contexts_without_an_answer_hold_none(corpus: Corpus, kind: str) -> None:
    rng = random.Random(2)
    for at, question in enumerate(corpus.questions):
        example = draw(corpus, at, embedded_tokenizer(), rng, kind)
        if example.kind != kind:
            continue  # it could not be made and became a crop
        assert example.targets == ()
        text = embedded_tokenizer().decode(list(example.ids[example.context_from :])).replace(" ", "")
        assert question.answers[0].lower() not in text


def test_swapped_questions_differ_and_have_no_answer(corpus: Corpus) -> None:
    rng = random.Random(3)
    drawn = [draw(corpus, at % 12, embedded_tokenizer(), rng, "swap") for at in range(40)]
    swapped = [example for example in drawn if example.kind == "swap"]
    assert len(swapped) > 10
    assert all(example.targets == () for example in swapped)


def test_swap_takes_another_name_or_number() -> None:
    rng = random.Random(0)
    found = {swap_question("Who met Ada in 1830?", ["Where did Bob go in 1842?"], rng) for _ in range(20)}
    assert found <= {"Who met Bob in 1830?", "Who met Ada in 1842?", None}
    assert len(found) >= 2
    assert swap_question("why?", ["why not?"], rng) is None


def test_all_occurrences_count_when_the_mark_is_a_guess() -> None:
    (record, *_) = _records()
    record["passages"][0]["text"] = "Paris is big. He left Paris. Parisian food is good."
    record["passages"][0]["support"] = [[0, 5]]
    record["answers"], record["meta"] = ["Paris"], {"support_type": "answer", "n_occurrences": 2}
    (question,) = build([record], embedded_tokenizer()).questions
    assert question.spans == ((0, 5), (22, 27))


def test_batches_are_deterministic_and_can_be_skipped(corpus: Corpus) -> None:
    def draw_from(skip: int, count: int) -> list[Any]:
        order = range(len(corpus.questions))
        source = batches(corpus, order, embedded_tokenizer(), seed=1, pool=12, batch_tokens=400, skip=skip)
        return list(islice(source, count))

    first, again = draw_from(0, 8), draw_from(0, 8)
    later = draw_from(sum(map(len, first[:3])), 5)
    assert first == again
    assert later == first[3:]
    for batch in first:
        rows = [row for example in batch for row in (example, *example.rivals)]
        assert len(rows) * max(len(row.ids) for row in rows) <= 400 or len(batch) == 1


def test_graph_is_the_network(tmp_path: Path) -> None:
    onnxruntime = pytest.importorskip("onnxruntime")
    weights = base_weights(3)
    save_float(weights, tmp_path / "r.onnx")
    rng = np.random.default_rng(0)
    lengths = np.array([20, 13], np.int32)
    ids = rng.integers(1000, 9000, (2, 20)) * (np.arange(20) < lengths[:, None])
    types = (np.arange(20) > 5).astype(np.int64)[None].repeat(2, 0)
    session = onnxruntime.InferenceSession(str(tmp_path / "r.onnx"), providers=["CPUExecutionProvider"])
    ours = session.run(["logits"], {"ids": ids, "types": types, "lengths": lengths})[0]
    live = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in weights.items()}
    theirs = forward(live, *(torch.from_numpy(array) for array in (ids, types, lengths))).numpy()
    for row, length in enumerate(lengths):
        np.testing.assert_allclose(ours[row, :length], theirs[row, :length], atol=2e-5)


def test_network_agrees_with_transformers() -> None:
    transformers = pytest.importorskip("transformers")
    from ragcompress.training.reader.model import minilm_folder

    body = transformers.AutoModel.from_pretrained(minilm_folder(), add_pooling_layer=False).eval()
    weights = base_weights(3)
    ids = torch.tensor([[101, 2040, 2003, 102, 8669, 2003, 102]])
    types = torch.tensor([[0, 0, 0, 0, 1, 1, 1]])
    with torch.no_grad():
        states = body(input_ids=ids, token_type_ids=types).last_hidden_state
        expected = states @ torch.from_numpy(weights["head.w"]).T
        live = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in weights.items()}
        found = forward(live, ids, types, torch.tensor([7]))
    torch.testing.assert_close(found, expected, atol=2e-4, rtol=1e-3)


def test_loss_is_marginal_over_several_right_borders() -> None:
    logits = torch.zeros(1, 4, 2)
    targets = torch.zeros(1, 4, 2, dtype=torch.bool)
    targets[0, 1:3, :] = True
    assert float(span_loss(logits, targets, torch.tensor([0]))) == pytest.approx(np.log(2))


def test_loss_of_rivals_is_one_softmax_over_what_stands_above_their_own_no_answer() -> None:
    rng = np.random.default_rng(5)
    logits = torch.from_numpy(rng.normal(size=(3, 4, 2)).astype(np.float32))
    targets = torch.zeros(3, 4, 2, dtype=torch.bool)
    targets[0, 2], targets[2, 0] = True, True  # rows 0 and 1: one question; row 2: another, without an answer
    found = float(span_loss(logits, targets, torch.tensor([0, 0, 1])))
    above = np.exp(logits.numpy() - logits.numpy()[:, :1])
    by_hand = np.log((1 + above[0, 1:].sum(0) + above[1, 1:].sum(0)) / above[0, 2]) + np.log(above[2].sum(0))
    assert found == pytest.approx(by_hand.sum() / 2, rel=1e-5)


def test_rivals_ask_the_same_and_never_name_the_answer(corpus: Corpus) -> None:
    rng, everything = random.Random(4), list(range(len(corpus.paragraphs)))
    drawn = [draw_group(corpus, at % 12, embedded_tokenizer(), rng, near=lambda _: everything) for at in range(40)]
    rivals = [(at % 12, example, rival) for at, example in enumerate(drawn) for rival in example.rivals]
    assert len(rivals) > 10
    for at, example, rival in rivals:
        assert example.targets
        assert rival.targets == ()
        assert rival.ids[: rival.context_from] == example.ids[: example.context_from]
        text = embedded_tokenizer().decode(list(rival.ids[rival.context_from :])).replace(" ", "")
        assert corpus.questions[at].answers[0].lower() not in text
    ids, _, lengths, targets, owner = collate(drawn[:8])
    assert len(ids) == len(lengths) == len(owner) == 8 + sum(len(example.rivals) for example in drawn[:8])
    assert set(owner.tolist()) == set(range(8))
    assert all(targets[owner == number].any(1).any(0).all() for number in range(8))


def test_collate_points_at_the_first_token_without_an_answer(corpus: Corpus) -> None:
    rng = random.Random(2)
    pair = [draw(corpus, 0, embedded_tokenizer(), rng, kind) for kind in ("crop", "removed")]
    ids, types, lengths, targets, owner = collate(pair)
    assert owner.tolist() == [0, 1]
    assert ids.shape == types.shape
    assert lengths.tolist() == [len(example.ids) for example in pair]
    assert targets[1].nonzero().tolist() == [[0, 0], [0, 1]]
    assert targets[0, 0].sum() == 0


def test_a_killed_run_goes_on_where_it_was(corpus: Corpus, tmp_path: Path) -> None:
    def trainer(folder: str, examples: int) -> Trainer:
        config = TrainConfig(folder=tmp_path / folder, examples=examples, frozen=4)
        return Trainer(config)

    def source(of: Trainer) -> Any:
        order = range(len(corpus.questions))
        return batches(corpus, order, embedded_tokenizer(), seed=1, pool=12, batch_tokens=300, skip=of.seen)

    straight = trainer("straight", 12)
    for batch in islice(source(straight), 4):
        straight._train_on(batch)
    killed = trainer("killed", 12)
    for batch in islice(source(killed), 2):
        killed._train_on(batch)
    killed.save()
    risen = trainer("killed", 12)
    assert risen.resume()
    assert (risen.step, risen.seen) == (killed.step, killed.seen)
    for batch in islice(source(risen), 2):
        risen._train_on(batch)
    for name, value in straight.weights().items():
        np.testing.assert_allclose(risen.weights()[name], value, atol=1e-6, err_msg=name)
    assert not trainer("fresh", 12).resume()


def test_a_longer_limit_warms_up_again(corpus: Corpus, tmp_path: Path) -> None:
    first = Trainer(TrainConfig(folder=tmp_path, examples=100, frozen=5))
    first.seen = 80
    first.save()
    same, longer = (Trainer(TrainConfig(folder=tmp_path, examples=size, frozen=5)) for size in (100, 160))
    assert same.resume()
    assert longer.resume()
    assert same._origin == 0.0
    assert longer._origin == longer.progress() == 0.5
