"""Word by word, a tokeniser gives what it gives for the whole text, and is asked less and less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcompress.core import wordwise
from ragcompress.core.budget import embedded_tokenizer
from ragcompress.core.segment import sanitise
from ragcompress.core.wordwise import Wordwise, is_wordwise

ODD = "ab1 \t\n\r\x0b\x0c\x1c\x1f\x85\xa0\u2003\u2028\u200d\u0301\ufffdéÉßﬁ東京ไทย👩,.'-\x00\u3000\ufeff"
WORDS = st.lists(st.sampled_from(["[CLS]", "a[SEP]b", "x" * 120, "don't", "e\u0301", " ", "\n", *ODD])).map("".join)


@given(WORDS | st.text())
def test_pieces_are_those_of_the_whole_text(text: str) -> None:
    clean = sanitise(text)
    whole = embedded_tokenizer().encode(clean, add_special_tokens=False)
    ids, offsets = Wordwise(embedded_tokenizer()).pieces(clean)
    assert ids.tolist() == whole.ids
    assert [tuple(pair) for pair in offsets.tolist()] == whole.offsets
    assert Wordwise(embedded_tokenizer()).count(clean) == len(whole.ids)


def test_a_word_is_tokenised_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    for name in ("_encoded", "_sizes"):
        work = getattr(wordwise, name)
        monkeypatch.setattr(
            wordwise, name, lambda tokenizer, words, work=work: asked.extend(words) or work(tokenizer, words)
        )
    words = Wordwise(embedded_tokenizer())
    assert words.count("the tower and the gate") == 5
    assert words.count("the gate\nand a tower") == 5
    assert sorted(asked) == ["a", "and", "gate", "the", "tower"]


def test_numbers_and_paths_are_counted_by_their_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    words = Wordwise(embedded_tokenizer())
    words.measure(f"2024-05-{day:02d} a/b/{day}.csv" for day in range(1, 29))
    monkeypatch.setattr(wordwise, "_encoded", pytest.fail)
    monkeypatch.setattr(wordwise, "_sizes", pytest.fail)
    for text in ("2024-05-07 a/b/7.csv", "2024/05/11-28.a"):
        assert words.count(text) == len(embedded_tokenizer().encode(text, add_special_tokens=False).ids)


@given(st.lists(WORDS | st.text(), max_size=4))
def test_what_was_measured_counts_the_same(texts: list[str]) -> None:
    clean = [sanitise(text) for text in texts]
    words = Wordwise(embedded_tokenizer())
    words.measure(clean)
    wanted = [len(embedded_tokenizer().encode(text, add_special_tokens=False).ids) for text in clean]
    assert [words.count(text) for text in clean] == wanted


def test_memory_is_bounded_and_what_is_in_use_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wordwise, "REMEMBERED", 10)
    words = Wordwise(embedded_tokenizer())
    for start in range(0, 100, 7):
        text = " ".join(f"w{number}" for number in range(start, start + 9)) + " " + "y" * 80
        assert words.count(text) == len(embedded_tokenizer().encode(text, add_special_tokens=False).ids)
        assert len(words._known) <= 20
        assert "y" * 80 not in words._known


def test_only_wordpiece_without_wide_tokens_is_word_wise() -> None:
    from tokenizers import AddedToken, Tokenizer
    from tokenizers.models import BPE

    assert is_wordwise(embedded_tokenizer())
    assert not is_wordwise(Tokenizer(BPE()))
    wide = Tokenizer.from_str(embedded_tokenizer().to_str())
    wide.add_tokens([AddedToken("new york", normalized=False)])
    assert not is_wordwise(wide)
