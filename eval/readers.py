"""Readers for the evaluation: ours, and any generator behind a prompt."""

from __future__ import annotations

from hashlib import sha256

from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Generator
from ragcompress.core.render import render
from ragcompress.core.shipped import shipped

from .run import Read, Reader

__all__ = ["PROMPT", "describe", "embedded", "generative", "named"]

PROMPT = (
    "Answer the question with a few words from the context. If the context does not answer it, reply: unanswerable.\n\n"
    "Context:\n{context}\n\nQuestion: {question}\nAnswer:"
)


def named(name: str) -> Reader | None:
    """``"embedded"`` or ``"none"``.

    Raises:
        InvalidInput: Another name; generators are passed to `generative` from Python.
    """
    if name == "none":
        return None
    if name == "embedded":
        return embedded()
    raise InvalidInput(f"--reader must be 'embedded' or 'none', not {name!r}; from Python: eval.readers.generative")


def describe(name: str) -> str:
    """The reader's name with what identifies its weights, so that rows of two readers never mix."""
    if name != "embedded":
        return name
    digest = sha256(shipped("reader-int8.onnx") + shipped("reader.json"))
    return f"embedded, sha256 {digest.hexdigest()[:12]}"


def embedded() -> Reader:
    """The reader shipped with ragcompress."""
    from ragcompress.models.reader.reader import ExtractiveReader  # loads the weights

    reader = ExtractiveReader()

    def read(question: str, context: Context) -> Read:
        found = reader.candidate(question, context)
        if found is None:
            return Read("", 0.0, True)
        score = reader.probability(found.margin)
        return Read(found.text, score, score < reader.threshold)

    return read


def generative(generator: Generator, *, prompt: str = PROMPT) -> Reader:
    """A reader from anything that completes a prompt: a chat model, a local model, an endpoint.

    Args:
        generator: Prompt to completion.
        prompt: With ``{context}`` and ``{question}``.
    """

    def read(question: str, context: Context) -> Read:
        reply = generator(prompt.format(context=render(context), question=question)).strip()
        first = reply.splitlines()[0].strip() if reply else ""
        abstained = not first or first.lower().startswith("unanswerable")
        return Read("" if abstained else first, 0.0 if abstained else 1.0, abstained)

    return read
