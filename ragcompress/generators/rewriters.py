"""Rewriters: ``(query, texts, tokens) -> shorter texts``, from a sequence-to-sequence model or a chat model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from ragcompress.core.errors import InvalidInput, ModelError, require
from ragcompress.core.forks import cached_property
from ragcompress.core.protocols import Generator, Rewriter
from ragcompress.core.segment import sanitise
from ragcompress.generators.loading import Loaded, load

__all__ = ["ChatRewriter", "Seq2SeqRewriter", "as_generator", "as_rewriter", "text_of"]

NOTHING = "NOTHING"
SUMMARISE = """Shorten the passage to what helps to answer the question, in at most {words} words.
Copy names, numbers and quotations exactly. Add nothing that the passage does not say.
If nothing in the passage helps, answer {nothing} and no more.

Question: {query}

Passage:
{text}

Shortened passage:"""


class Seq2SeqRewriter:
    """Any Hugging Face sequence-to-sequence model (T5 and its family) as a summariser (RECOMP, Xu et al. 2023).

    Args:
        model: A name or folder on this machine, or a pair (model, tokenizer).
        prompt: With the places ``{query}`` and ``{text}``; the default is the one RECOMP's models were trained on.
        batch_size: Texts per forward.
        device: Torch device; the GPU if there is one when None.
    """

    def __init__(
        self,
        model: Any,
        *,
        prompt: str = "Question: {query}\n Document: {text}\n Summary: ",
        batch_size: int = 8,
        device: str | None = None,
    ) -> None:
        self._source, self._prompt, self._batch_size, self._device = model, prompt, batch_size, device

    def __repr__(self) -> str:
        return f"Seq2SeqRewriter({self._source if isinstance(self._source, str) else type(self._source[0]).__name__!r})"

    def __call__(self, query: str, texts: Sequence[str], tokens: int) -> list[str]:
        """Greedy, hence deterministic; ``tokens`` is the most new tokens the model may write for a text."""
        prompts = [self._prompt.format(query=sanitise(query), text=sanitise(text)) for text in texts]
        result: list[str] = []
        for start in range(0, len(prompts), self._batch_size):
            result.extend(self._write(prompts[start : start + self._batch_size], tokens))
        return result

    @cached_property
    def _loaded(self) -> Loaded:
        return load(self._source, "AutoModelForSeq2SeqLM", device=self._device)

    def _write(self, prompts: list[str], tokens: int) -> list[str]:
        torch = require("torch", "generators")
        model, tokenizer, device, _ = self._loaded
        longest = min(getattr(tokenizer, "model_max_length", 512), 4096)
        batch = tokenizer(prompts, return_tensors="pt", padding=True, truncation=True, max_length=longest)
        fields = {name: batch[name].to(device) for name in ("input_ids", "attention_mask")}
        with torch.inference_mode():
            out = model.generate(**fields, max_new_tokens=max(tokens, 1), do_sample=False, num_beams=1)
        written: list[str] = tokenizer.batch_decode(out, skip_special_tokens=True)
        return [text.strip() for text in written]


class ChatRewriter:
    """A chat or completion model as a summariser, by a prompt.

    Args:
        model: A LangChain model, or any ``prompt -> completion``.
        prompt: With the places ``{query}``, ``{text}``, ``{words}`` and ``{nothing}``.
    """

    def __init__(self, model: Any, *, prompt: str = SUMMARISE) -> None:
        self._generate = as_generator(model)
        self._name = type(model).__name__
        self._prompt = prompt

    def __repr__(self) -> str:
        return f"ChatRewriter({self._name})"

    def __call__(self, query: str, texts: Sequence[str], tokens: int) -> list[str]:
        """One call per text; an English word is about 4/3 tokens."""
        words = max(tokens * 3 // 4, 1)
        answers = (self._generate(self._fill(query, text, words)) for text in texts)
        return ["" if answer.strip().strip(".").upper() == NOTHING else answer.strip() for answer in answers]

    def _fill(self, query: str, text: str, words: int) -> str:
        return self._prompt.format(query=query, text=text, words=words, nothing=NOTHING)


def as_generator(source: Any) -> Generator:
    """A ``prompt -> completion`` from a LangChain model or from any such callable.

    Raises:
        InvalidInput: ``source`` is neither.
    """
    if callable(getattr(source, "invoke", None)):  # LangChain models; some are callable too, so this comes first
        return partial(_invoked, source)
    if callable(source) and not isinstance(source, type):
        generator: Generator = source
        return generator
    raise InvalidInput(f"a generator is a LangChain model or a callable str -> str, not {type(source).__name__}")


def _invoked(model: Any, prompt: str) -> str:
    return text_of(model.invoke(prompt))


def as_rewriter(source: Any) -> Rewriter:
    """A `Rewriter` from a model's name, a pair (model, tokenizer), a LangChain model, or a rewriter.

    Raises:
        InvalidInput: ``source`` is none of these.
    """
    if isinstance(source, str | tuple):
        return Seq2SeqRewriter(source)
    if callable(getattr(source, "invoke", None)):
        return ChatRewriter(source)
    if callable(source) and not isinstance(source, type):
        rewriter: Rewriter = source
        return rewriter
    raise InvalidInput(
        "a rewriter is a seq2seq model's name, a pair (model, tokenizer), a LangChain chat model, or a callable "
        f"(query, texts, tokens) -> texts; not {type(source).__name__}"
    )


def text_of(message: Any) -> str:
    """The text of a LangChain message, or of a plain answer."""
    content = getattr(message, "content", message)
    if isinstance(content, list):  # blocks: text among tool calls and thoughts
        content = "".join(
            block if isinstance(block, str) else str(block.get("text", "")) if isinstance(block, dict) else ""
            for block in content
        )
    if not isinstance(content, str):
        raise ModelError(f"the model answered with {type(content).__name__}, not with text")
    return content
