# ruff: noqa: E501 - a template is read in one line
"""Questions over structured text whose right answer is known by construction: tables, records, logs, chats, contracts.

    python -m eval structured --seeds 5,6 --budgets 0.1,0.2,0.3

Every kind makes a text of its own, with a question about one unit of it. What must be kept is that unit and what it
can't be understood without (header, heading, key path, speaker, question, condition), each a string of the text.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

__all__ = ["KINDS", "Asked", "questions"]

Text = tuple[str, str, list[str]]
"""A text, a question about it, and the strings that must all be kept."""

_NAMES = [
    "Arlo",
    "Berit",
    "Cosmo",
    "Dagny",
    "Edda",
    "Fenna",
    "Goran",
    "Hilde",
    "Ivo",
    "Jorun",
    "Kasper",
    "Lene",
    "Milo",
    "Nadja",
    "Odin",
    "Petra",
    "Runa",
    "Silas",
]
_TOWNS = [
    "Marstal",
    "Ribe",
    "Karsk",
    "Veld",
    "Tamm",
    "Orsa",
    "Lund",
    "Brev",
    "Holm",
    "Sund",
    "Nysted",
    "Kolby",
    "Fano",
    "Askov",
    "Viborg",
    "Hirtshals",
]
_THINGS = [
    "pump",
    "valve",
    "motor",
    "sensor",
    "filter",
    "drill",
    "saw",
    "lamp",
    "heater",
    "fan",
    "scale",
    "printer",
    "cutter",
    "mixer",
    "boiler",
    "winch",
]
_COLOURS = ["red", "green", "blue", "white", "black", "grey", "yellow", "brown", "silver", "orange"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One question.

    Attributes:
        kind: Of the text that answers.
        question: What is asked.
        passages: The answering text among others.
        wanted: Strings that must all be kept, white space aside.
    """

    kind: str
    question: str
    passages: tuple[str, ...]
    wanted: tuple[str, ...]

    def held(self, text: str) -> bool:
        """Whether ``text`` holds all that is wanted."""
        flat = " ".join(text.split())
        return all(" ".join(want.split()) in flat for want in self.wanted)


def _items(rng: random.Random, size: int) -> list[tuple[str, str, int, int]]:
    """Things with a colour, a price and a stock."""
    names = rng.sample([f"{colour} {thing}" for colour in _COLOURS for thing in _THINGS], size)
    return [(name, rng.choice(_TOWNS), rng.randint(11, 980), rng.randint(2, 99)) for name in names]


def _table(rng: random.Random, row: Callable[..., str], header: str, rule: str = "", size: int = 12) -> Text:
    items = _items(rng, size)
    at = rng.randrange(size)
    lines = [header, *([rule] if rule else []), *(row(*item) for item in items)]
    name = items[at][0]
    ask = rng.choice(
        [f"What is the price of the {name}?", f"How many of the {name} are in stock?", f"Where is the {name} made?"]
    )
    return "\n".join(lines), ask, [header, row(*items[at])]


def markdown_table(rng: random.Random) -> Text:
    return _table(
        rng,
        lambda n, t, p, s: f"| {n} | {t} | {p} EUR | {s} |",
        "| Product | Made in | Price | Stock |",
        "|---|---|---|---|",
    )


def csv_table(rng: random.Random) -> Text:
    return _table(rng, lambda n, t, p, s: f'{n},"{t}, north",{p},{s}', "product,made_in,price,stock")


def tsv_table(rng: random.Random) -> Text:
    return _table(rng, lambda n, t, p, s: f"{n}\t{t}\t{p}\t{s}", "product\tmade in\tprice\tstock")


def fixed_width(rng: random.Random) -> Text:
    return _table(
        rng, lambda n, t, p, s: f"{n:<16}{t:<12}{p:>8}{s:>8}", f"{'PRODUCT':<16}{'MADE IN':<12}{'PRICE':>8}{'STOCK':>8}"
    )


def html_table(rng: random.Random) -> Text:
    text, ask, wanted = _table(
        rng, lambda n, t, p, s: f"<tr><td>{n}</td><td>{t}</td><td>{p}</td><td>{s}</td></tr>",
        "<tr><th>Product</th><th>Made in</th><th>Price</th><th>Stock</th></tr>",
    )  # fmt: skip
    return f"<table>\n{text}\n</table>", ask, wanted


