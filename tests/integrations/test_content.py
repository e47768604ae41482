"""Content blocks keep their borders, order and marks, whatever interface they are of."""

from __future__ import annotations

import doctest
from copy import deepcopy
from typing import Any

import pytest

from ragcompress.integrations import content
from ragcompress.integrations.content import joined, texts_of, with_texts

IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
MARK = {"cache_control": {"type": "ephemeral"}}
SHAPES: list[Any] = [
    "plain",
    ["Gate code: 77", "41 visitors"],
    [
        {"type": "text", "text": "a"},
        {"type": "image_url", "image_url": {"url": "data:,"}},
        {"type": "text", "text": "b"},
    ],
    [
        {"type": "input_text", "text": "a"},
        {"type": "input_image", "file_id": "f"},
        {"type": "output_text", "text": "b"},
    ],
    [IMAGE, {"type": "tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "a", **MARK}, IMAGE]}],
    [{"type": "tool_result", "tool_use_id": "t", "content": "a", "is_error": True}, {"type": "text", "text": "b"}],
    [{"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "a"}, "title": "T"}],
    [{"type": "search_result", "source": "u", "title": "t", "content": [{"type": "text", "text": "a"}]}],
    [
        {"type": "resource", "resource": {"uri": "file:///a", "text": "a"}},
        {"type": "text-plain", "text": "b", "id": "1"},
    ],
    [{"type": "reasoning", "reasoning": "r"}, {"type": "text", "text": "a", "id": "x", **MARK}, {"odd": 1}, 7],
    None,
    [],
]


def test_examples() -> None:
    assert doctest.testmod(content).failed == 0


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_the_same_texts_give_the_same_content_and_others_only_change_texts(shape: Any) -> None:
    before = deepcopy(shape)
    texts = texts_of(shape)
    assert with_texts(shape, texts) == shape
    other = with_texts(shape, [f"{text}!" for text in texts])
    assert texts_of(other) == [f"{text}!" for text in texts]
    assert shape == before
    if isinstance(shape, list):
        assert [b.get("type") if isinstance(b, dict) else type(b) for b in other] == [
            b.get("type") if isinstance(b, dict) else type(b) for b in shape
        ]


def test_no_block_becomes_empty_and_marks_survive() -> None:
    blocks = [{"type": "text", "text": t} for t in "abcd"]
    blocks[2] |= MARK
    out = with_texts([*blocks, IMAGE, {"type": "text", "text": "e"}], ["", "", "", "", ""])
    assert [block.get("text") for block in out] == ["…", "…", None, "…"]
    assert out[1]["cache_control"] == MARK["cache_control"]


def test_texts_are_parted() -> None:
    assert joined(["Tickets in stock: 12", {"type": "text", "text": "5 seats are broken"}]) == (
        "Tickets in stock: 12\n5 seats are broken"
    )
