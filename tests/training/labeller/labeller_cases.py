"""A small pool in the data sets' own schema, and what the tests build from it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

CITIES = ("Paris", "Rome", "Cairo", "Lima", "Oslo", "Quito", "Delhi", "Tokyo", "Accra", "Hanoi")


def passage(city: str, number: int) -> tuple[str, str]:
    """(title, text) of three sentences; the middle one says when the city's tower was built."""
    text = f"{city} is a large city. Its tower was built in {1800 + number}. Many people visit it in summer."
    return city, text


def record(city: str, number: int, *, kind: str = "answer") -> dict[str, Any]:
    """A question about one city."""
    title, text = passage(city, number)
    answer = str(1800 + number)
    start = text.index(answer)
    span = [start, start + 4] if kind == "answer" else [text.index("Its"), start + 5]
    return {
        "id": f"q{number}",
        "question": f"When was the tower of {city} built?",
        "answers": [answer],
        "passages": [{"id": f"p{number}", "title": title, "text": text, "is_gold": True, "support": [span]}],
        "meta": {"support_type": kind},
    }


def write_data(folder: Path) -> Path:
    """The four training files, all made of the ten cities."""
    folder.mkdir(parents=True, exist_ok=True)
    records = [record(city, number) for number, city in enumerate(CITIES)]
    sentence = [record(city, number, kind="sentence") for number, city in enumerate(CITIES)]
    files = {
        "squad_train.jsonl.gz": records,
        "squadshifts_wiki_train.jsonl.gz": records[:4],
        "fever_train.jsonl.gz": sentence[:4],
        "2wiki_train.jsonl.gz": sentence[4:],
    }
    for name, rows in files.items():
        with gzip.open(folder / name, "wt", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)
    return folder
