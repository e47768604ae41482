"""A growing chat history within a token budget, without a language model and without breaking prompt caches.

Providers bill a prompt's beginning much less when it is, byte for byte, what was sent before. So a message is shortened
once, when it has left the window of the newest steps and the history is too long, and keeps those bytes from then on.
Everything is worked out from the history itself: the same messages give the same bytes, in every process.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ragcompress.core.budget import Counter, TokenBudget, embedded_count
from ragcompress.core.errors import InvalidInput
from ragcompress.core.protocols import Compressor
from ragcompress.core.types import Passage
from ragcompress.facade import compress
from ragcompress.integrations import chat
from ragcompress.integrations.labels import Labelled
from ragcompress.integrations.shrinking import Shrinking, name_of

__all__ = ["READ_EARLIER", "History", "HistoryCompressor"]

READ_EARLIER = "read_earlier"  # the tool by which a model reads what was said before
LOW = 0.6  # of the budget: to that much a history is brought, so that it is long until the next time


@dataclass(frozen=True, slots=True)
class History:
    """What to send, and the account of it.

    Attributes:
        messages: To be sent, of the kind that was given.
        tokens_in: Of the texts and tool calls given.
        tokens_out: Of those to be sent.
        cache_safe: Whether everything that was sent with the request before stands here with the same bytes.
        originals: The whole text of everything shortened, by the id in [brackets] before it.
        warnings: What the caller should know.
    """

    messages: list[Any]
    tokens_in: int
    tokens_out: int
    cache_safe: bool
    originals: dict[str, str]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True)
class HistoryCompressor:
    """``messages -> History``: older messages cut to the units that the question needs, newer ones as they are.

    System messages, the newest steps and what the user last asked in earnest stay byte for byte. A tool call and its
    answers are never parted. When the history is longer than the budget, older texts are shortened to what the user
    asked in their own time and is asking now, each behind an ``[id]`` by which its original can be had; if that is
    not enough, the oldest become stubs, then whole steps go and a note says how many.

    Attributes:
        budget: int (tokens of the embedded tokenizer) or `ragcompress.TokenBudget`. It covers texts and tool calls; a
            provider's own framing of messages comes on top.
        recent: How many of the newest steps stay whole; a step is a message, or tool calls with their answers.
        stable: Keep what was decided once, and decide anew only when the budget is reached (prompt caches work).
            False: judge all older messages by the present question, every time.
        compressor: A compressor or a method's name; None: the best one installed.
        min_tokens: Shorter texts are left alone.
        name: The id by which a whole text can be had; the same text has the same one.
        tool: The tool by which a model reads it.
    """

    budget: TokenBudget | int
    recent: int = 4
    stable: bool = True
    compressor: Compressor | str | None = None
    min_tokens: int = 48
    name: Callable[[str], str] = field(default=name_of, repr=False)
    tool: str = field(default=READ_EARLIER, repr=False)
    look: Callable[[Any], chat.Seen] = field(default=chat.look, repr=False)
    put: Callable[[Any, Sequence[str]], Any] = field(default=chat.put, repr=False)
    note: Callable[[str], Any] = field(default=chat.note, repr=False)
    _memo: dict[Any, list[str]] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        limit = self.limit
        if isinstance(limit, bool) or not isinstance(limit, int) or limit < 1:
            raise InvalidInput(f"budget must be tokens (an int above 0) or a TokenBudget, not {self.budget!r}")
        if self.recent < 1:
            raise InvalidInput(f"recent must be 1 or more, not {self.recent}: the newest step is what is answered")

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_memo": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)

    @property
    def limit(self) -> int:
        """The most tokens that a history may have."""
        return self.budget.limit if isinstance(self.budget, TokenBudget) else self.budget

    @property
    def count(self) -> Counter:
        """What counts tokens."""
        return self.budget.count if isinstance(self.budget, TokenBudget) else embedded_count

    def __call__(self, messages: Iterable[Any]) -> History:
        """The history to send for the request that ``messages`` make; they are never changed.

        Raises:
            InvalidInput: Something is no message.
        """
        given = list(messages)
        work = Shrinking(self, [self.look(message) for message in given])
        safe = True
        for stop in work.requests():
            safe = work.reach(stop, int(self.limit * LOW) if self.stable else self.limit)
        return History(
            messages=self._messages(given, work),
            tokens_in=sum(work.told) + sum(map(sum, work.whole)),
            tokens_out=work.size(len(work.steps)),
            cache_safe=safe,
            originals={self.name(text): text for text in work.shortened()},
            warnings=work.warnings(),
        )

    def _messages(self, given: Sequence[Any], work: Shrinking) -> list[Any]:
        """Copies with what is shown; a note where steps went."""
        out: list[Any] = []
        for at, step in enumerate(work.steps):
            if at not in work.gone:
                texts = [(given[number], number, work.texts(number)) for number in step]
                same = [texts == list(work.seen[number].texts) for _, number, texts in texts]
                out += [m if s else self.put(m, t) for (m, _, t), s in zip(texts, same, strict=True)]
            elif at == min(work.gone):
                number = sum(len(work.steps[gone]) for gone in work.gone)
                out.append(self.note(f"[{number} earlier messages left out]"))
        return out

    def original(self, messages: Iterable[Any], name: str) -> str | None:
        """The whole text that is shown shortened as ``[name]`` in what came of ``messages``; None: none of them."""
        wanted = name.strip().strip("[]\"' ")
        texts = (text for message in messages for text in self.look(message).texts)
        return next((text for text in texts if wanted and self.name(text) == wanted), None)

    def shorten(self, question: str, texts: Sequence[str], limit: int) -> list[str]:
        """What is shown of each text, within ``limit`` tokens together; "" for nothing."""
        key = (question, tuple(texts), limit)
        if key not in self._memo:
            look = Labelled(tuple(map(self.name, texts)), always=False, tool=self.tool)
            passages = [Passage(text) for text in texts]
            found = compress(question, passages, TokenBudget(limit, self.count, look), self.compressor)
            shown: dict[int, str] = {}
            for at, body in look.bodies(found.context):
                shown[at] = f"{shown[at]}\n{body}" if at in shown else body
            while len(self._memo) > 256:
                self._memo.pop(next(iter(self._memo)), None)
            self._memo[key] = [shown.get(at, "") for at in range(len(texts))]
        return self._memo[key]
