"""Every listed method on the same questions, one command, one table.

    python -m pipelines.proofs.methods_table OUT [--limit 200] [--data FILE …] [--methods labeller words]

Runs every method that needs no model of the user's choice, and four chains, on the data sets named and on two
sets of product reviews that this script makes (60 short reviews a product, most of them saying the same): a question
after a fact that two reviews hold, and one after all complaints, each of which is in one review. A killed run goes
on where it stopped. Times are with encodings cached, so they show what a method costs beside the one encoding pass
that all neural methods share; ``python -m eval speed`` measures whole calls.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from statistics import fmean, median

import ragcompress as rc
from eval.datasets import find, load
from eval.questions import Question
from eval.rows import Row, read_rows
from eval.run import Plan, run
from ragcompress.core.protocols import Compressor
from ragcompress.methods import METHODS, resolve
from ragcompress.pruners import kinds

CHAINS: dict[str, Callable[[], Compressor]] = {
    "redundancy > cascade > protect > ends": lambda: rc.chain(
        rc.drop_redundant, rc.Cascade(), rc.protect(kinds.negations), rc.order_ends
    ),
    "redundancy > fused": lambda: rc.chain(rc.drop_redundant, resolve("fused")),
    "fused > antecedents": lambda: rc.chain(resolve("fused"), rc.keep_antecedents),
    "hops > words": lambda: rc.WordPruner(scorer=rc.SecondPass()),
}

PRAISE = (
    "Great value for the money.", "Works as described.", "I am very happy with it.", "Delivery was quick.",
    "I would buy it again.", "Looks nice on the counter.", "It does what it should.", "My family loves it.",
    "The price is fair.", "It is easy to clean.", "A solid product.", "It was a present and was liked a lot.",
)  # fmt: skip
BLAME = (
    "The lid feels flimsy.", "It is louder than I thought.", "The manual is badly translated.", "The box was damaged.",
    "The cord is too short.", "The handle gets warm.", "Customer service never answered.",
)  # fmt: skip
FACTS = (
    ("How long does the battery of the {name} last?", "The battery lasts {n} hours on one charge.", "{n} hours"),
    ("How much does the {name} weigh?", "On my scale it weighs {n} grams without the lid.", "{n} grams"),
    ("How much water does the {name} hold?", "It holds {n} cups of water at most.", "{n} cups"),
    ("How many years of warranty does the {name} have?", "They give {n} years of warranty.", "{n} years"),
)
NAMES = ("Norvik kettle", "Alba lamp", "Terra drill", "Luma radio", "Orion blender", "Pico heater", "Vento fan")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what is missing and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("out", type=Path)
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--data", nargs="*", default=["nq_multi20_dev", "hotpot_dev"])
    parser.add_argument("--budgets", type=float, nargs="*", default=[0.1, 0.2, 0.3])
    methods = {method.name: method.build for method in METHODS if method.build and method.offline} | CHAINS
    parser.add_argument("--methods", nargs="*", choices=methods, default=list(methods), help="only these")
    options = parser.parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    methods = {name: methods[name] for name in options.methods}
    plan = Plan({name: _always(build()) for name, build in methods.items()}, tuple(options.budgets))
    for questions in _sets(options.data, options.limit, options.out):
        run(questions, plan, options.out)
    print(table(read_rows(options.out), options.budgets))
    return 0


def table(rows: Iterable[Row], budgets: Sequence[float]) -> str:
    """Answer recall / support recall in percent at each budget, the median time, failures."""
    groups: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.dataset, row.compressor), []).append(row)
    lines = []
    for dataset in dict.fromkeys(dataset for dataset, _ in groups):
        head = " | ".join(f"{budget:.0%}" for budget in budgets)
        lines += [
            f"\n{dataset} (answer recall / support recall, %)\n",
            f"| method | {head} | tokens out at {budgets[-1]:.0%} | ms |",
        ]
        lines.append("|" + "---|" * (len(budgets) + 3))
        lines += [_line(name, own, budgets) for (of, name), own in groups.items() if of == dataset]
    return "\n".join(lines)


def reviews(number: int, *, products: int = 28, seed: int = 7) -> Iterator[dict[str, object]]:
    """Questions over ``number`` reviews of one product each; two of them hold the answer, in our schema."""
    draw = random.Random(seed)
    for product in range(products):
        name = f"{NAMES[product % len(NAMES)]} {100 + product}"
        asked, says, answer = FACTS[product % len(FACTS)]
        count = draw.randint(3, 900)
        sentence = says.format(n=count)
        told = set(draw.sample(range(number), 2))
        passages = []
        for at in range(number):
            said = draw.sample(PRAISE, 2) + draw.sample(BLAME, draw.randint(0, 1))
            said = [*said[:1], sentence, *said[1:]] if at in told else said
            text = " ".join(said)
            begin = text.index(sentence) if at in told else 0
            support = [[begin, begin + len(sentence)]] if at in told else []
            passages.append({"id": str(at), "title": name, "text": text, "is_gold": at in told, "support": support})
        yield {
            "id": f"reviews-{product}", "question": asked.format(name=name), "answers": [answer.format(n=count)],
            "passages": passages, "meta": {"dataset": "reviews", "lang": "en", "support_type": "answer"},
        }  # fmt: skip


def opinions(number: int, *, products: int = 20, seed: int = 11) -> Iterator[dict[str, object]]:
    """A broad question over ``number`` reviews: every complaint is in one review alone, praise is in all of them."""
    draw = random.Random(seed)
    for product in range(products):
        name = f"{NAMES[product % len(NAMES)]} {200 + product}"
        places = dict(zip(draw.sample(range(number), len(BLAME)), BLAME, strict=True))
        passages = []
        for at in range(number):
            said = draw.sample(PRAISE, 3)
            text = " ".join([*said[:1], *([places[at]] if at in places else []), *said[1:]])
            begin = text.index(places[at]) if at in places else 0
            support = [[begin, begin + len(places[at])]] if at in places else []
            passages.append({"id": str(at), "title": name, "text": text, "is_gold": bool(support), "support": support})
        yield {
            "id": f"opinions-{product}", "question": f"What do buyers dislike about the {name}?",
            "answers": list(BLAME),
            "passages": passages, "meta": {"dataset": "opinions", "lang": "en", "support_type": "sentence"},
        }  # fmt: skip


def _sets(names: Sequence[str], limit: int, made: Path) -> Iterator[list[Question]]:
    paths = []
    for make in (reviews, opinions):
        paths.append(made / f"{make.__name__}.jsonl")
        paths[-1].write_text("".join(json.dumps(record) + "\n" for record in make(60)), encoding="utf-8")
    for path in [*paths, *map(find, names)]:
        yield load(path, limit=limit)


def _always(compressor: Compressor) -> Callable[[Question], Compressor]:
    return lambda question: compressor


def _line(name: str, rows: Sequence[Row], budgets: Sequence[float]) -> str:
    cells = []
    for budget in budgets:
        own = [row for row in rows if row.budget == budget]
        support = [row.support_recall for row in own if row.support_recall is not None]
        found = f"{100 * fmean(row.answer_recall for row in own):.1f}"
        cells.append(f"{found} / {100 * fmean(support):.1f}" if support else found)
    last = [row for row in rows if row.budget == budgets[-1]]
    failed = sum(row.error is not None for row in rows)
    size, time = fmean(row.tokens_out for row in last), 1000 * median(row.seconds for row in rows)
    return f"| {name} | {' | '.join(cells)} | {size:.0f} | {time:.0f}{f' ({failed} failed)' if failed else ''} |"


if __name__ == "__main__":
    raise SystemExit(main())