def data_sheet(rng: random.Random) -> Text:
    name = f"{rng.choice(_THINGS).title()} {rng.choice('ABCD')}{rng.randint(10, 99)}"
    keys = [
        "Weight",
        "Voltage",
        "Noise level",
        "Warranty",
        "Protection class",
        "Cable length",
        "Operating temperature",
        "Capacity",
    ]
    units = ["kg", "V", "dB", "months", "IP", "m", "°C", "l"]
    rows = [f"{key}: {rng.randint(2, 400)} {unit}" for key, unit in zip(keys, units, strict=True)]
    at = rng.randrange(len(rows))
    return "\n".join([name, *rows]), f"What is the {keys[at].lower()} of the {name}?", [rows[at]]


def opening_hours(rng: random.Random) -> Text:
    days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
    place = f"{rng.choice(_TOWNS)} {rng.choice(['Museum', 'Library', 'Pool', 'Archive'])}"
    rows = [f"{day}: {rng.randint(7, 10)}:00-{rng.randint(15, 21)}:30" for day in days]
    at = rng.randrange(7)
    return "\n".join([f"{place}, opening hours", *rows]), f"When is the {place} open on {days[at]}?", [rows[at]]


def invoice(rng: random.Random) -> Text:
    number = rng.randint(1000, 9999)
    rows = [
        f"Invoice number: {number}", f"Customer: {rng.choice(_NAMES)} Ltd, {rng.choice(_TOWNS)}",
        f"Date of issue: {rng.randint(1, 28)} March 2024", f"Net amount: {rng.randint(100, 999)}.00 EUR",
        f"VAT: {rng.randint(10, 90)}.40 EUR", f"Discount: {rng.randint(2, 9)} %", f"Amount due: {rng.randint(100, 999)}.40 EUR",
        f"Due date: {rng.randint(1, 28)} April 2024", f"Bank account: {rng.randint(10**9, 10**10)}",
    ]  # fmt: skip
    at = rng.choice([3, 4, 5, 6, 7, 8])
    return "\n".join(rows), f"What is the {rows[at].split(':')[0].lower()} on invoice {number}?", [rows[at]]


def ini(rng: random.Random) -> Text:
    sections = rng.sample(["database", "cache", "mail", "search", "storage", "gateway"], 4)
    lines, found = [], {}
    for section in sections:
        lines.append(f"[{section}]")
        for key in ("host", "port", "timeout", "retries"):
            value = {"host": f"{rng.choice(_NAMES).lower()}.example.org"}.get(key, str(rng.randint(2, 9000)))
            lines.append(f"{key} = {value}")
            found[section, key] = lines[-1]
        lines.append("")
    section, key = rng.choice(list(found))
    return "\n".join(lines), f"Which {key} is set for the {section}?", [f"[{section}]", found[section, key]]


def yaml(rng: random.Random) -> Text:
    stages = rng.sample(["staging", "production", "testing", "preview"], 3)
    lines, found = ["services:"], {}
    for stage in stages:
        lines.append(f"  {stage}:")
        for key in ("replicas", "memory", "image", "timeout"):
            value = {"memory": f"{rng.randint(1, 64)}Gi", "image": f"shop:{rng.randint(1, 9)}.{rng.randint(0, 9)}"}
            lines.append(f"    {key}: {value.get(key, rng.randint(2, 90))}")
            found[stage, key] = lines[-1]
    stage, key = rng.choice(list(found))
    return "\n".join(lines), f"What {key} does {stage} have?", [f"{stage}:", found[stage, key].strip()]


def json_array(rng: random.Random) -> Text:
    items = [{"name": n, "made_in": t, "price": p, "stock": s} for n, t, p, s in _items(rng, 9)]
    at = rng.choice(items)
    return json.dumps(items), f"What does the {at['name']} cost?", [json.dumps(at)]


def json_lines(rng: random.Random) -> Text:
    items = [{"name": n, "made_in": t, "price": p, "stock": s} for n, t, p, s in _items(rng, 9)]
    at = rng.choice(items)
    return "\n".join(map(json.dumps, items)), f"How many {at['name']}s are in stock?", [json.dumps(at)]


