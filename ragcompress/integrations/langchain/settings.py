"""Settings that can't be, said in one sentence: pydantic's own message is long and names its website."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from pydantic import ValidationError

from ragcompress.core.errors import InvalidInput, RagCompressError

__all__ = ["plainly"]


@contextmanager
def plainly(owner: str) -> Iterator[None]:
    """Turn pydantic's error about the settings of ``owner`` into ours.

    Raises:
        InvalidInput: What was wrong, with the name of the setting.
    """
    try:
        yield
    except ValidationError as error:
        found = [_said(each) for each in error.errors(include_url=False)]
        raise InvalidInput(f"{owner}: {'; '.join(found)}") from error


def _said(each: Mapping[str, Any]) -> str:
    own = each.get("ctx", {}).get("error")
    if isinstance(own, RagCompressError):
        return str(own)
    name = ".".join(map(str, each["loc"]))
    if each["type"] == "missing":
        return f"{name} is missing; give it"
    if each["type"] == "extra_forbidden":
        return f"there is no setting {name!r}"
    return f"{name}: {each['msg']}, not {each['input']!r}"
