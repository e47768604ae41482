"""For the tests of whoever builds on this package: the laws of a compressor, and small stand-ins.

`check_compressor` runs any compressor over random contexts and names the law it breaks, with the smallest case;
`CompressorStandardTests` is the same as a pytest class to inherit. Needs nothing beyond the bare package.

>>> check_compressor(lambda context, budget: context, cases=20)  # doctest: +ELLIPSIS
Traceback (most recent call last):
    ...
ragcompress.testing.check.LawBroken: <lambda> breaks law 4 (the budget holds)...
"""

from __future__ import annotations

from ragcompress.testing.cases import Case, random_cases
from ragcompress.testing.check import LawBroken, broken_laws, check_compressor
from ragcompress.testing.doubles import FakeEncoder, FakeGenerator, fake_chat_model, word_count
from ragcompress.testing.laws import LAWS, Law, Trial
from ragcompress.testing.standard import CompressorStandardTests
from ragcompress.testing.structured import structured_text, structured_texts

__all__ = [
    "LAWS",
    "Case",
    "CompressorStandardTests",
    "FakeEncoder",
    "FakeGenerator",
    "Law",
    "LawBroken",
    "Trial",
    "broken_laws",
    "check_compressor",
    "fake_chat_model",
    "random_cases",
    "structured_text",
    "structured_texts",
    "word_count",
]
