"""The laws as a pytest class: inherit it, give the compressor, and pytest runs one test per law.

class TestMine(CompressorStandardTests):
    @property
    def compressor(self):
        return MyCompressor()
"""

from __future__ import annotations

from typing import ClassVar

from ragcompress.core.protocols import Compressor
from ragcompress.testing.check import LawBroken, broken_laws

__all__ = ["CompressorStandardTests"]


class CompressorStandardTests:
    """One test per law of `ragcompress.testing.LAWS`; pytest itself is not imported here.

    Attributes:
        cases: How many random contexts.
        seed: Which ones.
    """

    cases: ClassVar[int] = 250
    seed: ClassVar[int] = 0
    _found: ClassVar[dict[type, dict[int, LawBroken]]] = {}  # the contexts are run once for all tests of a class

    @property
    def compressor(self) -> Compressor:
        """The compressor under test; override it."""
        raise NotImplementedError(f"{type(self).__name__} must override the property `compressor`")

    def test_query_and_passages_stay_the_same_objects(self) -> None:
        """Law 1."""
        self._hold(1)

    def test_kept_spans_lie_in_their_passages_and_never_overlap(self) -> None:
        """Law 2."""
        self._hold(2)

    def test_new_text_only_enters_through_rewrite(self) -> None:
        """Law 3."""
        self._hold(3)

    def test_budget_holds(self) -> None:
        """Law 4."""
        self._hold(4)

    def test_same_in_same_out(self) -> None:
        """Law 5."""
        self._hold(5)

    def test_kept_units_are_whole_and_keep_what_they_need(self) -> None:
        """Law 6."""
        self._hold(6)

    def test_no_two_pieces_are_joined_into_one_sentence(self) -> None:
        """Law 7."""
        self._hold(7)

    def test_always_answers_and_is_never_longer_than_uncompressed(self) -> None:
        """Law 8."""
        self._hold(8)

    def test_repr_names_it_the_same_in_every_run(self) -> None:
        """A repr goes into result tables, so it must not hold a memory address."""
        name = getattr(self.compressor, "__name__", None) or repr(self.compressor)
        assert " at 0x" not in name, f"{name!r} differs between runs; a frozen dataclass has a repr that does not"

    def _hold(self, law: int) -> None:
        found = self._found.get(type(self))
        if found is None:
            found = self._found[type(self)] = broken_laws(self.compressor, cases=self.cases, seed=self.seed)
        if law in found:
            raise found[law]
