# ruff: noqa: E501 - a template is read in one line
"""Texts that are rows and records, each with a question whose right answer is known by construction."""

from __future__ import annotations

import json
import random
from collections.abc import Callable

__all__ = [
    "NAMES",
    "THINGS",
    "TOWNS",
    "Text",
    "csv_table",
    "data_sheet",
    "fixed_width",
    "html_table",
    "ini",
    "invoice",
    "items_of",
    "json_array",
    "json_lines",
    "log",
    "markdown_table",
    "opening_hours",
    "trace",
    "tsv_table",
    "yaml",
]

Text = tuple[str, str, list[str]]
"""A text, a question about it, and the strings that must all be kept."""

NAMES = [
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
TOWNS = [
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
THINGS = [
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
COLOURS = ["red", "green", "blue", "white", "black", "grey", "yellow", "brown", "silver", "orange"]


def items_of(rng: random.Random, size: int) -> list[tuple[str, str, int, int]]:
    """Things with a colour, a price and a stock."""
    names = rng.sample([f"{colour} {thing}" for colour in COLOURS for thing in THINGS], size)
    return [(name, rng.choice(TOWNS), rng.randint(11, 980), rng.randint(2, 99)) for name in names]


def _table(rng: random.Random, row: Callable[..., str], header: str, rule: str = "", size: int = 12) -> Text:
    items = items_of(rng, size)
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
    name = f"{rng.choice(THINGS).title()} {rng.choice('ABCD')}{rng.randint(10, 99)}"
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
    place = f"{rng.choice(TOWNS)} {rng.choice(['Museum', 'Library', 'Pool', 'Archive'])}"
    rows = [f"{day}: {rng.randint(7, 10)}:00-{rng.randint(15, 21)}:30" for day in days]
    at = rng.randrange(7)
    return "\n".join([f"{place}, opening hours", *rows]), f"When is the {place} open on {days[at]}?", [rows[at]]


def invoice(rng: random.Random) -> Text:
    number = rng.randint(1000, 9999)
    rows = [
        f"Invoice number: {number}", f"Customer: {rng.choice(NAMES)} Ltd, {rng.choice(TOWNS)}",
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
            value = {"host": f"{rng.choice(NAMES).lower()}.example.org"}.get(key, str(rng.randint(2, 9000)))
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
    items = [{"name": n, "made_in": t, "price": p, "stock": s} for n, t, p, s in items_of(rng, 9)]
    at = rng.choice(items)
    return json.dumps(items), f"What does the {at['name']} cost?", [json.dumps(at)]


def json_lines(rng: random.Random) -> Text:
    items = [{"name": n, "made_in": t, "price": p, "stock": s} for n, t, p, s in items_of(rng, 9)]
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
    file, key = rng.choice(THINGS), rng.choice(TOWNS)
    error = f"KeyError: 'no station called {key}'"
    frames = "\n".join(
        f'  File "/srv/app/{name}.py", line {rng.randint(9, 300)}, in {name}_{rng.choice(["load", "find", "read"])}\n    x = {name}(y)'
        for name in rng.sample(THINGS, 5)
    )
    return (
        f"Traceback (most recent call last):\n{frames}\n{error}",
        f"Which error did the {file} job end with?",
        [error],
    )
