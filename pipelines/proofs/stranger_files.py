"""The files of a stranger's folder: many kinds and encodings, every text invented here, with what is asked of them."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import NamedTuple

from tests.documents import make_files

__all__ = ["ASKED", "UNANSWERED", "Asked", "write_folder"]


class Asked(NamedTuple):
    """A question, the file that answers it, and the words of the line that does."""

    question: str
    file: str
    wanted: str


ASKED = (
    Asked("In which version were tidal locks stabilised?", "releases.md", "Version 1.85.0"),
    Asked("When was version 1.0.0 of Drift released?", "releases.md", "Version 1.0.0 (2015-05-15)"),
    Asked("What is the default opt-level of the dev profile?", "profiles.html", "opt-level = 0"),
    Asked("What does the rpath setting control?", "profiles.html", "whether the loader searches beside the program"),
    Asked("Which option of drift limits the transfer speed?", "drift.1", "--limit-speed"),
    Asked("What does drift return when the harbour cannot be reached?", "drift.1", "7      The harbour cannot be"),
    Asked("What is Marguerite's salary?", "staff.csv", "salary: 5400"),
    Asked("How many days does a customer have to return a lamp?", "chat.jsonl", "within 30 days"),
    Asked("Which function moves an item up the heap?", "heap.py", "def sift_up"),
    Asked("Why was order 7731 cancelled?", "server.log", "order=7731 cancelled: payment timeout"),
    Asked("Which port does the exporter listen on?", "deploy.yaml", "exporter_port: 9187"),
    Asked("How is the calibration of a gauge started?", "guide.rst", "hold the blue button for four seconds"),
    Asked("How wide is the front door?", "handbook.docx", "90 cm"),
    Asked("What does the bridge cost?", "budget.pptx", "The bridge costs 3 million"),
    Asked("Which bytes does a Tarn image file begin with?", "formats.pdf", "89 54 52 4E"),
    Asked("What was the cause of the failure of pump P-417?", "pumps.parquet", "a seized bearing"),
    Asked("Wo wird der Schlüssel für das Wehr aufbewahrt?", "wehr.txt", "im grünen Kasten neben der Treppe"),
    Asked("灯台は何年に建てられましたか？", "lighthouse.txt", "1897年に建てられ"),
    Asked("Where are the keys after the handover?", "mail.eml", "in the blue box"),
    Asked("May the programs be sold under this licence?", "LICENCE", "may not be sold"),
)
UNANSWERED = (
    "Who won the 1998 World Cup?",
    "What is the phone number of Sigrid Aasen?",
    "How many moons has Jupiter?",
    "Which vaccine needs two doses?",
    "What is the melting point of gallium?",
    "Who painted the ceiling of the chapel?",
    "How long does pasta have to boil?",
    "Which king lost the battle at the ford?",
    "What is the airport's baggage allowance?",
    "When does the theatre season open?",
)

RELEASES = """Drift release notes
===================

Version 1.85.0 (2025-02-20)
---------------------------

Language
~~~~~~~~

- Tidal locks are stabilised and need no feature flag.
- Comments may stand behind a continued line.

Version 1.40.0 (2020-01-30)
---------------------------

- The reader of charts is twice as fast.
- Depths in fathoms are deprecated.

Version 1.0.0 (2015-05-15)
--------------------------

- First release. It promises that charts written today can be read tomorrow.
"""
PROFILES = """<html><head><title>Profiles</title></head><body><main><h1>Profiles</h1>
<p>Profiles change how the compiler works: how it optimises, and what it writes for the debugger. They are set in the
project's file, and each has a name.</p>
<h2>Settings</h2><h3>opt-level</h3><p>The level of optimisation, from 0 for none to 3 for all. Higher levels take
longer to compile.</p><h3>rpath</h3><p>The rpath setting says whether the loader searches beside the program for its
libraries before it searches in the system's folders.</p>
<h2>Default profiles</h2><h3>dev</h3><p>The dev profile is used for everyday work. Its defaults are:</p>
<pre>[profile.dev]
opt-level = 0
debug = true
rpath = false</pre>
<h3>release</h3><p>The release profile is used for what is given away. Its defaults are:</p>
<pre>[profile.release]
opt-level = 3
debug = false
rpath = false</pre></main></body></html>
"""
MANUAL = """DRIFT(1)                         User Commands                        DRIFT(1)

NAME
       drift - carry files between harbours

SYNOPSIS
       drift [options] SOURCE TARGET

OPTIONS
       --limit-speed RATE
              The most bytes a second that are carried. A letter behind the number multiplies it: K by a thousand,
              M by a million.

       -r, --retry COUNT
              How often a broken transfer is begun again. The default is 3.

       --silent
              Say nothing but errors.

EXIT STATUS
       0      Everything arrived.
       6      The name of the harbour is not known.
       7      The harbour cannot be reached, or refuses.
       23     The target's disk is full.
"""
HEAP = '''"""Heaps: the least item comes first."""

# The invariant: heap[k] <= heap[2*k+1] and heap[k] <= heap[2*k+2] for all k.
# To pop, the last item takes the first one's place and is
# then moved down to where it belongs.


def push(heap, item):
    """Add an item."""
    heap.append(item)
    sift_up(heap, len(heap) - 1)


def sift_up(heap, place):
    """Move the item at ``place`` up until its parent is no larger."""
    while place and heap[place] < heap[(place - 1) // 2]:
        above = (place - 1) // 2
        heap[place], heap[above] = heap[above], heap[place]
        place = above


def merge(*heaps):
    """All items of several heaps, in order."""
    return sorted(item for heap in heaps for item in heap)
'''
GUIDE = """Gauges
======

