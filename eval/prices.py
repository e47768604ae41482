"""What questions cost: prices a million tokens, in dollars, which the reader can change."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ragcompress.core.errors import InvalidInput

from .answers import AnswerRow

__all__ = ["PRICES", "Price", "dollars", "read_prices"]


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars a million tokens.

    Attributes:
        read: Of the prompt.
        cached: Of the part of it that the server's prompt cache holds.
        written: Of the answer.
    """

    read: float
    cached: float
    written: float


PRICES = {"small": Price(0.15, 0.075, 0.60), "large": Price(2.50, 1.25, 10.00)}
"""Two examples of the order of hosted models' list prices, not anybody's offer: bring your own with ``--prices``."""


def read_prices(path: Path) -> dict[str, Price]:
    """A table from JSON: ``{"name": {"read": …, "cached": …, "written": …}, …}``.

    Raises:
        InvalidInput: It is of another form.
    """
    try:
        return {name: Price(**row) for name, row in json.loads(path.read_text(encoding="utf-8")).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidInput(
            f'{path} must hold {{"name": {{"read": 0.15, "cached": 0.075, "written": 0.6}}}}, dollars a million '
            f"tokens: {error}"
        ) from error


def dollars(rows: Iterable[AnswerRow], price: Price) -> float:
    """What a thousand such questions cost.

    >>> row = AnswerRow("d", "q", "full", prompt_tokens=1000, cached_tokens=200, completion_tokens=10)
    >>> round(dollars([row], Price(1.0, 0.5, 2.0)), 3)
    0.92
    """
    paid = [
        (row.prompt_tokens - row.cached_tokens) * price.read
        + row.cached_tokens * price.cached
        + row.completion_tokens * price.written
        for row in rows
    ]
    return sum(paid) / max(len(paid), 1) / 1_000
