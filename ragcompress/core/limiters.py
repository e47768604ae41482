"""Words that limit what a sentence says: left out, the rest says something else.

Patterns for English, German, French, Spanish, Italian, Portuguese, and the commonest of Russian, Chinese, Japanese and
Arabic; a little generous. They serve two ends: no cut may leave one out, and the evaluation counts which are kept.
"""

from __future__ import annotations

import re
from functools import cache

__all__ = ["find_limiters", "limits"]

_WORDS: dict[str, str] = {
    "negation": r"no|not|never|none|nobody|nothing|neither|nor|nowhere|cannot|\w+n['’]t|without|hardly|barely|"
    r"fails? to|"
    r"failed to|den(?:y|ies|ied)|refus\w+|lacks?|nicht|kein\w*|nie|niemals|ohne|weder|pas|jamais|aucun\w*|sans|ni|"
    r"nunca|jamás|ning[uú]n\w*|sin|non|mai|senza|nessun\w*|não|nem|sem|не|нет|ни|никогда|без|لا|لم|لن|ليس",
    "exception": r"except\w*|unless|excluding|excludes?|excluded|but|however|although|though|save for|"
    r"apart from|other than|"
    r"exempt\w*|despite|außer|ausgenommen|sofern nicht|jedoch|aber|obwohl|sauf|excepté|hormis|mais|cependant|salvo|"
    r"excepto|pero|aunque|sino|eccetto|tranne|ma|tuttavia|exceto|mas|кроме|но|однако|хотя|إلا|لكن",
    "condition": r"if|when|whenever|provided|providing|as long as|in case|only if|until|till|before|after|while|once|"
    r"subject to|depending|depends?|assuming|during|since|wenn|falls|sofern|solange|bis|vor|nach|während|si|quand|"
    r"pourvu|jusqu\w*|avant|après|tant que|cuando|hasta|antes|después|mientras|se|quando|finché|prima|dopo|até|если|"
    r"когда|пока|до|после|إذا|حتى|قبل|بعد",
    "attribution": r"according to|said|says?|claim\w*|alleg\w*|report(?:s|ed|edly)?|argu\w+|suggest\w*|"
    r"believ\w+|thought|"
    r"stat(?:ed|es)|propos\w+|reputed\w*|rumou?r\w*|in the opinion|laut|zufolge|angeblich|behaupt\w+|sagt\w*|selon|"
    r"d'après|prétend\w*|según|dijo|afirm\w+|secondo|segundo|по словам|якобы|وفقا",
    "hedge": r"may|might|could|would|should|probabl[ey]|possibl[ey]|perhaps|maybe|likely|unlikely|seem\w*|appear\w*|"
    r"approximately|approx|about|around|roughly|nearly|almost|circa|usually|often|sometimes|generally|typically|"
    r"estimated|vielleicht|wahrscheinlich|etwa|ungefähr|rund|meist|oft|könnte\w*|peut-être|environ|souvent|quizás?|"
    r"tal vez|aproximadamente|unos|forse|circa|talvez|возможно|вероятно|около|примерно|ربما|حوالي",
    "quantifier": r"all|every|each|any|some|most|many|few|several|only|just|solely|both|either|half|part of|at least|"
    r"at most|up to|no more than|no less than|minimum|maximum|alle|jede\w*|einige|nur|mindestens|höchstens|tous|"
    r"toutes|"
    r"chaque|seulement|uniquement|au moins|todos|todas|cada|sólo|solo|solamente|al menos|tutti|ogni|soltanto|apenas|"
    r"somente|все|каждый|только|كل|فقط",
    "comparison": r"than|as (?:\w+ )as|more|less|fewer|least|compared|instead|rather|equal|same|unlike|als|mehr|"
    r"weniger|"
    r"statt|plus|moins|que|más|menos|più|meno|mais|чем|более|менее|أكثر|أقل",
    "range": r"between|from|to|through|under|over|above|below|within|per|zwischen|von|unter|über|pro|entre|de|"
    r"desde|por|"
    r"tra|fra|между|от|من|بين",
}
_SIGNS = r"\d|[%‰€$£¥°±≤≥<>~≈]|[不没未无非除但如若仅只约可或]|ない|ません|以外|場合|ただし|だけ|のみ|以上|以下|未満"


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    """Of one kind of limiter; "": of all, with numbers and signs. Made at first need: few calls look for limiters."""
    words, signs = (_WORDS[kind], "") if kind else ("|".join(_WORDS.values()), f"|{_SIGNS}")
    return re.compile(rf"(?<![\w'’])(?:{words})(?![\w'’]){signs}", re.IGNORECASE)


def limits(text: str) -> bool:
    """Whether ``text`` may limit what stands around it: a limiting word, a number, a unit or a sign of comparison.

    >>> limits("except on Mondays"), limits("a town in the north")
    (True, False)
    """
    return _pattern("").search(text) is not None


def find_limiters(text: str) -> list[tuple[int, int]]:
    """Where limiting words stand, as half-open ``str`` offsets; numbers, prepositions and signs are left aside.

    >>> [("Open daily, except if it rains.")[a:b] for a, b in find_limiters("Open daily, except if it rains.")]
    ['except', 'if']
    """
    found = {match.span() for kind in _COUNTED for match in _pattern(kind).finditer(text)}
    return sorted(found)


_COUNTED = ("negation", "exception", "condition", "attribution", "hedge", "quantifier", "comparison")
