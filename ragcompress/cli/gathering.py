"""Reading many files for an index: none of them stops the others, and what was left out is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter

from ragcompress.cli.output import console, counted
from ragcompress.core.types import Passage
from ragcompress.documents.files import read_lenient
from ragcompress.documents.inventory import filed
from ragcompress.documents.sources import Skipped, expand
from ragcompress.retriever.build import progress_bar

__all__ = ["Gathered", "gather", "say_skipped"]

_NAMED = 200  # skipped files of one kind that are named on the screen; --json names all


@dataclass(slots=True)
class Gathered:
    """What was found.

    Attributes:
        passages: Of every file that was read, by its path.
        digests: Of every file that has text, those that were not read again included.
        skipped: What was left out, and why.
    """

    passages: dict[str, list[Passage]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)

    @property
    def all(self) -> list[Passage]:
        """The passages of all files, in order."""
        return [passage for each in self.passages.values() for passage in each]


def gather(
    files: Sequence[str], *, exclude: Sequence[str], column: str, strict: bool, known: Mapping[str, str]
) -> Gathered:
    """Read files and folders; a file whose digest is ``known`` is not parsed again.

    Raises:
        InvalidInput: A path does not exist; a file that was named, or with ``strict`` any file, can't be read.
    """
    found, sources = Gathered(), expand(files, exclude)
    with progress_bar("reading files", len(sources), shown=len(sources) > 1) as step:
        for source in sources:
            content = read_lenient(source, column=column, strict=strict, known=known.get(source.where, ""))
            found.skipped += content.skipped
            if content.unchanged or content.passages:
                found.digests[source.where] = content.digest
            if content.passages:
                found.passages[source.where] = filed(content, source)
            if step is not None:
                step(1)
    return found


def say_skipped(skipped: Sequence[Skipped]) -> None:
    """Name every file that was left out, those with the same reason together."""
    if not skipped:
        return
    out = console()
    out.print(f"skipped {counted(len(skipped), 'file')}:", markup=False)
    for why, group in groupby(sorted(skipped, key=attrgetter("why", "where")), key=attrgetter("why")):
        names = [each.where for each in group]
        shown = ", ".join(names[:_NAMED]) + (f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else "")
        out.print(f"  {why}: {shown}", markup=False, soft_wrap=True)