def log(rng: random.Random) -> Text:
    jobs = rng.sample(
        ["billing", "import", "mailer", "backup", "indexer", "report", "cleanup", "sync", "export", "audit"], 9
    )
    lines = [
        f"2024-05-{rng.randint(10, 28)}T{rng.randint(10, 23)}:{rng.randint(10, 59)}:07Z "
        + rng.choice([f"INFO {job}: finished {rng.randint(10, 900)} items in {rng.randint(2, 90)} s",
                      f"ERROR {job}: gave up after {rng.randint(2, 9)} tries, code {rng.randint(400, 599)}"])
        for job in jobs
    ]  # fmt: skip
    at = rng.randrange(9)
    what = "Why did" if "ERROR" in lines[at] else "How many items did"
    return "\n".join(lines), f"{what} the {jobs[at]} job {'fail' if 'ERROR' in lines[at] else 'finish'}?", [lines[at]]


def trace(rng: random.Random) -> Text:
    file, key = rng.choice(_THINGS), rng.choice(_TOWNS)
    error = f"KeyError: 'no station called {key}'"
    frames = "\n".join(
        f'  File "/srv/app/{name}.py", line {rng.randint(9, 300)}, in {name}_{rng.choice(["load", "find", "read"])}\n    x = {name}(y)'
        for name in rng.sample(_THINGS, 5)
    )
    return (
        f"Traceback (most recent call last):\n{frames}\n{error}",
        f"Which error did the {file} job end with?",
        [error],
    )


def chat(rng: random.Random) -> Text:
    people, items = rng.sample(_NAMES, 2), _items(rng, 8)
    lines = [
        f"[{10 + at // 3}:{10 + at * 3}] {people[at % 2]}: I put the {n} on shelf {s} in {t}."
        for at, (n, t, _, s) in enumerate(items)
    ]
    at = rng.randrange(8)
    return "\n".join(lines), f"On which shelf is the {items[at][0]}?", [lines[at]]


def subtitles(rng: random.Random) -> Text:
    items = _items(rng, 8)
    cues = [
        f"{at + 1}\n00:0{at}:11,000 --> 00:0{at}:14,500\nThe {n} is hidden in {t}."
        for at, (n, t, _, _) in enumerate(items)
    ]
    at = rng.randrange(8)
    return "\n\n".join(cues), f"Where is the {items[at][0]} hidden?", [cues[at].split("\n")[2]]


def email(rng: random.Random) -> Text:
    who, items = rng.choice(_NAMES), _items(rng, 5)
    said = [f"The {n} costs {p} EUR if we order before {rng.randint(2, 28)} June." for n, _, p, _ in items]
    at = rng.randrange(5)
    head = f"From: {who} <{who.lower()}@example.org>\nTo: sales@example.org\nSubject: Prices for {rng.choice(_TOWNS)}\nDate: Tue, 4 Jun 2024\n\n"
    return (
        head + "\n".join(said) + "\n\n> Old prices were lower.\n> They end in May.",
        f"What does the {items[at][0]} cost?",
        [said[at]],
    )


def bullets(rng: random.Random) -> Text:
    kinds = rng.sample(["Tourist", "Student", "Work", "Family", "Transit"], 4)
    lines, found = [], {}
    for kind in kinds:
        lines.append(f"{kind} visa:")
        for key in ("Fee", "Processing time", "Stay"):
            lines.append(f"- {key}: {rng.randint(5, 120)} {'EUR' if key == 'Fee' else 'days'}")
            found[kind, key] = lines[-1]
        lines.append("")
    kind, key = rng.choice(list(found))
    return "\n".join(lines), f"What is the {key.lower()} of a {kind.lower()} visa?", [f"{kind} visa:", found[kind, key]]


def sections(rng: random.Random) -> Text:
    lines, found = ["# Handbook", ""], {}
    for thing in rng.sample(_THINGS, 4):
        lines += [f"## {thing.title()}", ""]
        for verb, note in (("Clean", "with cold water"), ("Replace", "by a technician"), ("Test", "under load")):
            lines += [f"{verb} every {rng.randint(2, 40)} weeks {note}."]
            found[thing, verb] = lines[-1]
        lines.append("")
    thing, verb = rng.choice(list(found))
    return (
        "\n".join(lines),
        f"How often must I {verb.lower()} the {thing}?",
        [f"## {thing.title()}", found[thing, verb]],
    )


def clauses(rng: random.Random) -> Text:
    lines, found = [], {}
    for at, part in enumerate(rng.sample(["supplier", "customer", "carrier", "agent"], 3), 1):
        lines.append(f"{at}. The {part} may terminate the agreement only if:")
        for letter, why in zip(
            "abc",
            rng.sample(["payment is late by", "delivery is late by", "stock is out for", "no reply came for"], 3),
            strict=True,
        ):
            lines.append(f"({letter}) {why} {rng.randint(3, 90)} days;")
            found[at, letter] = (part, why, lines[-1], next(x for x in reversed(lines) if x[0].isdigit()))
    part, why, item, lead = rng.choice(list(found.values()))
    return "\n".join(lines), f"May the {part} terminate because {why.split(' by')[0].split(' for')[0]}?", [lead, item]


