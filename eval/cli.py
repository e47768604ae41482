"""The command line of the evaluation."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ragcompress import methods
from ragcompress.core.errors import InvalidInput, RagCompressError, require
from ragcompress.core.protocols import Compressor, Retriever
from ragcompress.core.types import Passage

from . import choose, compare, needles, race, speed, trust
from .answer_cli import answer
from .answer_cli import table as answer_table
from .answers import FILE as ANSWERS
from .datasets import checksum, find, load, shortened
from .hub import PREFIX, load_hub
from .options import parser
from .presets import preset
from .questions import Question
from .readers import describe, named
from .report import write_report
from .retrieval import load_corpus, pooled, retrieval_scores, retrieve_for
from .rows import read_rows, write_header
from .run import Plan, run, versions
from .stats import SEED
from .structured import KINDS, questions
from .structured_peers import PEERS
from .structured_table import kept_share, table
from .trials.parts import parts
from .trials.table import chosen
from .trials.table import run as trial_rows
from .trials.table import table as trial_table

__all__ = ["main"]

TOKENIZER = "WordPiece of all-MiniLM-L6-v2, without special tokens"
Step = Callable[[int], None]


def main(arguments: Sequence[str] | None = None, *, prog: str = "python -m eval") -> int:
    """Run a subcommand; 0 on success, 1 where something does not hold, 2 on wrong use."""
    options = parser(prog).parse_args(arguments)
    try:
        return ACTIONS[options.action](options)
    except (RagCompressError, OSError) as error:
        print(f"eval: {error}", file=sys.stderr)
        return 2


def _run(options: argparse.Namespace) -> int:
    note = _apply_preset(options)
    questions, header = _asked(options)
    reader = named(options.reader)
    plan = Plan.named(_names(options), _budgets(options), reader=reader, bounds=not options.bare)
    header |= {
        "commands": [shlex.join(["python", "-m", "eval", *sys.argv[1:]])],
        "methods": {name: _describe(maker) for name, maker in plan.methods.items()},
        "reader": describe(options.reader),
        "renderer": "plain",
        "tokenizer": TOKENIZER,
        "seed": SEED,
        "versions": versions(),
    } | note
    write_header(options.out, header)
    with _bar("questions", len(questions)) as step:
        new = run(questions, plan, options.out, progress=step)
    print(f"{new} new rows in {options.out}")
    for path in write_report(options.out, margin=options.margin):
        print(path)
    return 0


def _apply_preset(options: argparse.Namespace) -> dict[str, object]:
    """Fill in what a preset fixes and the command line does not; what the header says about it."""
    if options.preset is None:
        if not options.data:
            raise InvalidInput("run needs --data FILE, or --preset NAME")
        return {}
    chosen = preset(options.preset)
    options.data = options.data or list(chosen.data)
    options.budgets = ",".join(map(str, chosen.budgets))
    options.passages = options.k = chosen.passages
    return {"preset": {"name": options.preset, "paper": chosen.paper, "differs": chosen.differs}}


def _answers(options: argparse.Namespace) -> int:
    questions, header = _asked(options)
    new = answer(options, questions, header | {"tokenizer": TOKENIZER})
    print(
        f"{new} new rows in {options.out}\n\n{answer_table(options.out, prices=options.prices, margin=options.margin)}"
    )
    return 0


def _report(options: argparse.Namespace) -> int:
    if (options.folder / ANSWERS).is_file():
        print(answer_table(options.folder, prices=options.prices, margin=options.margin))
        return 0
    for path in write_report(options.folder, margin=options.margin):
        print(path)
    return 0


def _compare(options: argparse.Namespace) -> int:
    for folder in (options.a, options.b):
        if not (folder / "rows.jsonl").is_file():
            raise InvalidInput(f"{folder} holds no run (no rows.jsonl); name the --out of `eval run`")
    print(compare.table(compare.changes(read_rows(options.a), read_rows(options.b), margin=options.margin)))
    return 0


def _choose(options: argparse.Namespace) -> int:
    questions, _ = _asked(options)
    plan = Plan.named(_names(options), options.grid or choose.GRID, bounds=False)
    with _bar("questions", len(questions)) as step:
        found = choose.choose(questions, plan, answer_recall=options.answer_recall, progress=step)
    if not found:
        print(f"no method keeps the answer of {options.answer_recall:.0%} of these questions at any budget tried")
        return 1
    print("| method | budget | answer recall, other half | kept fraction | reached |\n|---|---|---|---|---|")
    for one in found:
        reached = "yes" if one.reached else "no"
        print(f"| {one.method} | {one.budget:g} | {one.confirmed} | {one.kept_fraction.value:.3f} | {reached} |")
    best = found[0]
    print(f"\ncompress(..., budget={best.budget:g}, compressor={best.method!r})")
    return 0


def _race(options: argparse.Namespace, questions: Sequence[Question]) -> int:
    from ragcompress.retriever.states import StateMaker
    from ragcompress.retriever.units import UnitMaker

    stored = [(), (UnitMaker,), (UnitMaker, StateMaker)] if options.stored else [()]
    runners = race.peers([name for name in options.peers.split(",") if name])
    runners += [race.ours(name, options.budget, *ahead) for name in _names(options) for ahead in stored]
    print(race.table(list(race.race(runners, questions, options.out))))
    return 0


def _gauged(options: argparse.Namespace, questions: Sequence[Question]) -> int:
    from .gauges import GAUGES
    from .gauges.plots import draw

    names = options.gauges.split(",")
    unknown = [name for name in names if name not in GAUGES]
    if unknown:
        raise InvalidInput(f"there is no gauge {unknown[0]!r}; name some of {', '.join(GAUGES)}")
    for name in names:
        lines = []
        for line in GAUGES[name](questions, options.full):
            print(line, flush=True)
            lines.append(line)
        if options.plots:
            draw(name, lines, options.plots)
    return 0


def _speed(options: argparse.Namespace) -> int:
    questions, _ = _asked(options)
    if options.gauges:
        return _gauged(options, questions)
    if options.peers is not None:
        return _race(options, questions)
    plan = Plan.named(_names(options), [options.budget], bounds=False)
    prices = speed.Prices(options.prefill, options.price)
    rows = [speed.Timed(*each) for each in plan.methods.items()]
    if options.stored:
        ahead = speed.stored_states()
        rows += [speed.Timed(f"{row.name}, states stored", row.maker, ahead) for row in rows]
    print(
        "| method | median ms | 95 % ms | tokens/s | tokens saved | prefill ms saved | net ms | break-even tokens/s |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for salt, row in enumerate(rows, 1):
        s = speed.measure(row, questions, budget=options.budget, salt=salt, prices=prices)
        print(
            f"| {s.method} | {s.median:.1f} | {s.slow:.1f} | {s.tokens_per_second:,.0f} | {s.saved_tokens:.0f} "
            f"| {s.saved_ms:.0f} | {s.net_ms:+.0f} | {s.break_even:,.0f} |",
            flush=True,
        )
    return 0


def _trust(options: argparse.Namespace) -> int:
    return _promises(options) if options.data else _trials(options)


def _trials(options: argparse.Namespace) -> int:
    found = chosen(parts(full=options.full, calls=options.calls), options.only)
    if options.full and not options.out:
        raise InvalidInput("--full takes hours: name a folder with --out, so that it goes on after a stop")
    with _bar("trials", sum(part.shares for part in found)) as step:
        rows = trial_rows(found, options.out, step=lambda _: step(1))
    print(trial_table(rows))
    return int(any(row["lost"] for row in rows))


def _promises(options: argparse.Namespace) -> int:
    questions, _ = _asked(options)
    plan = Plan.named([*_names(options), "truncate", "passages", "lead", "random"], [0.1], bounds=False)
    broken = 0
    print("| compressor | cases | " + " | ".join(trust.PROMISES) + " | deterministic |")
    print("|---" * (len(trust.PROMISES) + 3) + "|")
    for name, maker in plan.methods.items():
        cases, breaches = trust.check(name, maker, questions, (0.0, 0.05, 0.2, 1.0))
        broken += len(breaches)
        count = [sum(b.promise == promise for b in breaches) for promise in (*trust.PROMISES, "deterministic")]
        print(f"| {name} | {cases} | " + " | ".join("holds" if not c else f"{c} broken" for c in count) + " |")
        for breach in breaches[:5]:
            print(f"    {breach.promise}: question {breach.question}: {breach.detail}", file=sys.stderr)
    return 1 if broken else 0


def _retrieval(options: argparse.Namespace) -> int:
    questions, _ = _asked(options)
    corpus, places = pooled(load_corpus(find(options.corpus)) if options.corpus else [], questions)
    relevant = {q.id: {places[q.passages[at].text]: 1 for at in q.gold} for q in questions if q.gold}
    if not relevant:
        raise InvalidInput("no question marks the passages that answer it (is_gold, or support); nothing can be scored")
    retriever = _built(corpus)
    with _bar("questions", len(questions)) as step:
        ranked = {}
        for question in questions:
            found = retriever.retrieve(question.question, 20)
            ranked[question.id] = {passage.id: -float(at) for at, passage in enumerate(found)}
            step(1)
    hits = sum(not grades.keys().isdisjoint(ranked[name]) for name, grades in relevant.items())
    print(f"{len(corpus):,} passages; {hits} of {len(relevant)} questions have a gold passage among the first 20")
    print(json.dumps(retrieval_scores(relevant, ranked), indent=1))
    return 0


def _asked(options: argparse.Namespace) -> tuple[list[Question], dict[str, object]]:
    """The questions of all files asked for, and what identifies them."""
    questions: list[Question] = []
    data, paths = {}, {}
    for name in options.data:
        if name.startswith(PREFIX):
            questions += (own := load_hub(name, limit=options.limit))
            data[own[0].dataset if own else name] = name
            continue
        path = find(name)
        own = load(path, limit=options.limit)
        questions += own
        label = own[0].dataset if own else path.name
        data[label], paths[label] = checksum(path), str(path)
    if getattr(options, "passages", None):
        questions = [shortened(question, options.passages) for question in questions]
    if getattr(options, "corpus", None) and options.action == "run":
        questions = retrieve_for(questions, _built(load_corpus(find(options.corpus))), k=options.k)
    return questions, {"data": data, "paths": paths, "limit": options.limit}


def _built(passages: Sequence[Passage]) -> Retriever:
    from ragcompress.retriever import DenseRetriever

    return DenseRetriever.build(passages, progress=True)


def _names(options: argparse.Namespace) -> list[str]:
    return [name.strip() for name in options.compressors.split(",") if name.strip()]


def _budgets(options: argparse.Namespace) -> list[float]:
    return sorted({float(part) for part in options.budgets.split(",")})


def _describe(maker: Callable[..., object]) -> str:
    cell = getattr(maker, "__closure__", None)
    inner = cell[0].cell_contents if cell else getattr(maker, "__self__", maker)
    return getattr(inner, "__name__", None) or repr(inner)


@contextmanager
def _bar(label: str, total: int) -> Iterator[Step]:
    progress = require("rich.progress", "eval").Progress(console=require("rich.console", "eval").Console(stderr=True))
    with progress:
        task = progress.add_task(label, total=total)
        yield lambda count: progress.advance(task, count)


def _named(name: str) -> Compressor:
    """One of our methods, or of other people's."""
    return PEERS[name]() if name in PEERS else methods.resolve(name)


