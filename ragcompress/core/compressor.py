"""Putting compressors together: `chain` runs one after the other and holds the budget at the end."""

from __future__ import annotations

from dataclasses import dataclass
from inspect import signature

from ragcompress.core.budget import TokenBudget
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Compressor
from ragcompress.core.render import fit

__all__ = ["Chain", "chain", "is_compressor"]


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
        InvalidInput: A link is not callable with a context and a budget; common causes are a class where an instance
            is meant, and a predicate without ``protect`` around it.
    """
    for link in compressors:
        if not is_compressor(link):
            raise InvalidInput(
                f"chain needs compressors, (Context, TokenBudget) -> Context, not {link!r}; what tells of a text "
                "whether it must stay goes into ragcompress.protect(…)"
            )
    return Chain(compressors)


def is_compressor(given: object) -> bool:
    """Whether something can be called with a context and a budget, as far as its signature says."""
    if isinstance(given, type) or not callable(given):
        return False
    try:
        signature(given).bind(None, None)
    except TypeError:
        return False
    except ValueError:  # written in C, without a signature
        return True
    return True


def _name(compressor: Compressor) -> str:
    return getattr(compressor, "__name__", None) or repr(compressor)
