import pytest

from ragcompress.pruners import kinds


def test_numbers_are_compared_without_grouping():
    assert kinds.find_numbers("1,843 and 1843") == {"1843"}
    assert kinds.find_numbers("3.5 %, 1.000.000, 12:30") == {"3.5", "1.000.000", "12:30"}


def test_names_are_capitals_inside_a_sentence():
    found = kinds.find_names("The day Ada met Charles. He was glad. NASA came. 'Tis true.")
    assert found == {"ada", "charles", "nasa"}


@pytest.mark.parametrize(
    "text", ["He does not.", "It can't be.", "Nobody knows", "Das ist nicht gut", "C’est pas vrai"]
)
def test_negations(text):
    assert kinds.negations(text)


@pytest.mark.parametrize("text", ["He does.", "A notable knot", "It is known"])
def test_no_negation(text):
    assert not kinds.negations(text)


@pytest.mark.parametrize("text", ['He said "go home".', "„Nein“", "«oui oui»", "「はい」です"])
def test_quotations(text):
    assert kinds.quotations(text)


@pytest.mark.parametrize("text", ["def f(x):", "```\nx\n```", "x = f(1);", "call `run` now", "#include <a.h>  {"])
def test_code(text):
    assert kinds.code(text)


def test_prose_is_no_code_table_or_heading():
    text = "If he came, the class (of 12) left. For more, see below: it rained."
    assert not kinds.code(text)
    assert not kinds.tables(text)
    assert not kinds.headings(text)


def test_tables_and_headings():
    assert kinds.tables("| a | b |")
    assert kinds.headings("## Prices")
    assert kinds.headings("Opening hours\n")
    assert not kinds.headings("We open at nine.\n")
