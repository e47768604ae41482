"""What a tool's answer is to be judged by: the call's own arguments, and what the user last asked in earnest.

Pure functions over plain strings, shared by everything that reads conversations.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

__all__ = ["asked", "call_words", "is_substantial", "last_substantial"]

_WORD = re.compile(r"\w+")
_SMALL_TALK = (  # what people say to keep a conversation going; nothing can be looked for with it
    "a ahead all also and answer any are be can continue could do done else fine for get give go good got great here "
    "how i in is it its just k keep lets like look make may me more my next no nope not now of oh ok okay on please "
    "pls proceed right run show so sounds sure than thank thanks that the them then there these this those to too try "
    "up us use want we well what with would y yeah yep yes you your again perfect cool nice alright course "
    "ja nein danke bitte weiter gut genau oui non merci continuez si gracias vale sigue adelante sim obrigado"
)
_SMALL = frozenset(_WORD.findall(_SMALL_TALK))


MOST = 600  # characters of a call's arguments: a file that is written, or a program that is run, is no question


def last_substantial(texts: Sequence[str]) -> str:
    """The last text that asks for something ("Yes please." does not), else the last that is not blank, else "".

    >>> last_substantial(["Where is the pump made?", "Yes please, go on."])
    'Where is the pump made?'
    >>> last_substantial(["ok"])
    'ok'
    """
    backwards = [text for text in reversed(texts) if text.strip()]
    return next((text for text in backwards if is_substantial(text)), backwards[0] if backwards else "")


def is_substantial(text: str) -> bool:
    """Whether a user's text names anything that could be looked for: a word that is not small talk."""
    return any(word not in _SMALL for word in _WORD.findall(text.casefold()))


def call_words(arguments: Any) -> str:
    """The words in a tool call's arguments, given as JSON text or as a mapping; numbers and keys say little.

    >>> call_words('{"path": "src/app.py", "query": "retry limit", "top": 5}')
    'src/app.py retry limit'
    """
    values = arguments
    if isinstance(arguments, str):
        try:
            values = json.loads(arguments)
        except (ValueError, RecursionError):
            return arguments.strip()
    words = (part for text in _strings(values, 8) for part in text[:MOST].split())
    return " ".join(words)[:MOST]


def asked(user_texts: Sequence[str], arguments: Any = None, name: str = "") -> str:
    """What a tool's answer is judged by.

    Args:
        user_texts: What the user said before it, in order.
        arguments: Those of the call that it answers; None where unknown.
        name: The tool's, for when nothing else was said.

    >>> asked(["Why does the pump stop?", "yes"], {"query": "error E4"})
    'Why does the pump stop? error E4'
    """
    user, call = last_substantial(user_texts).strip(), call_words(arguments)
    parts = [user] if not call or call in user else [user, call]
    return " ".join(part for part in parts if part) or name


def _strings(value: Any, depth: int) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner, depth - 1)
    elif depth and isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner, depth - 1)
