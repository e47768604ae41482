"""Silver labels, windows and draws."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest
from labeller_cases import record

from ragcompress.core.segment import sentences
from ragcompress.models.labeller.matching import token_ranges
from ragcompress.training.labeller.batch import Crop, choose_sentences
from ragcompress.training.labeller.corpus import item_of as labelled
from ragcompress.training.labeller.data import Example, PoolPassage, keywords, merge, named, thinned
from ragcompress.training.labeller.sampling import Sampler


def pool_of(row: dict) -> list[PoolPassage]:
    return [PoolPassage(p["title"], p["text"], "squad", sentences(p["text"], "en")) for p in row["passages"]]


def test_answer_support_marks_its_sentence() -> None:
    row = record("Paris", 89)
    item = labelled(row, [0], "squad", pool_of(row), held_out=False)
    assert item is not None
    assert item.groups == (((0, 1),),)
    assert item.answers == ("1889",)
    assert item.masked == ()


def test_repeated_answer_is_masked_where_unmarked() -> None:
    row = record("Paris", 89)
    row["passages"][0]["text"] += " It burned in 1889."
    item = labelled(row, [0], "squad", pool_of(row), held_out=False)
    assert item is not None
    assert item.masked == ((0, 3),)


def test_evidence_sentences_are_all_needed() -> None:
    row = record("Paris", 89, kind="sentence")
    row["passages"][0]["support"] = [[0, 10], row["passages"][0]["support"][0]]
    item = labelled(row, [0], "2wiki", pool_of(row), held_out=False)
    assert item is not None
    assert item.groups == (((0, 0),), ((0, 1),))
    assert item.spans == ()


def test_question_without_support_is_left_out() -> None:
    row = record("Paris", 89)
    row["passages"][0]["support"] = []
    assert labelled(row, [0], "squad", pool_of(row), held_out=False) is None


def test_keywords_drop_stop_words_but_never_everything() -> None:
    assert keywords("When was the tower of Paris built?") == "tower Paris built"
    assert keywords("Who was he?") == "Who was he?"


ASKED = "What did Tesla's laboratory in Colorado Springs investigate with 14 volts?"


@pytest.mark.parametrize("seed", range(20))
def test_a_thinned_question_loses_only_words_of_its_evidence_that_the_title_lacks(seed: int) -> None:
    evidence = "In Colorado Springs, Tesla's laboratory investigated lightning with 14 volts."
    words = thinned(ASKED, evidence, "Colorado", random.Random(seed)).split()
    gone = [word for word in ASKED.split() if word not in words]
    assert set(gone) <= {"Tesla's", "laboratory", "Springs", "14", "volts?"}
    assert words == [word for word in ASKED.split() if word not in gone]


def test_thinning_loses_something_and_leaves_a_question() -> None:
    evidence = "In Colorado Springs, Tesla's laboratory investigated lightning with 14 volts."
    assert len({thinned(ASKED, evidence, "Colorado", random.Random(seed)) for seed in range(9)}) > 3
    assert thinned("Who built towers?", "He built towers.", "", random.Random(0)) == "Who built towers?"
    assert thinned(ASKED, "Nothing of it.", "", random.Random(0)) == ASKED


@pytest.mark.parametrize(
    ("question", "name", "expected"),
    [
        ("When did he die?", "Frédéric Chopin", {"When did Frédéric Chopin die?"}),
        ("What was His first work?", "Virgil", {"What was Virgil's first work?"}),
        ("Who leads Queen?", "Queen", {"Who leads Queen?"}),
        ("Who led the empire?", "Empire of the Incas", {"Who led the empire?"}),
        (
            "What is mined?",
            "Oman",
            {"Oman What is mined", "What is mined in Oman?", "What is mined of Oman?", "What is mined Oman?"},
        ),
    ],
)
def test_a_named_question_says_its_subject_once(question: str, name: str, expected: set[str]) -> None:
    assert {named(question, name, random.Random(seed)) for seed in range(40)} == expected


def test_a_passage_is_named_without_brackets() -> None:
    assert PoolPassage("Queen (band)", "", "squad", ()).name == "Queen"
    assert PoolPassage("Ice (nine) cold", "", "squad", ()).name == "Ice (nine) cold"


def test_merged_question_needs_both() -> None:
    one = Example("Who?", (1, 2), (((1, 0),),), frozenset({(1, 3)}))
    two = Example("when?", (2, 3), (((3, 1),),))
    both = merge(one, two, random.Random(0))
    assert both.question == "Who and when?"
    assert sorted(both.passages) == [1, 2, 3]
    assert both.groups == (((1, 0),), ((3, 1),))
    assert both.masked == {(1, 3)}


@pytest.mark.parametrize("seed", range(20))
def test_crops_hold_a_needed_sentence_and_the_room(seed: int) -> None:
    rng = random.Random(seed)
    sizes = [rng.randint(0, 40) for _ in range(9)] + [5]
    needed = [at for at in (2, 9) if sizes[at]]
    keep = choose_sentences(sizes, needed, 60, rng)
    assert any(at in keep for at in needed)
    assert sum(sizes[at] for at in keep) <= 60
    widest = [at for at in (keep.start - 1, keep.stop) if 0 <= at < len(sizes)]
    assert all(sum(sizes[at] for at in keep) + sizes[at] > 60 for at in widest)


def test_windows_show_the_tokens_of_their_sentences(sampler: Sampler) -> None:
    item = next(item for item in sampler.corpus.items if item.source == "squad")
    example = sampler.draw(item, random.Random(1), passages=4)
    for window in sampler.windows(example, Crop(room=12)):
        encoded = sampler.corpus.store.encoded(window.passage)
        ranges = token_ranges(encoded, sampler.corpus.pool[window.passage].sentences)
        first = int(np.flatnonzero(encoded.offsets[:, 0] >= 0)[0])
        for number, (start, end) in zip(window.numbers, window.matched.spans, strict=True):
            begin, stop = ranges[number]
            expected = encoded.middle[first + begin : first + stop]
            np.testing.assert_array_equal(window.matched.states[start:end], expected)


def test_negatives_never_hold_the_answer(sampler: Sampler) -> None:
    for item in sampler.corpus.items[:10]:
        example = sampler.draw(item, random.Random(2), passages=5)
        gold = {place[0] for group in item.groups for place in group}
        texts = [sampler.corpus.pool[p].text for p in example.passages if p not in gold]
        assert len(example.passages) == len(set(example.passages)) == 5
        assert not any(answer in text for answer in item.answers for text in texts)


def test_a_searched_question_names_its_subject_and_meets_other_articles_alone(
    sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = replace(next(item for item in sampler.corpus.items if item.source == "squad"), question="When was it built?")
    gold = item.groups[0][0][0]
    article = {gold, *range(4)}  # as if these passages were one article
    monkeypatch.setitem(sampler._siblings, sampler._article(item), sorted(article))
    drawn = [sampler.draw(item, random.Random(seed), passages=4, searched=True) for seed in range(20)]
    assert all(article & set(example.passages) == {gold} and example.titled for example in drawn)
    assert all(sampler._article(item) in example.question for example in drawn)
    usual = [sampler.draw(item, random.Random(seed), passages=4) for seed in range(20)]
    assert any(article & set(example.passages) != {gold} for example in usual)
    assert all(example.question == item.question for example in usual)


def test_batches_depend_on_seed_and_number_only(sampler: Sampler) -> None:
    stream = sampler.batches()
    next(stream)
    again, straight = next(stream), next(sampler.batches(1))
    assert [example for example, _ in again] == [example for example, _ in straight]
    assert all(
        np.array_equal(a.matched.states, b.matched.states)
        for (_, x), (_, y) in zip(again, straight, strict=True)
        for a, b in zip(x, y, strict=True)
    )


def test_a_run_of_another_name_draws_other_questions(sampler: Sampler) -> None:
    one, other = ([e for e, _ in next(sampler.batches(run=run))] for run in ("first", "second"))
    assert one != other


def test_a_swapped_question_keeps_its_passages_and_loses_its_support(
    sampler: Sampler, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = next(item for item in sampler.corpus.items if item.source == "squad" and not item.held_out)
    example = sampler.draw(item, random.Random(1), passages=4)
    article = sampler._article(item)
    assert sampler._swapped(example, article, random.Random(1)) == example  # nothing to exchange it with
    monkeypatch.setitem(sampler._asked_in, article, ["Who left the tower of Nowhere?"])
    swapped = sampler._swapped(example, article, random.Random(1))
    assert swapped.question == "When was the tower of Nowhere built?"
    assert (swapped.passages, swapped.groups, swapped.titled) == (example.passages, (), example.titled)


def test_a_thinned_draw_keeps_what_answers_it(sampler: Sampler, monkeypatch: pytest.MonkeyPatch) -> None:
    item = next(item for item in sampler.corpus.items if item.source == "squad" and not item.held_out)
    example = sampler.draw(item, random.Random(1), passages=4)
    monkeypatch.setattr(sampler, "config", replace(sampler.config, p_thinned=0.0))
    assert sampler._thinned(example, random.Random(1)) == example
    monkeypatch.setattr(sampler, "config", replace(sampler.config, p_thinned=1.0))
    found = [sampler._thinned(example, random.Random(seed)) for seed in range(9)]
    assert any(other.question != example.question for other in found)
    assert all(replace(other, question=example.question) == example for other in found)
    unmarked = replace(example, spans=())  # whole sentences support it: a claim, or a question of two passages
    assert sampler._thinned(unmarked, random.Random(1)) == unmarked


def test_held_out_questions_are_never_drawn_for_training(sampler: Sampler) -> None:
    held = {example.question for example in sampler.held_out({"squad": 9}, passages=3)}
    assert held == {f"When was the tower of {city} built?" for city in ("Lima", "Oslo")}
    stream = sampler.batches()
    drawn = {example.question for _ in range(10) for example, _ in next(stream)}
    assert not any(city in question for question in drawn for city in ("Lima", "Oslo"))


def test_untitled_questions_show_no_passage_with_its_title(sampler: Sampler) -> None:
    example = sampler.held_out({"squad": 1}, passages=3)[0]
    titled, bare = (sampler.windows(replace(example, titled=titled)) for titled in (True, False))
    assert all(len(a) > len(b) for a, b in zip(titled, bare, strict=True))
    assert [a.numbers for a in titled] == [b.numbers for b in bare]


def test_a_question_left_without_passages_is_drawn_again(sampler: Sampler, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = []
    once = sampler._draw_varied

    def first_nothing(rng: random.Random) -> tuple:
        example, windows = once(rng)
        drawn.append(windows if drawn else [])
        return example, drawn[-1]

    monkeypatch.setattr(sampler, "_draw_varied", first_nothing)
    assert all(windows for _, windows in next(sampler.batches()))
    assert drawn[0] == []
