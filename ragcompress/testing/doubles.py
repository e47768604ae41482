"""Stand-ins for heavy things: deterministic, without models, without the network."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import require
from ragcompress.core.segment import sanitise

__all__ = ["FakeEncoder", "FakeGenerator", "fake_chat_model", "word_count"]


def word_count(text: str) -> int:
    """Tokens of ``text`` if tokens were words parted by white space.

    >>> word_count("two words")
    2
    """
    return len(text.split())


@dataclass(frozen=True, slots=True)
class FakeEncoder:
    """Texts to unit vectors of hashed words: texts that share words are alike.

    Attributes:
        dim: Length of a vector.

    >>> near, far = FakeEncoder().encode(["red fox", "a red fox"]) @ FakeEncoder().encode(["red fox", "blue"]).T
    >>> bool(near[0] > near[1])
    True
    """

    dim: int = 64

    @property
    def fingerprint(self) -> str:
        """Equal for equal encoders."""
        return f"ragcompress-fake:{self.dim}"

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Encode: ``[n]`` texts -> float32 ``[n, dim]``; text without words becomes a zero row."""
        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in enumerate(texts):
            for word in sanitise(text).lower().split():
                out[row, crc32(word.strip(".,;:!?").encode()) % self.dim] += 1
        norms = np.linalg.norm(out, axis=1, keepdims=True)
        return np.asarray(out / np.where(norms > 0, norms, 1), dtype=np.float32)

    embed = encode


@dataclass(slots=True)
class FakeGenerator:
    """A `ragcompress.core.protocols.Generator` that answers from a list, or by a function, and remembers the prompts.

    Attributes:
        answers: What it says, one after the other, the last one for ever; or prompt -> answer.
        prompts: What it was asked so far.
    """

    answers: Sequence[str] | Callable[[str], str] = ("",)
    prompts: list[str] = field(default_factory=list)

    def __call__(self, prompt: str) -> str:
        self.prompts.append(prompt)
        if callable(self.answers):
            return self.answers(prompt)
        return self.answers[min(len(self.prompts), len(self.answers)) - 1]


def fake_chat_model(responses: Iterable[Any]) -> Any:
    """A LangChain chat model that gives ``responses`` (str or AIMessage) in turn and takes tools, for agent tests.

    Every list of messages it is sent is appended to its ``seen``.

    Raises:
        MissingExtra: langchain-core is not installed.
    """
    core = require("langchain_core.language_models.fake_chat_models", "langchain")

    class FakeChatModel(core.GenericFakeChatModel):  # type: ignore[misc, name-defined]
        """Remembers what it is sent."""

        seen: list[Any] = []  # noqa: RUF012  (pydantic copies it for every instance)

        def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
            return self

        def _generate(self, messages: Any, *args: Any, **kwargs: Any) -> Any:
            self.seen.append(list(messages))
            return super()._generate(messages, *args, **kwargs)

    return FakeChatModel(messages=iter(list(responses)))
