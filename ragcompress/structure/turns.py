"""Chats and transcripts by turn, with who speaks and when."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from ragcompress.core.types import Unit
from ragcompress.structure.lines import Block, Lines, Span
from ragcompress.structure.pairs import is_field
from ragcompress.structure.prose import prose_units

__all__ = ["read_turns", "turns"]

MOST_TURN = 400  # characters of a turn that stays whole
_TIME = (
    r"[\[(]?(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4},?[ T])?\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?"
    r"(?: ?[AaPp]\.?[Mm]\b\.?)?[\])]?"
)
_NAME = r"@?[^\W\d][\w.'\u2019-]{0,30}(?: [\w.'\u2019-]{1,30}){0,3}"
_TURN = re.compile(
    rf"[ \t]*(?P<time>{_TIME}[ \t]*(?:[-\u2013\u2014|][ \t]*)?)?(?:<(?P<nick>[^<>\s]{{1,30}})>|"
    rf"(?:\*\*|__)?(?P<name>{_NAME})(?:[ \t]+\([^()\n]{{1,30}}\))?(?P<after>[ \t]*{_TIME})?(?:\*\*|__)?:(?:\*\*|__)?)"
    rf"(?=\s|$)[ \t]*"
)
_HEAD = re.compile(rf"(?:\*\*)?(?P<name>{_NAME})(?:\*\*)?(?:[ \t]*(?:[-\u2013\u2014|\u2022][ \t]*)?){_TIME}[ \t]*:?$")
_TIMED = re.compile(
    rf"[ \t]*(?:[\[(]\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:[.,]\d{{1,3}})?[\])]|{_TIME}(?= [-\u2013|] ))[ \t]*(?=\S)"
)
_ROLE = re.compile(
    r"(?:user|assistant|system|human|ai|bot|agent|customer|client|operator|support|interviewer|interviewee|"
    r"speaker[ _]?\w*|"
    r"moderator|host|guest|doctor|patient|teacher|student|caller|me|you|gpt|claude|tool)$",
    re.IGNORECASE,
)
_PERSON = re.compile(r"[^\W\d_a-z][\w.'\u2019-]*(?: [^\W\d_a-z][\w.'\u2019-]*){1,3}$")
_SPOKEN = re.compile(
    r"[?!\u2026]['\")]?$|\b(?:I|I'm|I'll|you|we|me|my|your|it's|that's|let's|yes|yeah|no|ok|okay|hi|hello|hey|"
    r"thanks|please|"
    r"sure|well|mm|uh|um|hmm|the|ich|du|wir|ja|nein|je|vous|oui|hola|sí)\b"
)
_FOUR_WORDS = re.compile(r"\w \w+ \w+ \w")
_REPLY = re.compile(
    r"(?:yes|yeah|yep|no|nope|ok|okay|sure|right|exactly|correct|maybe|never|always|not |it |that |this |they |"
    r"he |she |ja|"
    r"nein|oui|non|sí)\b",
    re.IGNORECASE,
)


class _Turn(NamedTuple):
    """A turn: its lines, who speaks, where what is said begins."""

    start: int
    stop: int
    name: str
    said: int


def read_turns(lines: Lines, at: int) -> Block | None:
    """``Name: text``, ``[time] <name> text``, a line with name and time above the text: turns of at least two."""
    opened = _opening(lines, at)
    if opened is None or not _is_chat(lines, at):
        return None
    return turns(lines, at)


def turns(lines: Lines, at: int) -> Block | None:
    """The chat that begins at a line, taken for one."""
    found: list[_Turn] = []
    number = at
    while number < len(lines):
        opened = _opening(lines, number)
        if opened is None:
            break
        stop = _turn_end(lines, number + 1)
        found.append(_Turn(number, stop, *opened))
        number = lines.after_blank(stop)
    return Block(found[-1].stop, _units(lines, found), lead=True) if found else None


def _opening(lines: Lines, at: int) -> tuple[str, int] | None:
    """Who speaks from line ``at`` on and where what is said begins; None: no turn begins here."""
    line = lines[at]
    if ":" not in line and ">" not in line:
        return None
    start = lines.starts[at]
    found = _TURN.match(line)
    if found and "://" not in line[: found.end() + 2]:
        return (found["nick"] or found["name"]).strip(), start + found.end()
    head = _HEAD.match(line)
    if head and lines[at + 1]:
        return head["name"].strip(), lines.starts[at + 1]
    timed = _TIMED.match(line)
    return ("", start + timed.end()) if timed else None


def _is_chat(lines: Lines, at: int) -> bool:
    """Whether the next lines are turns: with times or nicks two of them, else three where someone speaks again."""
    names: list[str] = []
    marked = spoken = looked = 0
    number = at
    while number < len(lines) and looked < 12:
        opened = _opening(lines, number)
        if opened is not None:
            line = lines[number]
            found = _TURN.match(line)
            names.append(opened[0])
            timed = found is None or bool(found["time"] or found["nick"] or found["after"])
            marked += timed
            said = lines.text[opened[1] : opened[1] + 300].partition("\n")[0].strip()
            spoken += _is_said(said) or not said
        elif lines[number] and not names:
            return False
        looked += bool(lines[number])
        number += 1
    if marked >= 2 and marked * 2 >= len(names):
        return spoken * 4 >= len(names)
    if marked == 0 and len(names) > 1 and all(map(_PERSON.match, names)) and spoken * 5 >= len(names) * 3:
        return len(names) * 2 >= looked
    fields = sum(is_field(name) for name in names)
    if fields * 2 > len(names) or spoken * 5 < len(names) * 2 or len(names) * 2 < looked:
        return False
    roles = len({name.lower() for name in names if _ROLE.match(name)}) >= 2
    return (len(names) >= 3 and len(set(map(str.lower, names))) < len(names)) or (roles and len(names) >= 2)


def _turn_end(lines: Lines, at: int) -> int:
    """The line after a turn: it ends with the next one, or at a blank line after which none follows soon."""
    while at < len(lines):
        if lines[at]:
            if _opening(lines, at) is not None or lines[at].startswith("# "):
                return at
            at += 1
            continue
        following = lines.after_blank(at)
        if _opening(lines, following) is not None or not _resumes(lines, following):
            return at
        at = following
    return at


def _resumes(lines: Lines, at: int) -> bool:
    """Whether a turn begins within the next paragraph or so: what lies between is still being said."""
    return any(_opening(lines, number) is not None for number in range(at, min(at + 6, len(lines))) if lines[number])


def _units(lines: Lines, found: Sequence[_Turn]) -> list[Unit]:
    """A unit a turn; a long one is its label and its sentences. Short answers need their question."""
    units: list[Unit] = []
    asked: tuple[Span, ...] = ()  # the units of the question that was just asked
    asker = ""
    for turn in found:
        start, end = lines.span(turn.start, turn.stop)
        said = lines.text[turn.said : end].strip()
        answers = (
            bool(asked)
            and not said.endswith("?")
            and turn.name != asker
            and (len(said) < 90 or bool(_REPLY.match(said)))
        )
        needs = asked if answers else ()
        if end - start <= MOST_TURN:
            own = [Unit(start, end, needs, "turn")]
        else:
            label = (start, turn.said)
            own = [Unit(*label, (), "speaker")] if label[0] < label[1] else []
            above = (*needs, label) if own else needs
            own += [u._replace(needs=(*above, *u.needs), kind="turn") for u in prose_units(lines.text, turn.said, end)]
        units += own
        asked = () if not said.endswith("?") else (own[-1][:2],)
        asker = turn.name
    return units


def _is_said(text: str) -> bool:
    """Whether a text reads as something that a person says: a question, words of speech, or a sentence."""
    return bool(_SPOKEN.search(text)) or (text.endswith(".") and bool(_FOUR_WORDS.search(text)))