def faq(rng: random.Random) -> Text:
    pairs = [
        (f"Q: Can I return the {n}?", f"A: {rng.choice(['Yes', 'No'])}. Within {s} days at most.")
        for n, _, _, s in _items(rng, 6)
    ]
    at = rng.randrange(6)
    return "\n\n".join(f"{q}\n{a}" for q, a in pairs), pairs[at][0][3:], list(pairs[at])


def definitions(rng: random.Random) -> Text:
    rows = [
        f"{n.title()} Rate: the sum paid per {rng.choice(['hour', 'day', 'unit'])} in {t}, {p} EUR at most."
        for n, t, p, _ in _items(rng, 7)
    ]
    at = rng.choice(rows)
    return "\n".join(rows), f"What is the {at.split(':')[0]}?", [at]


def code(rng: random.Random) -> Text:
    parts, found = [], {}
    for thing in rng.sample(_THINGS, 4):
        limit = rng.randint(3, 900)
        parts.append(
            f'def check_{thing}(value):\n    """Whether a {thing} may run."""\n    limit = {limit}\n    return value < limit'
        )
        found[thing] = limit
    thing = rng.choice(list(found))
    return (
        "\n\n\n".join(parts),
        f"What is the limit for the {thing}?",
        [f"def check_{thing}(value):", f"limit = {found[thing]}"],
    )


def terminal(rng: random.Random) -> Text:
    parts, found = [], {}
    for name in rng.sample(_NAMES, 5):
        size = f"{rng.randint(2, 90)}G"
        parts += [f"$ du -sh /home/{name.lower()}", f"{size}\t/home/{name.lower()}"]
        found[name.lower()] = parts[-1]
    name = rng.choice(list(found))
    return "\n".join(parts), f"How large is the home folder of {name}?", [found[name]]


def exception(rng: random.Random) -> Text:
    things = rng.sample(_THINGS, 4)
    said = [
        f"Every {t} may be returned within {rng.randint(7, 60)} days. However, this does not apply to those that were opened."
        for t in things
    ]
    at = rng.randrange(4)
    return " ".join(said), f"May a {things[at]} be returned?", [said[at]]


def pronoun(rng: random.Random) -> Text:
    people = rng.sample(_NAMES, 4)
    said = [
        f"{p} {rng.choice(_TOWNS)} was a painter from the north. {'She'} died in {rng.randint(1600, 1900)} of a fever."
        for p in people
    ]
    at = rng.randrange(4)
    return " ".join(said), f"When did {people[at]} die?", [said[at]]


def transcript(rng: random.Random) -> Text:
    people, items = rng.sample(_NAMES, 4), _items(rng, 6)
    lines = [f"{rng.choice(people).upper()}: We shall move {s} of the {n}s to {t} by Friday." for n, t, _, s in items]
    at = rng.randrange(6)
    return "\n".join(lines), f"Who said where the {items[at][0]}s are to go?", [lines[at]]


KINDS: dict[str, Callable[[random.Random], Text]] = {
    make.__name__: make
    for make in (
        markdown_table, csv_table, tsv_table, fixed_width, html_table, data_sheet, opening_hours, invoice, ini, yaml,
        json_array, json_lines, log, trace, chat, subtitles, email, bullets, sections, clauses, faq, definitions, code,
        terminal, exception, pronoun, transcript,
    )
}  # fmt: skip
"""Every kind of text by name."""


def questions(seeds: Sequence[int], per_kind: int = 4) -> list[Asked]:
    """The questions of all kinds; the same ones for the same seeds.

    The answering text stands among one more of its kind and two of other kinds.
    """
    found = []
    for seed in seeds:
        for kind, make in KINDS.items():
            rng = random.Random(f"{seed} {kind}")
            for _ in range(per_kind):
                text, ask, wanted = make(rng)
                others = [make(rng)[0], *(KINDS[other](rng)[0] for other in rng.sample(sorted(set(KINDS) - {kind}), 2))]
                passages = [text, *others]
                rng.shuffle(passages)
                found.append(Asked(kind, ask, tuple(passages), tuple(wanted)))
    return found
