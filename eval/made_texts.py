# ruff: noqa: E501 - a template is read in one line
"""Texts that people and programs write, each with a question whose right answer is known by construction."""

from __future__ import annotations

import random

from .made_records import NAMES, THINGS, TOWNS, Text, items_of

__all__ = [
    "bullets",
    "chat",
    "clauses",
    "code",
    "definitions",
    "email",
    "exception",
    "faq",
    "pronoun",
    "sections",
    "subtitles",
    "terminal",
    "transcript",
]


def chat(rng: random.Random) -> Text:
    people, items = rng.sample(NAMES, 2), items_of(rng, 8)
    lines = [
        f"[{10 + at // 3}:{10 + at * 3}] {people[at % 2]}: I put the {n} on shelf {s} in {t}."
        for at, (n, t, _, s) in enumerate(items)
    ]
    at = rng.randrange(8)
    return "\n".join(lines), f"On which shelf is the {items[at][0]}?", [lines[at]]


def subtitles(rng: random.Random) -> Text:
    items = items_of(rng, 8)
    cues = [
        f"{at + 1}\n00:0{at}:11,000 --> 00:0{at}:14,500\nThe {n} is hidden in {t}."
        for at, (n, t, _, _) in enumerate(items)
    ]
    at = rng.randrange(8)
    return "\n\n".join(cues), f"Where is the {items[at][0]} hidden?", [cues[at].split("\n")[2]]


def email(rng: random.Random) -> Text:
    who, items = rng.choice(NAMES), items_of(rng, 5)
    said = [f"The {n} costs {p} EUR if we order before {rng.randint(2, 28)} June." for n, _, p, _ in items]
    at = rng.randrange(5)
    head = f"From: {who} <{who.lower()}@example.org>\nTo: sales@example.org\nSubject: Prices for {rng.choice(TOWNS)}\nDate: Tue, 4 Jun 2024\n\n"
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
    for thing in rng.sample(THINGS, 4):
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
        for n, _, _, s in items_of(rng, 6)
    ]
    at = rng.randrange(6)
    return "\n\n".join(f"{q}\n{a}" for q, a in pairs), pairs[at][0][3:], list(pairs[at])


def definitions(rng: random.Random) -> Text:
    rows = [
        f"{n.title()} Rate: the sum paid per {rng.choice(['hour', 'day', 'unit'])} in {t}, {p} EUR at most."
        for n, t, p, _ in items_of(rng, 7)
    ]
    at = rng.choice(rows)
    return "\n".join(rows), f"What is the {at.split(':')[0]}?", [at]


def code(rng: random.Random) -> Text:
    parts, found = [], {}
    for thing in rng.sample(THINGS, 4):
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
    for name in rng.sample(NAMES, 5):
        size = f"{rng.randint(2, 90)}G"
        parts += [f"$ du -sh /home/{name.lower()}", f"{size}\t/home/{name.lower()}"]
        found[name.lower()] = parts[-1]
    name = rng.choice(list(found))
    return "\n".join(parts), f"How large is the home folder of {name}?", [found[name]]


def exception(rng: random.Random) -> Text:
    things = rng.sample(THINGS, 4)
    said = [
        f"Every {t} may be returned within {rng.randint(7, 60)} days. However, this does not apply to those that were opened."
        for t in things
    ]
    at = rng.randrange(4)
    return " ".join(said), f"May a {things[at]} be returned?", [said[at]]


def pronoun(rng: random.Random) -> Text:
    people = rng.sample(NAMES, 4)
    said = [
        f"{p} {rng.choice(TOWNS)} was a painter from the north. {'She'} died in {rng.randint(1600, 1900)} of a fever."
        for p in people
    ]
    at = rng.randrange(4)
    return " ".join(said), f"When did {people[at]} die?", [said[at]]


def transcript(rng: random.Random) -> Text:
    people, items = rng.sample(NAMES, 4), items_of(rng, 6)
    lines = [f"{rng.choice(people).upper()}: We shall move {s} of the {n}s to {t} by Friday." for n, t, _, s in items]
    at = rng.randrange(6)
    return "\n".join(lines), f"Who said where the {items[at][0]}s are to go?", [lines[at]]
