"""Rows that look alike are told apart by the question's own words."""

from __future__ import annotations

import pytest

from ragcompress.core.context import Context
from ragcompress.scorers.coverage import covered, sharpened
from ragcompress.structure import units

PHASES = "| Phase | End |\n|---|---|\n| 1 | 2021-06-30 |\n| 2 | 2022-02-28 |\n| 3 | 2022-12-31 |\n"


def test_the_row_with_the_questions_number_covers_most():
    cover = covered(Context.of("When did phase 2 end?", [PHASES]).split(units))
    assert max(cover) == cover[3] == 1.0


def test_words_that_nobody_has_count_for_none():
    assert covered(Context.of("Quando finì?", ["Sat 9:00"]))[0] == 0.0


def test_abbreviations_count_only_where_nobody_has_the_word():
    assert covered(Context.of("Saturday?", ["Sat 9:00", "Saturday 10:00"])) == [0.0, 1.0]


def test_probability_moves_among_rows_and_its_sum_stays():
    context = Context.of("When did phase 2 end?", [f"Prose of some words here.\n\n{PHASES}"]).split(units)
    chances = [0.2 if segment.kind == "sentence" else 0.1 for segment in context.segments]
    out = [segment.score for segment in sharpened(context.with_scores(chances)).segments]
    assert sum(out) == pytest.approx(sum(chances))
    assert out[0] == 0.2
    right = next(at for at, s in enumerate(context.segments) if s.text.startswith("| 2"))
    assert max(out[1:]) == out[right]


def test_prose_is_left_as_it_is():
    context = Context.of("Who wrote?", ["Ada wrote. Bob read."]).split(units).with_scores([0.3, 0.2])
    assert sharpened(context) is context


SERVICES = "".join(
    f"{name}\t\t{port}/tcp\t\t\t# {remark}\n"
    for name, port, remark in (
        ("tcpmux", 1, "TCP port service multiplexer"), ("ssh", 22, "SSH Remote Login Protocol"),
        ("ldap", 389, "Lightweight Directory"), ("ldaps", 636, "LDAP over SSL"), ("radmin-port", 4899, "RAdmin Port"),
    )
)  # fmt: skip


@pytest.mark.parametrize("name", ["ssh", "ldap", "ldaps"])
def test_the_row_whose_key_the_question_names_is_likeliest(name):
    context = Context.of(f"Which port does {name} use?", [SERVICES]).split(units)
    even = context.with_scores([0.1] * len(context.segments))
    best = max(sharpened(even).segments, key=lambda segment: segment.score)
    assert best.text.startswith(f"{name}\t")


def test_words_that_name_nothing_do_not_count_beside_others():
    cover = covered(Context.of("What does ssh use?", ["#> does register or list what", "ssh 22"]))
    assert cover == [0.0, 1.0]
    assert covered(Context.of("What is it?", ["What is it"])) == [1.0]


def test_a_defined_name_that_the_question_names_comes_before_its_calls():
    code = "def push(heap):\n    return heap\n\n\ndef other(heap):\n    item = push(heap)\n    return item\n"
    context = Context.of("What does push do?", [code]).split(units)
    even = context.with_scores([0.1] * len(context.segments))
    best = max(sharpened(even).segments, key=lambda segment: segment.score)
    assert best.text.startswith("def push")


def test_names_written_as_one_word_are_read_in_parts():
    context = Context.of("How many days at most?", ["PASS_MAX_DAYS 9", "maxDays: 3", "WARN 7"])
    assert covered(context) == [1.0, 1.0, 0.0]


def test_the_line_that_a_remark_tells_of_comes_with_it():
    remark = "# Aging:\n#\n#\tPASS_MAX_DAYS\tMost days a password lives.\n#\tUMASK\tBits.\n#\n"
    context = Context.of("How many days may a password live?", [f"{remark}\nUMASK\t22\nPASS_MAX_DAYS\t99\n"]).split(
        units
    )
    scored = sharpened(context.with_scores([0.1] * len(context.segments)))
    scores = {segment.text: segment.score for segment in scored.segments}
    assert scores["PASS_MAX_DAYS\t99\n"] == pytest.approx(max(scores.values()) / 2)
    assert scores["UMASK\t22\n"] < scores["PASS_MAX_DAYS\t99\n"] / 4
