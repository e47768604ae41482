"""Questions about the whole: a summary, a translation, a list of all, a count, an opinion, "continue".

No passage answers them more than another, so relevance says nothing; what is wanted is a share of everything. The
patterns are for whole requests and name the text or nothing at all: "How many people live in Karsk?" asks for a fact,
"How many rows does the table have?" for the whole.
"""

from __future__ import annotations

import re

from ragcompress.core.asking import asking

__all__ = ["about_whole"]

_SIGNS = re.compile(r"(\W{3})\W++")
MOST = 200  # characters of a request; longer ones say what they are about

_TEXT = (
    r"(?:text|texts|document|documents|docs?|article|articles|page|pages|passage|passages|paper|report|file|files|"
    r"list|table|data|log|logs|e?-?mails?|message|messages|thread|conversation|chat|transcript|meeting|notes|story|"
    r"content|contents|code|script|above|following|everything|dokuments?|dokumente?|textes?|artikels?|seite|tabelle|"
    r"liste|berichts?|inhalt|texte|documento?s?|article|page|tableau|rapport|contenu|texto|artículo|página|tabla|lista|"
    r"informe|contenido|testo|articolo|pagina|tabella|rapporto|artigo|relatório)"
)
_THIS = (
    r"(?:this|these|that|the|all|all\ of|it|your|my|dies(?:e[nrsm]?)?|de[nrms]|das|die|alle|ce(?:s|tte|t)?|l[ea]s?|"
    r"tous|du|de\ la|est[ea]s?|el|todos?|del?|quest[oaie]|il|lo|gli|della?|deste|o|os|um)"
)
_PLEASE = (
    r"(?:(?:please|pls|hi|hello|ok|now|bitte|por\ favor|per\ favore|s'il\ (?:te|vous)\ pla[iî]t|peux-tu|pouvez-vous|"
    r"(?:can|could|would|will)\ you(?:\ please)?|kannst\ du(?:\ bitte)?|puedes|i\ (?:want|need)\ you\ to|i'd\ like|"
    r"help\ me|give\ me|write(?:\ me)?|make(?:\ me)?|provide|create|show\ me|gib\ mir|donne-moi|dame|dammi),?\s+)*"
)
_OBJECT = rf"(?:\W*(?:{_THIS}\W+)?(?:\w+\W+){{0,2}}{_TEXT}\b)?"
_END = (
    r"(?:\W+(?:in|into|auf|ins|en|au|al|em|to|for|so\ far|briefly|shortly|short|for\ me|please|bitte|kurz|as|"
    r"with|using|brièvement|brevemente)\b[^.?!\n]{0,80})?\W*$"
)

