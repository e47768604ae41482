from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ragcompress.core.segment import MAX_PROSE, chunks, guess_language, paragraphs, sanitise, sentences, words

ODD = [
    "",
    " ",
    "\n\n  a",
    "Dr. Smith came. He left.",
    "One.\r\nTwo.\r\n\r\nThree.",
    "nul\x00in. the middle.",
    "lone \ud800 surrogate. Next.",
    "家は大きい。庭もある！本当？",
    "北京是首都。上海很大。",
    "สวัสดีครับ ผมชื่อสมชาย " * 30,
    "مرحبا بالعالم. كيف حالك؟",
    "e\u0301 a\u0308. 👩‍👩‍👧‍👦 family. 🇨🇭 flag.",
    "x" * 3000,
    "👩‍👩‍👧‍👦" * 300,
    "# Head\n\ntext one. Text two.\n- a\n- b\n| a | b |\n|---|---|\n```\nx = 1\n```\n",
]


@pytest.mark.parametrize("segmenter", [sentences, paragraphs, words, chunks])
@pytest.mark.parametrize("text", ODD)
def test_segments_tile_odd_text(segmenter, text):
    _tiles(segmenter(text), text)


@given(st.text(st.characters(), max_size=300))
def test_sentences_tile_any_text(text):
    _tiles(sentences(text), text)


@given(
    st.lists(
        st.sampled_from(["A b. ", "C d! ", "- i\n", "| a | b |\n", "```\n", "\n\n", "x" * 90, "好。", "# H\n", " "])
    )
)
def test_sentences_tile_structured_text(parts):
    _tiles(sentences("".join(parts)), "".join(parts))


def _tiles(pairs, text):
    assert "".join(text[start:end] for start, end in pairs) == text
    assert all(start < end for start, end in pairs)


def _cut(text, **options):
    return [text[start:end] for start, end in sentences(text, **options)]


def test_prose_is_cut_at_sentences_not_at_titles_or_units():
    assert _cut("Dr. Smith came. He left.") == ["Dr. Smith came. ", "He left."]
    assert _cut("It ran at 10 km/h. When it stopped, it was 3 m. Then more.") == [
        "It ran at 10 km/h. ",
        "When it stopped, it was 3 m. ",
        "Then more.",
    ]
    assert _cut("J. K. Rowling wrote it.") == ["J. K. Rowling wrote it."]


def test_structure_is_kept_by_row():
    text = "Intro here.\n| a. b | c |\n|---|---|\n- item one. still one\n# Head. Line\nEnd."
    assert _cut(text) == [
        "Intro here.\n",
        "| a. b | c |\n",
        "|---|---|\n",
        "- item one. still one\n",
        "# Head. Line\n",
        "End.",
    ]


def test_a_short_code_fence_is_one_piece_and_a_long_one_goes_by_line():
    short = "```py\nx = 1. \ny = 2\n```\n"
    assert _cut("See.\n" + short + "Done.") == ["See.\n", short, "Done."]
    long = "```\n" + "value = compute(something)\n" * 60 + "```\n"
    assert all(piece.endswith("\n") for piece in _cut(long))
    assert len(_cut(long)) == 62


def test_pipes_inside_prose_make_no_table():
    assert len(_cut("The norm |x| and |y| differ. They are real.")) == 2


def test_nothing_exceeds_the_window():
    for text in ("word " * 4000, "x" * 5000, "好" * 5000, "a," * 3000):
        assert max(len(piece) for piece in _cut(text)) <= MAX_PROSE + 1


def test_forced_cuts_part_no_combining_marks():
    pieces = _cut("e\u0301" * 2000)
    assert all(not piece.startswith("\u0301") for piece in pieces)


def test_language_is_guessed_from_the_script():
    samples = {
        "en": "Hello",
        "ja": "日本の首都です",
        "zh": "北京是首都",
        "ko": "안녕하세요",
        "ru": "Привет",
        "th": "สวัสดี",
    }
    assert {guess_language(text) for text in samples.values()} == set(samples)
    assert guess_language("123 …") == "en"


def test_sanitise_keeps_the_length():
    assert sanitise("a\ud800b") == "a\ufffdb"


def test_words_split_scripts_without_spaces_by_character():
    assert ["東京へ行く now"[a:b] for a, b in words("東京へ行く now")] == ["東", "京", "へ", "行", "く ", "now"]


def test_long_text_without_line_ends_is_parted_between_sentences():
    text = " ".join(f"Sentence number {n} is about topic {n % 7}." for n in range(400))
    assert all(text[a:b].startswith("Sentence") and text[a:b].rstrip().endswith(".") for a, b in chunks(text))
