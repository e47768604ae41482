"""What one file may come to, with all that lies in it."""

from __future__ import annotations

from dataclasses import dataclass

from ragcompress.core.errors import InvalidInput
from ragcompress.documents.formats.page import MOST_BYTES

__all__ = ["Bomb", "Room"]

MOST_TEXT = MOST_BYTES
"""Characters that one file may give: repeated names and shared cells make much of little."""


class Bomb(InvalidInput):
    """Not only this file is refused, but the one that it came in."""


@dataclass(slots=True)
class Room:
    """What one file may still unpack, in bytes, and give, in characters; archives in it share this."""

    data: int = MOST_BYTES
    text: int = MOST_TEXT

    def take(self, where: str, *, data: int = 0, text: int = 0) -> None:
        """Use some of it.

        Raises:
            Bomb: There is not so much left.
        """
        self.data, self.text = self.data - data, self.text - text
        if self.data < 0 or self.text < 0:
            most = f"{MOST_BYTES:,} bytes" if self.data < 0 else f"{MOST_TEXT:,} characters"
            raise Bomb(f"{where} unpacks to more than {most}; unpack it yourself if you trust it")
