"""Hugging Face models by name, folder or instance: loaded once, from this machine only, on the best device."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from ragcompress.core.errors import InvalidInput, ModelError, require

__all__ = ["Loaded", "find", "load"]


class Loaded(NamedTuple):
    """A model in evaluation mode with its tokenizer and the device it lies on."""

    model: Any
    tokenizer: Any
    device: str
    name: str


def find(name: str) -> None:
    """Make sure that a model's folder, or what was downloaded under its name, is here; nothing is loaded.

    Raises:
        ModelError: It is not.
        MissingExtra: transformers is not installed.
    """
    if Path(name).is_dir():
        return
    try:
        found = require("huggingface_hub", "generators").try_to_load_from_cache(name, "config.json")
    except ValueError:  # no name that a model can have
        found = None
    if not isinstance(found, str):
        raise ModelError(
            f"no model {name!r} is on this machine, and nothing is downloaded here; fetch it first (hf download NAME), "
            "or name a folder"
        )


def load(source: Any, kind: str, *, device: str | None = None) -> Loaded:
    """Load a model for inference.

    Args:
        source: A name or folder that is on this machine, or a pair (model, tokenizer).
        kind: The transformers class: ``"AutoModelForCausalLM"``, ``"AutoModelForSeq2SeqLM"``, …
        device: Torch device; the GPU if there is one when None.

    Raises:
        ModelError: It is not on this machine or can't be read. Nothing is downloaded.
        MissingExtra: torch or transformers is not installed.
        InvalidInput: ``source`` is neither a str nor a pair.
    """
    torch = require("torch", "generators")
    place = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if isinstance(source, str):
        model, tokenizer = _from_disk(source, kind)
        return Loaded(model.to(place).eval(), tokenizer, place, source)
    if isinstance(source, tuple) and len(source) == 2:
        model, tokenizer = source
        return Loaded(model.to(place).eval(), tokenizer, place, type(model).__name__)
    raise InvalidInput(f"a model is a name, a folder or a pair (model, tokenizer), not {type(source).__name__}")


def _from_disk(name: str, kind: str) -> tuple[Any, Any]:
    transformers = require("transformers", "generators")
    try:
        model = getattr(transformers, kind).from_pretrained(name, local_files_only=True)
        return model, transformers.AutoTokenizer.from_pretrained(name, local_files_only=True)
    except (OSError, ValueError, KeyError) as error:
        raise ModelError(
            f"can't load {name!r} as {kind} from this machine, and nothing is downloaded here: {error}. Fetch it "
            "first (hf download NAME), or pass a folder or a pair (model, tokenizer)"
        ) from error