_REQUESTS = re.compile(
    rf"""^\W*{_PLEASE}(?!(?:continue|go\ on)\ to\b)(?:
      (?:summari[sz]e|sum\ up|recap|condense|paraphrase|rewrite|rephrase|proofread|translate|outline|tl;?dr|continue|
         go\ on|carry\ on|keep\ going|weiter|fortfahren|continue[rz]?|continúa|sigue|continua|prosegui|
         fasse?n?|zusammenfassen|übersetzen?|übersetze?|résume[rz]?|résumez|tradui(?:s|re|sez)|resum[ea]n?|resumir|
         resuma|tradu[zc](?:e|ir|a|ca)?|riassumi(?:ere)?|traduci|traduza)
         (?:{_OBJECT}|\W+(?:it|this|that|everything|all|das|es|alles|ça|todo|tutto|tudo))(?:\W+(?:zusammen|up))?{_END}
    | (?!(?:en|in|what|which|qu[eé]|quelle?|welche[rns]?|de|who|when)\b)
      (?:an?\ |the\ |eine?n?\ |une?\ |un[oa]?\ |der\ |die\ |le\ |la\ |el\ |il\ )?
      (?:\w+\ ){{0,2}}(?:summary|overview|abstract|gist|recap|translation|outline|key\ (?:points|takeaways|facts|ideas)|
         main\ (?:points|ideas?|takeaways|topics?|themes?|findings|arguments?)|takeaways|bullet\ points|
         zusammenfassung|überblick|übersetzung|kernpunkte|hauptpunkte|kernaussagen?|résumé|aperçu|traduction|
         points\ (?:clés|principaux)|idées\ principales|resumen|traducción|puntos\ (?:clave|principales)|
         ideas\ principales|riassunto|sintesi|traduzione|punti\ (?:chiave|principali)|resumo|tradução|
         pontos\ (?:chave|principais))
      (?:\W+(?:of|from|in|von|aus|zu|über|de|du|des|del|della?|do|da)\b{_OBJECT})?{_END}
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_ABOUT = re.compile(
    rf"""^\W*{_PLEASE}(?:
      what(?:'s|\ is|\ are|\ was)\ (?:{_THIS}\W+)?(?:{_TEXT}\ )?(?:all\ )?about\W*$
    | what\ (?:does|do|did|is|are)\W+{_THIS}\W+{_TEXT}\ (?:say|about|cover|contain|discuss|describe|mean)\w*\W*$
    | what\ (?:is|are|happens?|happened|can\ you\ tell\ me)\b.{{0,40}}\b(?:in|from|of|about)\ {_THIS}\ {_TEXT}\W*$
    | what(?:'s|\ is|\ are)\ the\ (?:main|key|central|overall|most\ important)\ (?:\w+\ )?
      (?:ideas?|points?|topics?|themes?|message|takeaways?|argument|findings)\b(?:\W+(?:of|in)\b{_OBJECT})?\W*$
    | (?:worum|um\ was)\ geht\b.{{0,40}}$ | wovon\ handelt\b.{{0,40}}$ | was\ steht\ in\b.{{0,40}}$
    | de\ quoi\b.{{0,10}}\b(?:parle|s'agit|traite)\b.{{0,40}}$ | ¿?\s*de\ qué\ (?:trata|habla|se\ trata)\b.{{0,40}}$
    | di\ (?:che\ )?cosa\ (?:parla|tratta)\b.{{0,40}}$ | do\ que\ (?:trata|fala)\b.{{0,40}}$
    | (?:is|are)\ (?:there\ )?(?:anything|something|any\ \w+)\b.{{0,40}}\b(?:in|with|about)\ {_THIS}\ {_TEXT}\W*$
    | (?:find|check|correct|fix|review|spot)\b.{{0,30}}\b(?:errors?|mistakes?|typos?|grammar|problems?|issues?)\b
      (?:.{{0,20}}{_TEXT})?\W*$
    | (?:review|analy[sz]e|explain|describe|discuss|evaluate|critique|classify)\ {_THIS}\ {_TEXT}\W*$
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_ALL = re.compile(
    rf"""^\W*{_PLEASE}(?:
      (?:list|name|extract|find|show|get|collect|enumerate|identify|mention|pull\ out|highlight)\ (?:me\ )?
      (?:all|every|each|any\ and\ all)\b[^.?!\n]{{0,90}}\W*$
    | what\ (?:are\ )?all\ (?:of\ )?the\b.{{0,80}}$
    | which\b.{{0,60}}\b(?:are|is)\ (?:all\ )?(?:mentioned|named|listed)(?:\ (?:in|here|above)\b.{{0,30}})?\W*$
    | (?:how\ many|how\ often|count)\b.{{0,60}}\b(?:(?:in|on|does|do|has|have)\ {_THIS}\ {_TEXT}|
        (?:are|is|were)\ (?:mentioned|listed)(?:\ (?:here|above|in\ {_THIS}\ {_TEXT}))?|(?:here|above))
      (?:\ (?:have|has|contain|say|show|list|mention)s?)?\W*$
    | count\ (?:the|all|how|every)\b.{{0,60}}$
    | (?:liste|nenne|zähle|zeige|finde)\b.{{0,30}}\b(?:alle[snr]?|sämtliche|jede[nsr]?)\b.{{0,60}}$
    | wie\ viele\b.{{0,60}}\b(?:in|im|hat|enthält|werden)\ (?:{_THIS}\ )?
      (?:{_TEXT}|genannt|erwähnt|aufgeführt)\b.{{0,20}}$
    | (?:liste[rz]?|énumère[rz]?|cite[rz]?|donne[rz]?|trouve[rz]?)\b.{{0,20}}\b(?:tou(?:s|tes)|chaque)\b.{{0,60}}$
    | combien\ de\b.{{0,60}}\b(?:{_THIS}\ )?(?:{_TEXT}|mentionnée?s|citée?s)\W*$
    | (?:enumera|lista|haz\ una\ lista|nombra|menciona|encuentra|elenca|trova|liste)\b.{{0,20}}
      \b(?:tod[oa]s|cada|tutt[ie])\b.{{0,60}}$
    | ¿?\s*cu[aá]nt[oa]s\b.{{0,60}}\b(?:{_THIS}\ )?(?:{_TEXT}|mencionan?|aparecen)\W*$
    )""",
    re.VERBOSE | re.IGNORECASE,
)
_DENSE = re.compile(
    r"^(?:请|請)?(?:帮我|幫我)?(?:总结|總結|概括|概述|摘要|翻译|翻譯|继续|繼續|列出(?:所有|全部)|归纳)|(?:讲|说|講|說)了什么|"
    r"有多少(?:个|條|条|项).*(?:文|表|列)|要約|まとめて|翻訳して|^続けて|すべて(?:挙げ|列挙)|"
    r"요약|번역해|계속|모두 나열|^(?:кратко )?(?:изложи|перескажи|резюмируй|суммируй|переведи|продолж|подытожь)|"
    r"^(?:сделай )?(?:краткое )?(?:резюме|содержание)|о чём (?:этот|говорится|текст)|^перечисли (?:все|всех)|"
    r"^(?:لخص|لخّص|ترجم|أكمل|اذكر جميع)",
    re.IGNORECASE,
)


def about_whole(query: str) -> bool:
    """Whether a query is about all of the text and not about something in it.

    >>> about_whole("Summarise this text."), about_whole("Translate it into French"), about_whole("List all dates.")
    (True, True, True)
    >>> about_whole("How many arches has the bridge?"), about_whole("Who wrote the summary of the report?")
    (False, False)
    """
    asked = " ".join(asking(query).split())
    if len(asked) > MOST:
        return False
    asked = _SIGNS.sub(r"\1", asked)  # the patterns try long runs of signs in every way
    return any(pattern.search(asked) for pattern in (_REQUESTS, _ABOUT, _ALL, _DENSE))
