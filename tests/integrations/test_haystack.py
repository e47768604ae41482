"""The Haystack component against the real package, alone and in a pipeline that was saved."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import pytest

os.environ.setdefault("HAYSTACK_TELEMETRY_ENABLED", "False")
pytest.importorskip("haystack")

from haystack import Document, Pipeline
from haystack.components.builders import PromptBuilder
from haystack.dataclasses import ByteStream

from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.errors import InvalidInput
from ragcompress.integrations.haystack import RagCompressorComponent

QUESTION = "Who wrote the program?"


def documents() -> list[Document]:
    return [
        Document(id="rain", content="It rained all day. The river rose. Nobody crossed.", meta={"page": 1}),
        Document(id="ada", content="Ada wrote the program in 1843. She liked horses.", score=0.5, embedding=[1.0, 2.0]),
        Document(id="none"),
        Document(id="heron", content="Herons fish. Trout swim. The program of the theatre is out."),
    ]


def joined(found: list[Document]) -> str:
    return "\n\n".join(document.content or "" for document in found)


def test_documents_are_shortened_copies() -> None:
    given = documents()
    out = RagCompressorComponent(20, compressor="lexical").run(QUESTION, given)["documents"]
    assert given == documents()
    assert embedded_count(joined(out)) <= 20
    ada = next(document for document in out if document.id == "ada")
    assert ada.score == 0.5
    assert ada.embedding is None
    for start, end in ada.meta["ragcompress"]["spans"]:
        assert given[1].content[start:end] in ada.content
    assert RagCompressorComponent(20).run(QUESTION, [])["documents"] == []


def test_what_has_no_text_stays_in_its_place() -> None:
    picture = Document(id="picture", blob=ByteStream(b"AAAA", mime_type="image/png"))
    given = [*documents()[:2], picture, documents()[3]]
    out = RagCompressorComponent(12, compressor="lexical").run(QUESTION, given)["documents"]
    names = [document.id for document in out]
    assert names.index("picture") == names.index("ada") + 1
    assert out[names.index("picture")] == picture


def test_the_budget_of_one_run_and_async() -> None:
    component = RagCompressorComponent(20, compressor="lexical")
    assert embedded_count(joined(component.run(QUESTION, documents(), budget=9)["documents"])) <= 9
    out = asyncio.run(component.run_async(QUESTION, documents()))
    assert out == component.run(QUESTION, documents())


def test_in_a_pipeline_that_was_saved_and_loaded() -> None:
    pipeline = Pipeline()
    pipeline.add_component("compress", RagCompressorComponent(9, compressor="lexical"))
    template = "{% for d in documents %}{{ d.content }}\n{% endfor %}{{ question }}"
    pipeline.add_component("prompt", PromptBuilder(template, required_variables="*"))
    pipeline.connect("compress.documents", "prompt.documents")
    again = Pipeline.loads(pipeline.dumps(), allowed_modules=["ragcompress.integrations.haystack"])
    inputs: Any = {"compress": {"query": QUESTION, "documents": documents()}, "prompt": {"question": QUESTION}}
    prompt = again.run(inputs)["prompt"]["prompt"]
    assert prompt == pipeline.run(inputs)["prompt"]["prompt"]
    assert "Ada wrote the program in 1843." in prompt
    assert "horses" not in prompt


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(InvalidInput):
        RagCompressorComponent(1.5)
    with pytest.raises(InvalidInput, match="can't be saved"):
        RagCompressorComponent(TokenBudget(5, len)).to_dict()
