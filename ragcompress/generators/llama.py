"""A quantised model in a GGUF file, run here by llama.cpp (extra ``llama``)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from ragcompress.core.errors import InvalidInput, ModelError, require
from ragcompress.core.forks import cached_property
from ragcompress.core.segment import sanitise
from ragcompress.generators.chat import Completing, OnText, Reply, Usage, clean, gather
from ragcompress.generators.prompting import Message

__all__ = ["LlamaChat"]

HEAD = 1 << 20  # bytes of the file that stand for its content, with its size


class LlamaChat(Completing):
    """A local GGUF model with a chat template, loaded at first use; greedy, hence deterministic.

    Every prompt is read from its beginning, so that times can be compared; a server with a prompt cache is quicker on
    prompts that begin alike.

    Args:
        path: The file.
        window: Tokens of prompt and answer together; memory grows with it.
        threads: Threads; llama.cpp's own choice when None.
        max_tokens: The longest answer.

    Raises:
        InvalidInput: There is no such file, or it is no GGUF.
    """

    def __init__(
        self, path: str | Path, *, window: int = 8_192, threads: int | None = None, max_tokens: int = 256
    ) -> None:
        self.path = Path(path)
        self.window, self.max_tokens, self._threads = window, max_tokens, threads
        if not self.path.is_file():
            raise InvalidInput(f"there is no file {str(self.path)!r}; give the path of a .gguf file")
        with self.path.open("rb") as file:
            head = file.read(HEAD)
        if head[:4] != b"GGUF":
            raise InvalidInput(f"{str(self.path)!r} is no GGUF file: it begins with {head[:4]!r}, not b'GGUF'")
        self._digest = sha256(head + str(self.path.stat().st_size).encode()).hexdigest()[:12]

    def __repr__(self) -> str:
        return f"LlamaChat({self.path.name!r}, {self._digest}, max_tokens={self.max_tokens})"

    def count(self, text: str) -> int:
        """Tokens of ``text`` by the model's own tokenizer, without special ones."""
        return len(self._model.tokenize(sanitise(text).encode(), add_bos=False))

    def reply(self, messages: Sequence[Message], on_text: OnText | None = None) -> Reply:
        """Answer ``messages``.

        Raises:
            ModelError: The prompt and the answer do not fit the window, or the file can't be run.
            MissingExtra: llama-cpp-python is not installed.
        """
        sent = clean(messages)
        size = sum(self.count(message["content"]) + 8 for message in sent)  # 8: the template's marks, at most
        if size + self.max_tokens > self.window:
            raise ModelError(
                f"the prompt of {size} tokens and an answer of {self.max_tokens} do not fit the window of "
                f"{self.window}; give a smaller budget, or LlamaChat(…, window={size + self.max_tokens})"
            )
        self._model.reset()
        said = gather(self._pieces(sent), on_text)
        written = self.count(said.text)
        return Reply(said.text, Usage(int(self._model.n_tokens) - written, written), said.first_s, said.seconds)

    def _pieces(self, messages: Sequence[Message]) -> Iterator[str]:
        for chunk in self._model.create_chat_completion(
            list(messages), stream=True, temperature=0.0, max_tokens=self.max_tokens
        ):
            yield chunk["choices"][0]["delta"].get("content") or ""

    @cached_property
    def _model(self) -> Any:
        library = require("llama_cpp", "llama")
        try:
            return library.Llama(
                str(self.path), n_ctx=self.window, n_threads=self._threads, n_threads_batch=self._threads, verbose=False
            )
        except ValueError as error:
            raise ModelError(f"llama.cpp can't run {str(self.path)!r}: {error}") from error
