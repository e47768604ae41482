"""One chat history on its way from its first request to its last: what is shown of each text by then."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Protocol

from ragcompress.core.budget import Counter
from ragcompress.integrations.chat import Seen, steps
from ragcompress.integrations.questions import asked, is_substantial

__all__ = ["Settings", "Shrinking", "name_of"]

NOTE = 12  # tokens of the note that says how many messages were left out
STUB = 10  # tokens of what stands for a text of which nothing is shown
Place = tuple[int, int]
"""A message's number and a text's number in it."""


class Settings(Protocol):
    """What is read of a `ragcompress.HistoryCompressor`."""

    @property
    def limit(self) -> int: ...
    @property
    def count(self) -> Counter: ...
    @property
    def recent(self) -> int: ...
    @property
    def stable(self) -> bool: ...
    @property
    def min_tokens(self) -> int: ...
    @property
    def name(self) -> Callable[[str], str]: ...
    @property
    def shorten(self) -> Callable[[str, Sequence[str], int], list[str]]: ...


def name_of(text: str) -> str:
    """The id of a text: six hex digits made of it."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]


class Shrinking:
    """Everything that is decided about a history; decisions are made in order and never taken back.

    Attributes:
        seen: The messages.
        steps: Which of them stand or fall together.
        gone: The numbers of the steps that are left out.
        told: Tokens of each message that nobody shortens.
        whole: Tokens of each text of each message, as it came.
    """

    def __init__(self, settings: Settings, seen: Sequence[Seen]) -> None:
        self.settings, self.seen = settings, seen
        self.steps = steps(seen)
        self.gone: set[int] = set()
        count = settings.count
        self.told = [count(message.told) if message.told else 0 for message in seen]
        self.whole = [[count(text) if text else 0 for text in message.texts] for message in seen]
        self._sizes = [list(sizes) for sizes in self.whole]
        self._shown: dict[Place, str] = {}
        self._total, self._upto = 0, 0  # tokens of the first steps, and how many steps these are
        self._over = False

    def requests(self) -> list[int]:
        """After how many steps the model was asked: before each of its own messages, and now."""
        if not self.settings.stable:
            return [len(self.steps)]
        first = [step.start for step in self.steps]
        earlier = [at for at in range(1, len(first)) if self.seen[first[at]].role == "assistant"]
        return [*earlier, len(self.steps)]

    def size(self, stop: int) -> int:
        """Tokens of the first ``stop`` steps as they are shown now; ``stop`` never gets less."""
        for at in range(self._upto, stop):
            self._total += self._step(at)
        self._upto = max(stop, self._upto)
        return self._total + (NOTE if self.gone else 0)

    def reach(self, stop: int, target: int) -> bool:
        """If the first ``stop`` steps exceed the limit, bring them to ``target``; True if nothing was changed."""
        self._over = False
        limit = self.settings.limit
        if self.size(stop) <= limit:
            return True
        for recent in range(self.settings.recent, 0, -1):
            old = self._old(stop, recent)
            self._cut(old, stop, target)
            if self.size(stop) > limit:
                self._stub(old, target)
            if self.size(stop) > limit:
                self._leave_out(old, (target + limit) // 2)
            if self.size(stop) <= limit:
                return False
        self._over = True
        return False

    def texts(self, number: int) -> list[str]:
        """What is shown of a message's texts."""
        return [self._shown.get((number, block), text) for block, text in enumerate(self.seen[number].texts)]

    def shortened(self) -> list[str]:
        """The whole texts of which something else is shown."""
        left_out = {number for at in self.gone for number in self.steps[at]}
        return [self.seen[number].texts[block] for number, block in sorted(self._shown) if number not in left_out]

    def warnings(self) -> tuple[str, ...]:
        """What the caller should know about the last request."""
        if not self._over:
            return ()
        return (
            f"the newest step, system messages and the question alone have {self.size(self._upto)} tokens, limit "
            f"{self.settings.limit}; shorten tool results as they come, or raise the budget",
        )

    def _step(self, at: int) -> int:
        return sum(self.told[number] + sum(self._sizes[number]) for number in self.steps[at])

    def _old(self, stop: int, recent: int) -> list[int]:
        """Steps that may be touched: all but system messages, the newest, and what the user last asked in earnest."""
        role = [self.seen[step.start].role for step in self.steps[:stop]]
        users = [at for at in range(stop) if role[at] == "user"]
        earnest = [at for at in users if is_substantial(" ".join(self.seen[self.steps[at].start].texts))]
        fixed = set((earnest or users)[-1:]) | self.gone
        return [at for at in range(max(stop - recent, 0)) if at not in fixed and role[at] != "system"]

    def _cut(self, old: Sequence[int], stop: int, target: int) -> None:
        """Shorten what was not shortened before; where there is little room, the oldest excerpts become stubs."""
        least = self.settings.min_tokens
        fresh = [place for place in self._places(old) if self._size(place) >= least and place not in self._shown]
        if not fresh:
            return
        size = sum(map(self._size, fresh))
        self._stub(old, target - min(size // 8, target // 4) + size)
        room = target - (self.size(stop) - size) - STUB * len(fresh)
        for question, places in self._groups(fresh, stop):
            share = room * sum(map(self._size, places)) // size
            texts = [self.seen[number].texts[block] for number, block in places]
            found = self.settings.shorten(question, texts, share) if share > STUB else [""] * len(texts)
            for place, text in zip(places, found, strict=True):
                self._show(place, text or self._name(place))

    def _groups(self, fresh: Sequence[Place], stop: int) -> list[tuple[str, list[Place]]]:
        """Texts that are judged by one question: the present one, or, for good, also the one of their own time."""
        last = self.steps[stop - 1].stop
        groups: dict[str, list[Place]] = {}
        for place in fresh:
            now, then = self._question(last), self._question(place[0]) if self.settings.stable else ""
            question = f"{then} {now}" if then and then not in now else now
            groups.setdefault(question, []).append(place)
        return list(groups.items())

    def _stub(self, old: Sequence[int], target: int) -> None:
        """Only the names of what was shortened before, the oldest first, until the target is met."""
        for place in self._places(old):
            if self.size(self._upto) <= target:
                return
            if place in self._shown:
                self._show(place, self._name(place))

    def _leave_out(self, old: Sequence[int], target: int) -> None:
        """Whole steps, the oldest first, until the target is met."""
        for at in old:
            if self.size(self._upto) <= target:
                return
            self._total -= self._step(at)
            self.gone.add(at)

    def _places(self, old: Sequence[int]) -> list[Place]:
        numbers = [number for at in old for number in self.steps[at]]
        return [(number, block) for number in numbers for block in range(len(self._sizes[number]))]

    def _size(self, place: Place) -> int:
        return self._sizes[place[0]][place[1]]

    def _show(self, place: Place, text: str) -> None:
        size = self.settings.count(text)
        if size < self._size(place):
            self._total += size - self._size(place)
            self._shown[place] = text
            self._sizes[place[0]][place[1]] = size

    def _name(self, place: Place) -> str:
        number, block = place
        return f"[{self.settings.name(self.seen[number].texts[block])}] … {self.whole[number][block]} tokens"

    def _question(self, last: int) -> str:
        """What the user asked by message ``last``."""
        users = ["\n".join(message.texts) for message in self.seen[:last] if message.role == "user"]
        return asked(users, None, "What was decided, and what is to be done next?")
