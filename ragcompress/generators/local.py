"""A causal language model of Hugging Face's kind, run here by transformers (extra ``generators``)."""

from __future__ import annotations

from collections.abc import Sequence
from time import perf_counter
from typing import Any

from ragcompress.core.errors import InvalidInput, ModelError, require
from ragcompress.core.forks import cached_property
from ragcompress.generators.chat import Completing, Message, OnText, Reply, Usage, clean
from ragcompress.generators.loading import Loaded, load

__all__ = ["LocalChat"]


class LocalChat(Completing):
    """A local causal model; with the tokenizer's chat template, or without one the messages one below the other.

    Greedy, hence deterministic. Nothing is downloaded.

    Args:
        model: A name or folder on this machine, or a pair (model, tokenizer).
        device: Torch device; the GPU if there is one when None.
        max_tokens: The longest answer.

    Raises:
        InvalidInput: ``max_tokens`` is below 1.
    """

    def __init__(self, model: Any, *, device: str | None = None, max_tokens: int = 256) -> None:
        if max_tokens < 1:
            raise InvalidInput(f"max_tokens must be at least 1, not {max_tokens}")
        self._source, self._device, self.max_tokens = model, device, max_tokens

    def __repr__(self) -> str:
        name = self._source if isinstance(self._source, str) else type(self._source[0]).__name__
        return f"LocalChat({name!r}, max_tokens={self.max_tokens})"

    def reply(self, messages: Sequence[Message], on_text: OnText | None = None) -> Reply:
        """Answer ``messages``.

        Raises:
            ModelError: The prompt and the answer do not fit the model, or it is not on this machine.
            MissingExtra: torch or transformers is not installed.
        """
        ids = self._ids(messages)
        torch, heard = require("torch", "generators"), _Heard(self._loaded.tokenizer, on_text)
        prompt = torch.tensor([ids], device=self._loaded.device)
        with torch.inference_mode():
            out = self._loaded.model.generate(
                input_ids=prompt,
                attention_mask=torch.ones_like(prompt),
                max_new_tokens=self.max_tokens,
                do_sample=False,
                streamer=heard,
                pad_token_id=self._loaded.tokenizer.pad_token_id or self._loaded.tokenizer.eos_token_id or 0,
            )
        usage = Usage(len(ids), int(out.shape[1]) - len(ids))
        return Reply(heard.text, usage, heard.first_s, perf_counter() - heard.began)

    @cached_property
    def _loaded(self) -> Loaded:
        return load(self._source, "AutoModelForCausalLM", device=self._device)

    def _ids(self, messages: Sequence[Message]) -> list[int]:
        tokenizer, sent = self._loaded.tokenizer, clean(messages)
        if getattr(tokenizer, "chat_template", None):
            text = tokenizer.apply_chat_template(sent, add_generation_prompt=True, tokenize=False)
        else:
            text = "\n\n".join(one["content"] for one in sent) + "\nAnswer:"
        ids = list(tokenizer(text, add_special_tokens=not getattr(tokenizer, "chat_template", None))["input_ids"])
        room = int(getattr(self._loaded.model.config, "max_position_embeddings", 0) or 1 << 30)
        if len(ids) + self.max_tokens > room:
            raise ModelError(
                f"the prompt of {len(ids)} tokens and an answer of {self.max_tokens} do not fit the model's {room} "
                "positions; give a smaller budget"
            )
        return ids


class _Heard:
    """Decodes tokens as they come, as `generate` wants its streamer to."""

    def __init__(self, tokenizer: Any, on_text: OnText | None) -> None:
        self._tokenizer, self._on_text = tokenizer, on_text
        self._ids: list[int] | None = None
        self.text, self.first_s, self.began = "", None, perf_counter()  # type: str, float | None, float

    def put(self, value: Any) -> None:
        """New tokens; the first call brings the prompt."""
        if self._ids is None:
            self._ids = []
            return
        self._ids.extend(value.reshape(-1).tolist())
        text = self._tokenizer.decode(self._ids, skip_special_tokens=True)
        if not text.endswith("\ufffd"):  # half a character: the next token brings the rest
            self._told(text)

    def end(self) -> None:
        """No more tokens."""
        self._told(self._tokenizer.decode(self._ids or [], skip_special_tokens=True))

    def _told(self, text: str) -> None:
        new, self.text = text[len(self.text) :], text
        if new and self.first_s is None:
            self.first_s = perf_counter() - self.began
        if new and self._on_text is not None:
            self._on_text(new)
