"""Putting compressors together: `chain` runs one after the other and holds the budget at the end."""

from __future__ import annotations

from dataclasses import dataclass

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Compressor
from ragcompress.core.render import fit

__all__ = ["Chain", "chain"]


@dataclass(frozen=True, slots=True)
class Chain:
    """Compressors in a row; each sees what the one before it left."""

    links: tuple[Compressor, ...]

    def __call__(self, context: Context, budget: TokenBudget) -> Context:
        """Run the links, then `fit`: whatever a link did, the budget holds."""
        return fit(self.step(context, budget), budget)

    def step(self, context: Context, budget: TokenBudget) -> Context:
        """Run the links alone.

        A link that filters or reorders has a ``step`` that leaves the budget to what follows: were it to hold the
        budget itself, the links behind it would see only the first passages.
        """
        for link in self.links:
            context = getattr(link, "step", link)(context, budget)
        return context

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