def _structured(options: argparse.Namespace) -> int:
    asked = questions([int(seed) for seed in options.seeds.split(",")], options.per_kind)
    names, budgets = options.methods.split(","), _budgets(options)
    with _bar("questions", len(asked) * len(names) * len(budgets)) as step:
        results = {
            (name, budget): kept_share(asked, _named(name), budget, step) for name in names for budget in budgets
        }
    print(f"{len(asked)} questions over {len(KINDS)} kinds of text; seeds {options.seeds}\n")
    print(table(results))
    return 0


def _needles(options: argparse.Namespace) -> int:
    corpus, names = load_corpus(find(options.corpus)), options.kinds.split(",")
    method, found = methods.resolve(options.method), []
    for length in (int(part) for part in options.lengths.split(",")):
        for one in needles.seek(
            names,
            corpus,
            length,
            method,
            budget=options.budget,
            seeds=range(options.first, options.first + options.count),
        ):
            found.append(one)
            print(f"{one.kind}, {length:,}: {one.share:.0%} kept, {one.seconds:.1f} s", file=sys.stderr, flush=True)
    print(f"{options.method}, at most {options.budget} tokens\n\n{needles.table(found)}")
    return 0


ACTIONS: dict[str, Callable[[argparse.Namespace], int]] = {
    "run": _run,
    "report": _report,
    "compare": _compare,
    "choose": _choose,
    "speed": _speed,
    "structured": _structured,
    "trust": _trust,
    "retrieval": _retrieval,
    "answers": _answers,
    "needles": _needles,
}
