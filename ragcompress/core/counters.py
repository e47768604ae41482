"""A way to count from whatever the reader has: its tokenizer, or a model that brings one. Never by the network.

Counters are partial applications of plain functions, so they pickle wherever their tokenizer does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from ragcompress.core.budget import Counter, OffsetCounter, parts
from ragcompress.core.errors import InvalidInput
from ragcompress.core.segment import sanitise
from ragcompress.core.wordwise import Wordwise, is_wordwise

__all__ = ["counter"]


def counter(source: Any) -> Counter:
    """A way to count from a tokenizer or model.

    Args:
        source: A Hugging Face tokenizer, a ``tokenizers.Tokenizer``, a tiktoken encoding, a LangChain model with a
            tokenizer of its own, or any callable ``str -> int`` (returned as it is).

    Returns:
        ``str -> int``; special tokens are not counted, lone surrogates are.

    Raises:
        InvalidInput: ``source`` is none of these, or a model that would count by the network.
    """
    source = _unwrapped(source)
    if hasattr(source, "get_num_tokens"):  # LangChain models; some are callable too, so this comes first
        return _of_model(source)
    if hasattr(source, "encode_ordinary"):  # tiktoken
        return partial(_length, source.encode_ordinary)
    if hasattr(source, "encode") and hasattr(source, "no_truncation"):  # tokenizers.Tokenizer
        bare = type(source).from_str(source.to_str())  # a copy: the caller's truncation stays as it is
        bare.no_truncation()
        bare.no_padding()
        return partial(_by_words, Wordwise(bare)) if is_wordwise(bare) else OffsetCounter(partial(_offsets, bare))
    if getattr(source, "is_fast", False) and callable(source):  # transformers, with offsets
        return OffsetCounter(partial(_mapped, source))
    if hasattr(source, "encode") and hasattr(source, "decode"):  # transformers
        return partial(_length, partial(source.encode, add_special_tokens=False, truncation=False, verbose=False))
    if callable(source):
        count: Counter = source
        return count
    raise InvalidInput(f"can't count tokens with a {type(source).__name__}; pass a tokenizer or a callable str -> int")


def _unwrapped(source: Any) -> Any:
    """The model inside ``model.bind(…)``, ``.with_retry()``, ``.with_fallbacks(…)``, which pass its methods through."""
    while True:
        inside = [own for name in _INSIDE if hasattr(own := getattr(source, "__dict__", {}).get(name), "invoke")]
        if not inside:
            return source
        source = inside[0]


_INSIDE = ("bound", "runnable", "default")  # where LangChain's wrappers keep what they wrap


def _of_model(model: Any) -> Counter:
    """A LangChain model's own way to count: what its user gave it, its tokenizer, or code that is no provider's."""
    ids = getattr(model, "custom_get_token_ids", None)
    if callable(ids):
        return partial(_length, ids)
    tokenizer = getattr(model, "tokenizer", None) or getattr(getattr(model, "pipeline", None), "tokenizer", None)
    if hasattr(tokenizer, "encode"):
        return counter(tokenizer)
    if _counts_itself(type(model)):
        return partial(_asked, model)
    raise InvalidInput(
        f"{type(model).__name__} has no tokenizer of its own: LangChain would fetch one, or ask the provider, over the "
        "network. Pass the model's tokenizer (Hugging Face's or tiktoken's) to ragcompress.counter, or give the model "
        "custom_get_token_ids=…"
    )


def _counts_itself(kind: type) -> bool:
    """Whether the class that says how to count is the user's; LangChain's and its providers' may use the network."""
    names = ("get_num_tokens", "get_token_ids")
    maker = next((one for one in kind.__mro__ if any(name in vars(one) for name in names)), object)
    return not maker.__module__.partition(".")[0].startswith("langchain")


def _asked(model: Any, text: str) -> int:
    return int(model.get_num_tokens(sanitise(text)))


def _length(encode: Callable[[str], Sequence[Any]], text: str) -> int:
    return len(encode(sanitise(text)))


def _by_words(words: Wordwise, text: str) -> int:
    return sum(map(words.count, parts(sanitise(text))))


def _offsets(tokenizer: Any, text: str) -> Sequence[tuple[int, int]]:
    found: Sequence[tuple[int, int]] = tokenizer.encode(text, add_special_tokens=False).offsets
    return found


def _mapped(tokenizer: Any, text: str) -> Sequence[tuple[int, int]]:
    found = tokenizer(text, add_special_tokens=False, truncation=False, verbose=False, return_offsets_mapping=True)[
        "offset_mapping"
    ]
    return [(start, end) for start, end in found]
