"""Answer recall by language: what is kept within a share of the tokens, by labellers and by free scores.

    python -m pipelines.proofs.languages_table [--limit 30] [--methods labeller late english] [--sets xquad drcd jaquad]
    python -m pipelines.proofs.languages_table --asked de zh ar        # their questions about the English passages
    python -m pipelines.proofs.languages_table --methods contexts      # what `ragcompress.compress` sends

Kept are the best sentences that fit within 5, 10, 20 and 30 % of the characters; a question is answered if a sentence
that overlaps its answer is among them. ``english`` is what other languages got before the multilingual base: the
English labeller, or words where it can't read. ``late`` and ``dense`` are the free scores of the base itself.
``contexts`` are compressed as users do it, to shares of the tokens and at last without a budget, and must hold an
answer's string.
"""

from __future__ import annotations

import argparse
import json
import os
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ragcompress.core.context import Context
from ragcompress.core.select import worth
from ragcompress.core.types import Passage
from ragcompress.facade import compress
from ragcompress.models.multilingual import multilingual
from ragcompress.scorers import DenseScorer, GuardedScorer, LateInteractionScorer
from ragcompress.scorers.guard import UNREADABLE, unreadable_share
from ragcompress.scorers.labels import LabelScorer
from ragcompress.scorers.lexical import LexicalScorer
from ragcompress.training.labeller.corpus import read_records

SHARES = (0.05, 0.1, 0.2, 0.3)
SETS = ("xquad", "drcd", "jaquad")


def former(context: Context) -> Context:
    """The English labeller, or words where it has no pieces for the text."""
    sample = " ".join(passage.text[:200] for passage in context.passages[:50])
    if max(unreadable_share(context.query), unreadable_share(sample)) > UNREADABLE:
        return LexicalScorer()(context)
    return LabelScorer()(context)


METHODS: dict[str, tuple[Callable[[], Callable[[Context], Context]], bool]] = {
    "labeller": (lambda: GuardedScorer(LabelScorer()), True),
    "english": (lambda: former, True),
    "late": (lambda: LateInteractionScorer(multilingual()), False),
    "dense": (lambda: DenseScorer(multilingual()), False),
}  # how to make it, and whether its scores are probabilities, to be weighed with the segments' sizes


def kept(record: dict[str, Any], scorer: Callable[[Context], Context], *, chances: bool) -> list[float]:
    """For each share whether a sentence with the answer is kept, and at last whether its passage ranks first."""
    passages = [Passage(own["text"], title=own["title"]) for own in record["passages"]]
    scored = scorer(Context.of(record["question"], passages).split())
    sizes = [len(segment.text.strip()) for segment in scored.segments]
    scores = [segment.score or 0.0 for segment in scored.segments]
    values = worth(scores, sizes) if chances else scores
    right = [
        any(
            segment.support[0].start < end and start < segment.support[0].end
            for start, end in record["passages"][segment.support[0].passage]["support"]
        )
        for segment in scored.segments
    ]
    found = []
    for share in SHARES:
        left, holds = share * sum(sizes), False
        for at in np.argsort(-np.array(values), kind="stable").tolist():
            if sizes[at] <= left:
                left -= sizes[at]
                holds |= right[at]
        found.append(float(holds))
    best = int(np.argmax(scored.passage_scores))
    return [*found, float(record["passages"][best]["is_gold"])]


def sent(record: dict[str, Any]) -> list[float]:
    """Whether the contexts that `ragcompress.compress` makes hold an answer; what share it sends without a budget."""
    passages = [Passage(own["text"], title=own["title"]) for own in record["passages"]]
    made = [compress(record["question"], passages, share) for share in (*SHARES, None)]
    held = [float(any(answer.casefold() in out.text.casefold() for answer in record["answers"])) for out in made]
    return [*held, made[-1].tokens_out / max(made[-1].tokens_in, 1)]


def told(records: Sequence[dict[str, Any]], method: str) -> dict[str, Any]:
    """The means over some questions: what is kept, and the last figure of `kept` or `sent` by its name."""
    if method == "contexts":
        measured, last = [sent(record) for record in records], "share_without_budget"
    else:
        make, chances = METHODS[method]
        scorer = make()
        measured, last = [kept(record, scorer, chances=chances) for record in records], "first"
    *means, final = np.mean(measured, axis=0).round(3).tolist()
    return {"kept": means, last: final}


def questions(folder: Path, name: str, limit: int, asked: Sequence[str]) -> dict[str, list[dict[str, Any]]]:
    """So many answerable questions of every language of a set, chosen by chance; the same ones every time."""
    by_language: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for record in read_records(folder / f"{name}_dev.jsonl.gz"):
        if record["answers"]:
            by_language[record["meta"]["lang"]].append(record)
    if asked:
        return _across(by_language, limit, asked)
    rng = random.Random(5)
    return {lang: rng.sample(own, min(limit, len(own))) for lang, own in sorted(by_language.items())}


def _across(
    by_language: dict[str, list[dict[str, Any]]], limit: int, asked: Sequence[str]
) -> dict[str, list[dict[str, Any]]]:
    """English passages under the same question in other languages; parallel sets number their questions alike."""
    numbered = {lang: {_number(one["id"]): one for one in own} for lang, own in by_language.items()}
    chosen = random.Random(5).sample(sorted(numbered["en"]), limit)
    return {
        f"{lang}>en": [
            {**numbered["en"][at], "question": numbered[lang][at]["question"]} for at in chosen if at in numbered[lang]
        ]
        for lang in ("en", *asked)
    }


def _number(name: str) -> str:
    return name.rpartition(":")[2]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=30)
    parser.add_argument("--methods", nargs="+", default=list(METHODS), choices=[*METHODS, "contexts"])
    parser.add_argument("--sets", nargs="+", default=list(SETS))
    parser.add_argument("--asked", nargs="+", default=[])
    args = parser.parse_args()
    folder = Path(os.environ.get("RAGCOMPRESS_DATA", "../shared/data")) / "dev"
    for name in args.sets:
        for lang, own in questions(folder, name, args.limit, args.asked).items():
            for method in args.methods:
                line = {"set": name, "language": lang, "questions": len(own), "method": method}
                print(json.dumps(line | told(own, method)), flush=True)


if __name__ == "__main__":
    main()
