"""Where the best unit does not fit: less of what stands around it, or nothing, but never rain."""

from __future__ import annotations

import pytest

import ragcompress as rc

PLANS = "| Plan | Users | Storage | Support hours | Region | Month | Year |\n|---|---|---|---|---|---|---|\n" + "".join(
    f"| {name} | {users} | {users * 10} GB | on weekdays only | Europe | ${price} | ${price * 10} |\n"
    for name, users, price in [("Basic", 1, 5), ("Pro", 5, 12), ("Team", 25, 30), ("Large", 200, 99)]
)
CLAUSES = (
    "§ 3 Term and termination\n§ 3.1 This agreement starts on 1 May 2023.\n§ 3.2 Termination.\n"
    "(a) Either party may terminate this agreement with three months' notice to the end of a calendar quarter.\n"
    "(b) The supplier may terminate without notice only if the customer is insolvent or does not pay for 60 days.\n"
    "§ 4 Liability\n§ 4.1 The supplier is liable without limit for intent.\n"
)
CONTRACT = (
    "The mayor's contract was signed by the port authority, the two unions of dock workers and, after a long dispute, "
    "by the company that owns the cranes in the northern basin."
)


def compressed(question: str, text: str | list[str], budget: int) -> rc.Compressed:
    return rc.compress(question, [text] if isinstance(text, str) else text, budget=budget)


@pytest.mark.parametrize("compressor", ["labeller", "lexical"])
def test_a_table_too_wide_is_shown_in_the_columns_that_are_asked_for(compressor: str) -> None:
    out = rc.compress("What does the Pro plan cost per year?", [PLANS], budget=24, compressor=compressor)
    assert "| Plan | …" in out.text
    assert "| Pro | …" in out.text
    assert "$120" in out.text
    assert "weekdays" not in out.text
    assert "of its 7 columns" in " ".join(out.warnings)
    assert out.tokens_out <= 24


def test_rows_of_a_table_in_columns_stand_under_the_same_header() -> None:
    out = compressed("What does the Pro plan cost per year?", PLANS, 30)
    header, *rows = out.text.splitlines()
    assert header == "| Plan | … Year |"
    assert rows
    assert all(row.startswith("| ") and "… $" in row for row in rows)


def test_a_clause_does_without_the_numbered_titles_above_it() -> None:
    clause = (
        "(b) The supplier may terminate without notice only if the customer is insolvent or does not pay for 60 days."
    )
    least = compressed("When may the supplier terminate without notice?", clause, 99).tokens_out
    out = compressed("When may the supplier terminate without notice?", CLAUSES, least)
    assert out.text == clause
    assert "no room for the titles" in out.warnings[0]
    assert "§ 3.2 Termination." in compressed("When may the supplier terminate without notice?", CLAUSES, 60).text


def test_a_title_that_the_question_names_is_never_left_out() -> None:
    text = (
        "1. Windows\n\nRun the installer as an administrator, wait for the black window and confirm all questions.\n\n"
        "2. Linux\n\nCall the script with the rights of the system's owner and wait until it says that it is done.\n"
    )
    out = compressed("How do I install it on Linux?", text, 19)
    assert "Call the script" not in out.text


def test_what_stands_in_for_the_best_unit_says_so() -> None:
    out = compressed("Who signed the mayor's contract?", [CONTRACT, "Tram line 4 is free. It rained."], 14)
    assert out.text
    said = next(warning for warning in out.warnings if "the most relevant unit needs" in warning)
    least = int(said.rpartition(" ")[2])
    assert compressed("Who signed the mayor's contract?", [CONTRACT, "It rained."], least).text == CONTRACT


def test_a_sentence_longer_than_the_budget_is_kept_up_to_a_clause_border() -> None:
    text = (
        "Ines Maurer designed the aqueduct of Veld, a brick structure with high arches in the quiet north of the land."
    )
    out = compressed("Who designed the aqueduct of Veld?", [text, "It rained."], 16)
    assert out.text == "Ines Maurer designed the aqueduct of Veld, …"
    assert "the budget is 16" in out.warnings[0]