Mounting
--------

A gauge hangs one metre below the lowest tide, with its cable upwards.

Calibration
-----------

To start the calibration, hold the blue button for four seconds until the lamp flashes twice.
The gauge is calibrated anew every spring.
"""
DEPLOY = """# what runs on the harbour's machine
service:
  name: tide-watch
  replicas: 2
metrics:
  enabled: true
  exporter_port: 9187
  # seconds between readings
  interval: 15
alerts:
  - name: high-water
    above: 4.6
"""
LICENCE = """HARBOUR LICENCE, VERSION 2

1. Definitions. "The programs" are the files that come with this text.

2. Use. Whoever has the programs may use, copy and change them.

3. Sale. The programs may not be sold, alone or as a part of something else, without leave in writing.

4. No warranty. The programs are given as they are.
"""
PLACES = "Lock Pier Crane Basin Weir Quay Dock Buoy Slip Gauge".split()  # noqa: SIM905 - a list would fill a screen
DONE = "inspected painted closed measured repaired flooded cleaned lit".split()  # noqa: SIM905


def write_folder(folder: Path, *, filler: int = 400) -> int:
    """Write the folder.

    Args:
        folder: To be made.
        filler: Kilobytes of logs, notes and tables that answer nothing, in between.

    Returns:
        How many bytes all files have.
    """
    for name, data in _files().items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    _fill(folder, filler * 1000)
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _files() -> dict[str, bytes]:
    staff = "name,role,salary\nOle,smith,4100\nMarguerite,engineer,5400\nSigrid Aasen,pilot,4900\n"
    chat = (
        '{"role": "user", "content": "I bought a lamp and do not like it."}\n'
        '{"role": "assistant", "content": "A lamp can be returned within 30 days, unused and in its box."}\n'
    )
    log = "".join(
        f"2025-03-04 10:{n // 60:02}:{n % 60:02} INFO shop order={7700 + n} shipped to berth {n % 9}\n"
        if n != 31
        else f"2025-03-04 10:00:{n} ERROR shop order=7731 cancelled: payment timeout after 30 s\n"
        for n in range(200)
    )
    keys = "Der Schlüssel für das Wehr wird im grünen Kasten neben der Treppe aufbewahrt. Er gehört der Gemeinde."
    tower = "岬の灯台は1897年に建てられ、高さは31メートルです。光は20海里先まで届きます。"
    return {
        "releases.md": RELEASES.encode(),
        "docs/profiles.html": PROFILES.encode(),
        "man/drift.1": MANUAL.encode(),
        "tables/staff.csv": staff.encode(),
        "chat.jsonl": chat.encode(),
        "src/heap.py": HEAP.encode(),
        "logs/server.log": log.encode(),
        "deploy.yaml": DEPLOY.encode(),
        "docs/guide.rst": GUIDE.encode(),
        "office/handbook.docx": make_files.docx(),
        "office/budget.pptx": make_files.pptx(),
        "office/staff.xlsx": make_files.xlsx(),
        "office/formats.pdf": make_files.pdf("Image files.", "A Tarn image file begins with the bytes 89 54 52 4E."),
        "tables/pumps.parquet": make_files.parquet(),
        "mail.eml": make_files.eml(),
        "book.epub": make_files.epub(),
        "tides.ipynb": make_files.notebook(),
        "old/wehr.txt": keys.encode("cp1252"),
        "old/lighthouse.txt": tower.encode("shift_jis"),
        "old/wide.txt": "The ferry to the north island needs forty minutes.".encode("utf-16-le"),
        "LICENCE": LICENCE.encode(),
        "broken.txt": bytes(range(256)) * 8,
        "broken.pdf": b"%PDF-1.4\n1 0 obj<</Type",
        "photo.png": b"\x89PNG\r\n\x1a\n" + bytes(64),
        "firmware.bin": bytes(Random(1).randbytes(4000)),
        "packed.zip": make_files.zipped(note_txt="The spare anchor lies in shed four."),
    }


def _fill(folder: Path, size: int) -> None:
    """Half notes, a quarter logs, a quarter tables: sentences of a harbour, none of which answers anything."""
    chance, number = Random(7), 0
    while size > 0:
        kind = chance.choice(("md", "md", "log", "csv"))
        text = _made(kind, chance)
        path = folder / "filler" / f"{number:04}.{kind}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
        size, number = size - len(text), number + 1


def _made(kind: str, chance: Random) -> str:
    def fact() -> tuple[str, int, str, int]:
        return chance.choice(PLACES), chance.randrange(1, 90), chance.choice(DONE), chance.randrange(1950, 2024)

    if kind == "md":
        parts = [
            f"## {chance.choice(PLACES)} {n}\n\n" + " ".join(_sentence(*fact()) for _ in range(9)) for n in range(8)
        ]
        return "# Notes\n\n" + "\n\n".join(parts) + "\n"
    rows = [fact() for _ in range(80 if kind == "log" else 12)]
    if kind == "log":
        return "".join(f"{year}-05-02 08:{at % 60:02}:07 INFO {place} {at} {done}\n" for place, at, done, year in rows)
    return "place,number,done,year\n" + "".join(f"{place},{at},{done},{year}\n" for place, at, done, year in rows)


def _sentence(place: str, number: int, done: str, year: int) -> str:
    return f"{place} {number} was {done} in {year}, and the keeper wrote it down."
