"""No regular expression of the package takes more than linear time, whatever text it is given."""

from __future__ import annotations

import re

import pytest
from backtracking import MOST, Counting, attacks, growth
from patterns import collected, not_read

from ragcompress.core import whole

LINEAR = 2.8  # when a text doubles; 2 is linear, 4 quadratic
BOUNDED = {  # patterns that are only ever given short texts, and what sees to it
    "ragcompress.core.whole:_REQUESTS": "200 characters of a query, runs of signs cut to three",
    "ragcompress.core.whole:_ABOUT": "200 characters of a query, runs of signs cut to three",
    "ragcompress.service.pages:_INLINE": "the package's own page",
}
MATCHED = {  # handed to others, which match them at one place
    "ragcompress.structure.json_text:_NAMING", "ragcompress.structure.markup:_NAMING",
    "ragcompress.structure.json_text:_VALUE", "ragcompress.structure.json_text:_MEMBER",
}  # fmt: skip
BUILT = {  # patterns that are put together in functions: words with everything else escaped
    "cli/survey.py", "core/limiters.py", "documents/lines.py", "pruners/locate.py", "retriever/lexical.py",
    "testing/meaning.py", "training/reader/corpus.py",
}  # fmt: skip


@pytest.mark.slow
def test_every_pattern_is_linear_on_its_worst_texts():
    wrong, tried = {}, 0
    for pattern, everywhere, names in _distinct():
        tried += 1
        factor, text = growth(pattern, everywhere=everywhere)
        if factor > LINEAR and not set(names) <= set(BOUNDED):
            wrong[names[0]] = (factor, text)
    assert wrong == {}
    assert tried > 200


def _distinct() -> list[tuple[re.Pattern[str], bool, list[str]]]:
    """Every pattern once, tried everywhere if anyone does."""
    found: dict[re.Pattern[str], tuple[bool, list[str]]] = {}
    for name, (pattern, everywhere) in collected().items():
        before, names = found.get(pattern, (False, []))
        found[pattern] = (before or (everywhere and name not in MATCHED), [*names, name])
    return [(pattern, everywhere, names) for pattern, (everywhere, names) in found.items()]


def test_patterns_that_are_built_are_known():
    assert {place.partition(":")[0] for place in not_read()} <= BUILT


def test_growth_tells_linear_from_worse():
    assert growth(re.compile(r"a+b"), everywhere=False)[0] < LINEAR
    assert growth(re.compile(r"\s+$"), everywhere=True)[0] > 3
    assert growth(re.compile(r"(?<!\s)\s++$"), everywhere=True)[0] < LINEAR
    assert growth(re.compile(r"(?:a|a)*b"), everywhere=False)[0] >= MOST
    assert growth(re.compile(r"(?:\w+[ *&]*)*\("), everywhere=False)[0] > 100


@pytest.mark.parametrize("pattern", [r"(a+)(b|c)*?d{2,}\1", r"(?i:x[^yz]*)(?=q)", r"(?<=a)b+|\bc", r"a{2}(?>b+)c?+$"])
def test_the_counting_matcher_finds_what_re_finds(pattern):
    compiled = re.compile(pattern)
    counting = Counting(compiled)
    for text in list(attacks(counting, 8))[:80]:
        counting.text, counting.steps, counting.groups = text, 0, {}
        found = compiled.match(text)
        assert counting.run(0, lambda stop: stop) == (found.end() if found else None)


def test_requests_are_cut_before_they_are_tried():
    worst = 0
    for pattern in (whole._REQUESTS, whole._ABOUT, whole._ALL):
        counting = Counting(pattern)
        for text in list(attacks(counting, 60))[::100]:
            asked = whole._SIGNS.sub(r"\1", " ".join(text.split()))[: whole.MOST]
            worst = max(worst, counting.cost(asked, everywhere=False))
    assert worst < 20_000
