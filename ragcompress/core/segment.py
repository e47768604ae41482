"""Cutting text into segments that tile it: joined again, they are the text, byte for byte.

A segmenter is any ``str -> sequence of half-open (start, end)`` whose pairs tile the text. `sentences` is the
default: prose goes to the sentencex rules of its language, structured lines (code, tables, lists, headings) stay
whole, and what has no punctuation is cut at word boundaries so that a model window can hold every segment.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import sentencex

from ragcompress.core.remembering import remembered
from ragcompress.core.sentence_ends import mended
from ragcompress.core.types import Unit

__all__ = ["Segmenter", "bounds", "chunks", "guess_language", "paragraphs", "sanitise", "sentences", "tiles", "words"]

Segmenter = Callable[[str], Sequence[tuple[int, int] | Unit]]


def bounds(pieces: Sequence[tuple[int, int] | Unit]) -> list[tuple[int, int]]:
    """Where the tiles of a segmenter begin and end, whether they are pairs or units."""
    return [(piece[0], piece[1]) for piece in pieces]


# A MiniLM window holds 510 pieces and a piece is at least one character, so a segment of 500 always fits.
_END = re.compile(r"[.!?…][\"'”’)\]]*\s+|[。！？]")  # a good place to part long text without line ends
MAX_PROSE = 500
MAX_ROW = 2000  # a table row or code line is only cut beyond this: half a row misleads
MAX_ITEM = 300  # a longer list item or "heading" is a paragraph that happens to start like one
MAX_FENCE = 600  # a short code block is one segment, a long one is a segment a line
MAX_WINDOW = 20_000
MAX_UNPUNCTUATED = 160  # scripts without full stops (Thai, Lao, Khmer) are cut at their phrase spaces

_SCRIPTS: tuple[tuple[str, str], ...] = (
    ("ja", "\u3040-\u30ff"),
    ("ko", "\uac00-\ud7af\u1100-\u11ff"),
    ("zh", "\u3400-\u4dbf\u4e00-\u9fff"),
    ("ar", "\u0600-\u06ff\u0750-\u077f"),
    ("hi", "\u0900-\u097f"),
    ("th", "\u0e00-\u0e7f"),
    ("lo", "\u0e80-\u0eff"),
    ("km", "\u1780-\u17ff"),
    ("my", "\u1000-\u109f"),
    ("ru", "\u0400-\u04ff"),
    ("el", "\u0370-\u03ff"),
    ("he", "\u0590-\u05ff"),
    ("hy", "\u0530-\u058f"),
    ("ta", "\u0b80-\u0bff"),
    ("bn", "\u0980-\u09ff"),
    ("en", "A-Za-z\u00c0-\u024f"),
)
_SCRIPT_PATTERNS = tuple((language, re.compile(f"[{chars}]")) for language, chars in _SCRIPTS)
_BEYOND_LATIN = re.compile("[\u0370-\U0010ffff]")
_UNPUNCTUATED = frozenset({"th", "lo", "km", "my"})

_FENCE = re.compile(r"[ \t]*(```|~~~)")
_ROW = re.compile(
    r"""[ \t]*(?:
        \#{1,6}[ \t]                    # heading
      | [-*+\u2022\u2023\u25e6][ \t]    # bullet
      | \(?(?:\d{1,3}|[a-z])\)[ \t]     # numbered item, "(a) " or "1) "
      | \d{1,3}\.[ \t]                  # numbered item, "1. "
    )""",
    re.VERBOSE,
)
_UNIT_END = re.compile(r"(?:\d\s?|/)[a-zA-Z]\.\s+(?=[A-Z])")
_WORD = re.compile(r"\S+\s*")
_SURROGATE = re.compile("[\ud800-\udfff]")


def sanitise(text: str) -> str:
    """Replace lone surrogates, which no UTF-8 consumer accepts, keeping the length and so all offsets."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def guess_language(text: str) -> str:
    """The ISO code whose sentence rules fit the script of ``text`` best; ``"en"`` for Latin and unknown.

    >>> guess_language("東京は日本の首都です。"), guess_language("北京是首都。"), guess_language("Bonjour.")
    ('ja', 'zh', 'en')
    """
    sample = text[:600]
    if sample.isascii() or not _BEYOND_LATIN.search(sample):
        return "en"
    seen = Counter(sample)
    chars = "".join(seen)
    counts = {language: sum(seen[char] for char in pattern.findall(chars)) for language, pattern in _SCRIPT_PATTERNS}
    if counts["ja"] * 10 > counts["zh"]:  # Japanese mixes kana with the characters Chinese uses
        counts["ja"] += counts["zh"]
    best = max(counts, key=lambda language: counts[language])
    return best if counts[best] else "en"


def sentences(text: str, language: str | None = None) -> tuple[tuple[int, int], ...]:
    """Tile ``text`` with sentences and whole structured lines.

    Args:
        text: Any string, lone surrogates and NUL included.
        language: ISO code; guessed from the script when None.

    Returns:
        Half-open ``(start, end)`` pairs that tile the text; trailing white space belongs to the pair before it.

    >>> text = "Dr. Smith came. He left.\\n- an item"
    >>> [text[a:b] for a, b in sentences(text)]
    ['Dr. Smith came. ', 'He left.\\n', '- an item']
    """
    return _sentences(text, language or guess_language(text))


@remembered(4096)
def _sentences(text: str, language: str) -> tuple[tuple[int, int], ...]:
    clean = sanitise(text)
    prose_limit = MAX_UNPUNCTUATED if language in _UNPUNCTUATED else MAX_PROSE
    pieces: list[tuple[int, int]] = []
    for start, end, kind in _blocks(clean):
        if kind == "prose":
            for a, b in _prose(clean[start:end], language):
                pieces.extend(_bounded(clean, start + a, start + b, prose_limit))
        else:
            pieces.extend(_bounded(clean, start, end, MAX_ROW))
    return tiles(text, [end for _, end in pieces])


