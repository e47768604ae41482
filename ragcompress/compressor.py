"""Putting compressors together: `chain` runs one after the other and holds the budget at the end."""

from __future__ import annotations

from dataclasses import dataclass

from ragcompress.budget import TokenBudget
from ragcompress.context import Context
from ragcompress.errors import InvalidInput
from ragcompress.protocols import Compressor
from ragcompress.render import fit

__all__ = ["Chain", "chain"]


@dataclass(frozen=True, slots=True)
class Chain:
    """Compressors in a row; each sees what the one before it left."""

    links: tuple[Compressor, ...]

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Run the links, then `fit`: whatever a link did, the budget holds."""
        for link in self.links:
            context = link(context, budget)
        return fit(context, budget)

    def __repr__(self) -> str:
        return f"chain({', '.join(map(_name, self.links))})"


def chain(*compressors: Compressor) -> Compressor:
    """One compressor from several, run from left to right under the same budget.

    Raises:
        InvalidInput: A link is not callable; a common cause is a class where an instance is meant.
    """
    for link in compressors:
        if isinstance(link, type) or not callable(link):
            raise InvalidInput(f"chain needs compressors, (Context, TokenBudget) -> Context, not {link!r}")
    return Chain(compressors)


def _name(compressor: Compressor) -> str:
    return getattr(compressor, "__name__", None) or repr(compressor)
