"""Sets that are closed under needs: who keeps a unit keeps what it can't be understood without.

All functions speak of segment numbers. `links` reads the needs off a context once; the others choose by them. A need
that no segment of the context covers any more can't be met, and one that the passage's title meets (every rendering
then shows the title) costs nothing: neither is a link.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import replace
from heapq import heapify, heappop, heappush
from itertools import islice

from ragcompress.core.context import Context
from ragcompress.core.select import worth
from ragcompress.core.types import Segment, Span

__all__ = [
    "Links",
    "choose",
    "claims",
    "closed",
    "keep_closed",
    "links",
    "named_by_title",
    "sustained",
    "untitled",
]

Links = Sequence[Sequence[int]]
"""For every segment the numbers of those that it needs directly."""

_REFERS = re.compile(
    r"\W*(he|she|it|they|his|her|hers|its|their|this|these|that|those|er|sie|es|ihr|ihre|sein|seine|"
    r"il|elle|ils|elles|él|ella|ellos|ellas|он|она|оно|они|他|她|它)\b", re.IGNORECASE
)  # fmt: skip


def links(context: Context) -> list[list[int]]:
    """For every segment those that cover what it needs, in reading order.

    >>> from ragcompress.core.types import Unit
    >>> rows = lambda text: [Unit(0, 5), Unit(5, 9, ((0, 5),))]
    >>> links(Context.of("q", ["Head\\nrow."]).split(rows))
    [[], [0]]
    """
    found: list[list[int]] = [[] for _ in context.segments]
    if not any(segment.needs for segment in context.segments):
        return found
    places: dict[int, list[tuple[int, int, int]]] = {}
    for at, segment in enumerate(context.segments):
        for span in segment.support:
            places.setdefault(span.passage, []).append((span.start, span.end, at))
    starts = {}
    for passage, own in places.items():
        own.sort()
        starts[passage] = [start for start, _, _ in own]
    titles = [_title(context, passage) for passage in range(len(context.passages))]
    for at, segment in enumerate(context.segments):
        for need in segment.needs:
            if titles[need.passage] and named_by_title(context, segment, need):
                continue
            own = places.get(need.passage, [])
            first = bisect_left(starts.get(need.passage, []), need.end) - 1
            covering = set[int]()
            while first >= 0 and own[first][1] > need.start:
                covering.add(own[first][2])
                first -= 1
            found[at].extend(sorted(covering - {at} - set(found[at])))
    return found


def named_by_title(context: Context, segment: Segment, need: Span) -> bool:
    """Whether the passage's title says what ``need`` is needed for: whom "she" means, or the heading itself."""
    title = _title(context, need.passage)
    if not title:
        return False
    needed = context.read(need).casefold()
    if needed.strip(" \t\r\n#=-*_:") == title:
        return True
    return bool(_REFERS.match(segment.text)) and title in needed


def _title(context: Context, passage: int) -> str:
    """A passage's title to be compared, without what stands in brackets after it."""
    title = context.passages[passage].title
    return re.sub(r"(?<!\s)\s*+\([^()]*\)\s*+$", "", title).casefold().strip() if title else ""


def untitled(context: Context, passage: int) -> Context:
    """``context`` without the need for a heading that stands over all of ``passage``: that is its title.

    A title is shown where there is room. A heading over a part says which part, and stays needed.
    """
    own = [segment for segment in context.segments if segment.support[0].passage == passage]
    if len(own) < 2 or own[0].kind != "heading":
        return context
    title = own[0].support[0]
    if not all(title in segment.needs for segment in own[1:]):
        return context
    freed = (replace(s, needs=tuple(n for n in s.needs if n != title)) for s in context.segments)
    return replace(context, segments=tuple(freed))


def closed(wanted: Iterable[int], needed: Links) -> set[int]:
    """The smallest closed set that holds ``wanted``.

    >>> sorted(closed([2], [[], [0], [1]]))
    [0, 1, 2]
    """
    found: set[int] = set()
    ahead = list(wanted)
    while ahead:
        at = ahead.pop()
        if at not in found:
            found.add(at)
            ahead.extend(needed[at])
    return found