def paragraphs(text: str) -> tuple[tuple[int, int], ...]:
    """Tile ``text`` with paragraphs: blocks parted by blank lines."""
    return tiles(text, [match.end() for match in re.finditer(r"\n[ \t\r]*\n\s*", text)])


def chunks(text: str) -> tuple[tuple[int, int], ...]:
    """Tile ``text`` with pieces of about 2,000 characters, cut at line ends or else at white space: fast and coarse."""
    ends: list[int] = []
    start = 0
    while len(text) - start > 2 * MAX_ROW:
        window = text[start : start + 2 * MAX_ROW]
        start += (
            window.rfind("\n", MAX_ROW // 2) + 1
            or max((match.end() for match in _END.finditer(window, MAX_ROW // 2)), default=0)
            or window.rfind(" ", MAX_ROW // 2) + 1
            or MAX_ROW
        )
        ends.append(start)
    return tiles(text, ends)


def words(text: str) -> tuple[tuple[int, int], ...]:
    """Tile ``text`` with words; scripts that write no spaces give one character each.

    >>> [("a bc  d")[i:j] for i, j in words("a bc  d")]
    ['a ', 'bc  ', 'd']
    """
    dense = re.compile("[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]")
    ends: list[int] = []
    for match in _WORD.finditer(text):
        body = match.group().rstrip()
        ends.extend(match.start() + i + 1 for i, char in enumerate(body[:-1]) if dense.match(char))
        ends.append(match.end())
    return tiles(text, ends)


def tiles(text: str, ends: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """Turn cut points into tiles, giving blank pieces to the piece before (or, at the start, after)."""
    result: list[tuple[int, int]] = []
    start = 0
    for end in sorted({*ends, len(text)}):
        if end <= start:
            continue
        blank = not text[start:end].strip()
        if blank and result:
            result[-1] = (result[-1][0], end)
        elif not blank or end == len(text):
            result.append((start, end))
        else:
            continue  # leading blanks join the first real piece
        start = end
    return tuple(result)


def _blocks(text: str) -> Iterator[tuple[int, int, str]]:
    """Runs of prose lines, single structured lines, and short fences whole."""
    position = 0
    prose_start = 0
    fence_start: int | None = None
    for line in text.splitlines(keepends=True):
        start, position = position, position + len(line)
        is_fence = bool(_FENCE.match(line))
        if fence_start is None and not is_fence and not _is_row(line):
            continue
        if fence_start is None and prose_start < start:
            yield prose_start, start, "prose"
        if is_fence and fence_start is None:
            fence_start = start
        elif is_fence and fence_start is not None:
            yield from _fence(text, fence_start, position)
            fence_start = None
        elif fence_start is None:
            yield start, position, "row"
        prose_start = position
    if fence_start is not None:  # an unclosed fence: lines, never lost
        yield from _lines(text, fence_start, len(text))
    elif prose_start < len(text):
        yield prose_start, len(text), "prose"


def _is_row(line: str) -> bool:
    table = line.lstrip().startswith("|") or line.count(" | ") >= 2 or line.count("\t") >= 2
    return table or (len(line) <= MAX_ITEM and bool(_ROW.match(line)))


def _fence(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    if end - start <= MAX_FENCE:
        yield start, end, "row"
    else:
        yield from _lines(text, start, end)


def _lines(text: str, start: int, end: int) -> Iterator[tuple[int, int, str]]:
    for line in text[start:end].splitlines(keepends=True):
        yield start, start + len(line), "row"
        start += len(line)


def _prose(text: str, language: str) -> list[tuple[int, int]]:
    found = list(_boundaries(text, language))
    return mended(text, found) if language == "en" else found


def _boundaries(text: str, language: str) -> Iterator[tuple[int, int]]:
    for left, right in _windows(text):
        for boundary in sentencex.get_sentence_boundaries(language, text[left:right]):
            start, end = left + boundary["start_index"], left + boundary["end_index"]
            for unit in _UNIT_END.finditer(text, start, end):  # "… 10 km/h. When": a unit, no initial
                yield start, unit.end()
                start = unit.end()
            yield start, end


def _windows(text: str) -> Iterator[tuple[int, int]]:
    """Stretches that the splitter reads at once: its time grows with the square of a paragraph's length."""
    start = 0
    while len(text) - start > 2 * MAX_WINDOW:
        window = text[start + MAX_WINDOW : start + 2 * MAX_WINDOW]
        end = start + MAX_WINDOW + (window.find("\n") + 1 or window.find(" ") + 1 or len(window))
        yield start, end
        start = end
    yield start, len(text)


def _bounded(text: str, start: int, end: int, limit: int) -> Iterator[tuple[int, int]]:
    """Cut ``[start, end)`` into near-equal pieces of at most ``limit`` characters, at white space if there is any."""
    full = start + len(text[start:end].rstrip())
    while full - start > limit:
        pieces_left = -(-(full - start) // limit)
        aim = start + -(-(full - start) // pieces_left)
        cut = max((match.end() for match in re.finditer(r"\s+", text[start:aim])), default=0)
        cut = start + cut if cut * 2 >= aim - start else _safe_cut(text, aim)
        yield start, cut
        start = cut
    yield start, end


def _safe_cut(text: str, cut: int) -> int:
    """Move a forced cut left until it parts no base character from its combining marks or emoji joiners."""
    joined = ("\u200d", "\ufe0f")
    for position in range(cut, max(cut - 16, 1), -1):
        char, before = text[position], text[position - 1]
        if not unicodedata.combining(char) and char not in joined and before != "\u200d":
            return position
    return cut
