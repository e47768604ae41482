"""Every Python block of docs/agents.md runs."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HAYSTACK_TELEMETRY_ENABLED", "False")
PAGE = Path(__file__).parents[2] / "docs" / "agents.md"
if not PAGE.exists():
    pytest.skip("the page is only in the checkout", allow_module_level=True)
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
FACTS = [f"The {name} was opened in {1900 + at}. Visitors pay {at} francs." for at, name in enumerate(("mill", "pier"))]


def _needed(block: str) -> list[str]:
    return [name for name in ("langchain.agents", "haystack", "llama_index.core") if name.split(".")[0] in block]


def _given(block: str) -> dict[str, Any]:
    """What a reader of the page has already."""
    turns = [{"role": "user", "content": f"What about number {at}? {' '.join(FACTS * 4)}"} for at in range(20)]
    given: dict[str, Any] = {"question": "When was the mill opened?", "messages": turns}
    if "create_agent" in block:
        from ragcompress.testing import fake_chat_model

        given |= {"model": fake_chat_model(["done"]), "tools": []}
    if "llamaindex" in block:
        from llama_index.core.schema import NodeWithScore, TextNode

        given["nodes"] = [NodeWithScore(node=TextNode(text=text), score=0.5) for text in FACTS]
    if "haystack" in block:
        from haystack import Document

        given["documents"] = [Document(content=text) for text in FACTS]
    return given


@pytest.mark.parametrize("block", BLOCKS, ids=range(len(BLOCKS)))
def test_a_block(block: str) -> None:
    for name in _needed(block):
        pytest.importorskip(name)
    names = _given(block)
    exec(block, names)
    if "agent" in names:
        assert names["agent"].invoke({"messages": [("user", "hello")]})["messages"][-1].content == "done"
    if "out" in names:
        assert names["out"].originals
        assert all(names["whole"].values())
    if "short" in names:
        assert names["short"]