def sustained(left: Iterable[int], needed: Links) -> set[int]:
    """The largest closed set inside ``left``: what needs something that is not there goes too.

    >>> sorted(sustained([1, 2, 3], [[], [0], [1], []]))
    [3]
    """
    stays = set(left)
    users: dict[int, list[int]] = {}
    for at in stays:
        for need in needed[at]:
            users.setdefault(need, []).append(at)
    ahead = [need for need in users if need not in stays]
    while ahead:
        for user in users.get(ahead.pop(), ()):
            if user in stays:
                stays.remove(user)
                ahead.append(user)
    return stays


def keep_closed(context: Context, indices: Iterable[int], reason: str = "not selected") -> Context:
    """`Context.keep` of ``indices`` and of all that they need."""
    return context.keep(closed(indices, links(context)), reason)


def claims(order: Iterable[int], needed: Links) -> list[int]:
    """``order`` with what each needs put ahead of it, so that every beginning of it is closed (but for circles).

    >>> claims([2, 0, 1], [[], [0], [1]])
    [0, 1, 2]
    """
    result: dict[int, None] = {}
    for at in order:
        group = sorted(_missing(at, needed, result, None, None) or ())
        result.update(dict.fromkeys([*(other for other in group if other != at), at]))
    return list(result)


def choose(
    order: Sequence[int],
    costs: Sequence[int],
    limit: int,
    needed: Links,
    values: Sequence[float] | None = None,
) -> list[int]:
    """The units that fit, each with all that it needs and is not yet there; a bundle that does not fit stays out.

    Args:
        order: Candidates, best first; what they need may be taken without standing here.
        costs: Of every segment, in tokens.
        limit: The sum of the costs taken stays at or below it.
        needed: From `links`.
        values: How much each is worth (a probability). With them the next unit is always the one whose bundle brings
            most over the root of its tokens, counted anew whenever something it needs is taken for another; without
            them ``order`` is walked.

    Returns:
        Segment numbers in the order in which they were taken.

    >>> choose([1, 2], costs=[2, 3, 4], limit=6, needed=[[], [0], []])
    [0, 1]
    """
    taken: dict[int, None] = {}
    left = limit
    for at in order if values is None else _by_worth(order, costs, needed, values, taken):
        group = _missing(at, needed, taken, costs, left)
        if group:
            taken.update(dict.fromkeys([*sorted(group - {at}), at]))
            left -= sum(costs[other] for other in group)
    return list(taken)


def _by_worth(
    order: Sequence[int], costs: Sequence[int], needed: Links, values: Sequence[float], taken: dict[int, None]
) -> Iterable[int]:
    """Candidates by what their bundle brings over the root of its tokens; ``taken`` grows meanwhile."""
    place = {at: rank for rank, at in enumerate(order)}
    users = _users(order, needed)

    def gain(at: int) -> tuple[float, int]:
        group = _missing(at, needed, taken, None, None) or {at}
        cost = sum(costs[other] for other in group)
        (found,) = worth([sum(values[other] for other in group)], [cost])
        return -found, place[at]

    heap = [(*gain(at), at) for at in order]
    heapify(heap)
    seen = 0
    while heap:
        *stored, at = heappop(heap)
        if at in taken:
            continue
        now = gain(at)
        if tuple(stored) != now:  # something it needs was taken for another meanwhile
            heappush(heap, (*now, at))
            continue
        yield at
        fresh = list(islice(reversed(taken), len(taken) - seen))
        seen = len(taken)
        for user in {user for new in fresh for user in users.get(new, ()) if user not in taken}:
            heappush(heap, (*gain(user), user))


def _users(order: Sequence[int], needed: Links) -> dict[int, list[int]]:
    """For every segment the candidates that need it, directly or through others."""
    users: dict[int, list[int]] = {}
    for at in order:
        if needed[at]:
            for need in closed(needed[at], needed) - {at}:
                users.setdefault(need, []).append(at)
    return users


def _missing(
    at: int, needed: Links, taken: dict[int, None], costs: Sequence[int] | None, room: int | None
) -> set[int] | None:
    """``at`` and what it needs beyond ``taken``; None when that costs more than ``room``, or it is there already."""
    found: set[int] = set()
    ahead, cost = [at], 0
    while ahead:
        one = ahead.pop()
        if one in taken or one in found:
            continue
        found.add(one)
        cost += costs[one] if costs is not None else 0
        if room is not None and cost > room:
            return None
        ahead.extend(needed[one])
    return found or None
