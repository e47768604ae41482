from __future__ import annotations

import pytest

from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.types import Passage, Segment, Span


@pytest.fixture
def context() -> Context:
    return Context.of("q", ["One. Two.", Passage("Three.", id="b", title="T")])


def test_of_gives_one_segment_per_passage_even_for_empty_ones():
    context = Context.of("q", ["a", "", "b"])
    assert [s.text for s in context.segments] == ["a", "", "b"]
    assert [s.support for s in context.segments] == [(Span(0, 0, 1),), (Span(1, 0, 0),), (Span(2, 0, 1),)]


def test_passages_given_as_passages_stay_the_same_objects():
    passage = Passage("x", metadata={"k": [1]})
    assert Context.of("q", [passage]).split().keep([]).passages[0] is passage


@pytest.mark.parametrize("passages", ["text", Passage("x"), 3, b"x", [1], [None]])
def test_of_refuses_what_is_no_list_of_passages(passages):
    with pytest.raises(InvalidInput, match="str"):
        Context.of("q", passages)


def test_of_refuses_a_query_that_is_no_text():
    with pytest.raises(InvalidInput, match="query must be a str, not int"):
        Context.of(3, ["x"])  # type: ignore[arg-type]


def test_split_tiles_and_joins_back(context):
    split = context.split()
    assert [s.text for s in split.segments] == ["One. ", "Two.", "Three."]
    assert "".join(s.text for s in split.segments if s.support[0].passage == 0) == "One. Two."
    assert all(split.is_verbatim(at) for at in range(3))


def test_splitting_again_uses_offsets_of_the_passage(context):
    letters = context.split().split(lambda text: [(i, i + 1) for i in range(len(text))])
    assert [letters.read(s.support[0]) for s in letters.segments] == list("One. Two.Three.")


def test_with_scores_needs_one_each(context):
    with pytest.raises(InvalidInput, match="3 scores for 2 segments"):
        context.with_scores([1, 2, 3])
    with pytest.raises(InvalidInput, match="1 passage scores for 2 passages"):
        context.with_scores([1, 2], [1])
    scored = context.with_scores([1, 2], [3, 4])
    assert [s.score for s in scored.segments] == [1.0, 2.0]
    assert scored.passage_scores == (3.0, 4.0)


def test_keep_holds_the_order_and_remembers_what_went(context):
    kept = context.split().keep([2, 0], "why not")
    assert [s.text for s in kept.segments] == ["One. ", "Three."]
    assert [(d.segment.text, d.reason) for d in kept.dropped] == [("Two.", "why not")]
    with pytest.raises(InvalidInput, match="segment 9 does not exist; there are 3"):
        context.split().keep([9])


def test_reorder_is_a_permutation(context):
    assert [s.text for s in context.reorder([1, 0]).segments] == ["Three.", "One. Two."]
    for wrong in ([0], [0, 0], [0, 1, 2], [1, 2]):
        with pytest.raises(InvalidInput, match="each of"):
            context.reorder(wrong)


def test_rewrite_needs_support_inside_the_passages(context):
    new = context.rewrite({0: [Segment("Both.", (Span(0, 0, 9), Span(1, 0, 6)))]})
    assert new.segments[0].text == "Both."
    assert not new.is_verbatim(0)
    for support in ((), (Span(0, 0, 10),), (Span(2, 0, 1),), (Span(0, 5, 3),), (Span(-1, 0, 1),)):
        with pytest.raises(InvalidInput):
            context.rewrite({0: [Segment("x", support)]})


def test_rewriting_to_nothing_is_dropping(context):
    gone = context.rewrite({0: []})
    assert [s.text for s in gone.segments] == ["Three."]
    assert gone.dropped[0].reason == "rewritten to nothing"


def test_a_rewritten_segment_is_not_split(context):
    new = context.rewrite({0: [Segment("New text. More.", (Span(0, 0, 9),))]}).split()
    assert [s.text for s in new.segments] == ["New text. More.", "Three."]


def test_verbs_leave_the_old_context_alone(context):
    before = context.segments
    context.split().with_scores([1, 2, 3]).keep([0])
    assert context.segments is before
    assert context.dropped == ()


def test_notes_are_said_once(context):
    assert context.note("a").note("b").note("a").notes == ("a", "b")


@pytest.mark.parametrize("field", ["text", "id", "title"])
def test_a_passage_is_made_of_text(field):
    with pytest.raises(InvalidInput, match=f"Passage.{field} must be a str, not bytes"):
        Passage(**{"text": "x", field: b"x"})
