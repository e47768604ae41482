"""The texts that a fuzzer chose because each reaches code of the parsers that no other does."""

from __future__ import annotations

import json

import pytest

from pipelines.proofs.parser_fuzz import CORPUS, wrong
from ragcompress.core.types import Unit


def test_every_text_of_the_corpus_is_read_as_promised() -> None:
    texts = json.loads(CORPUS.read_text(encoding="utf-8"))
    assert len(texts) > 100
    assert [(text, said) for text in texts if (said := wrong(text))] == []


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([Unit(0, 3)], "tile"),
        ([Unit(0, 3), Unit(3, 6, ((0, 2),))], "no other unit"),
        ([Unit(0, 3), Unit(3, 6, ((3, 6),))], "no other unit"),
        ([Unit(0, 2), Unit(2, 3, ((0, 2),)), Unit(3, 6, ((2, 3),))], "not what that needs"),
        ([Unit(0, 3), Unit(3, 6, ((0, 3),))], ""),
    ],
)
def test_the_check_can_fail(monkeypatch: pytest.MonkeyPatch, found: list[Unit], said: str) -> None:
    monkeypatch.setattr("ragcompress.structure.units", lambda text: found)
    assert said in wrong("abcdef")
    assert bool(wrong("abcdef")) is bool(said)
