"""How good the labeller is and which of its parts matter: every question is read once, everything else is arithmetic.

    python -m pipelines.proofs.labeller_report DATA [DATA ...] [--limit N] [--untitled]

For each file of labelled questions (names in RAGCOMPRESS_DATA or paths): the recall of the needed text at 5, 10, 20 and
30 % of the tokens with all parts of the score, without each, and with the untrained ones alone; the gold passage's
rank; what dynamic mode keeps; and how well unanswerable questions are told. At the end one row a file: the score
beside what it must beat.
Intervals are 95 % bootstrap over questions. Tokens are those of the sentences alone, without titles and separators. "As
shipped" is `LabellingPruner` itself, which may cut a sentence; then the share of the needed characters counts. All else
keeps whole sentences.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from eval.metrics import support_recall
from eval.stats import mean_interval
from ragcompress.core.budget import TokenBudget, embedded_count
from ragcompress.core.context import Context
from ragcompress.models.labeller.runtime import PARTS, JointModel
from ragcompress.pruners.labelling import LabellingPruner, rule_for
from ragcompress.scorers.labels import LabelScorer
from ragcompress.training.labelled import Labelled, read_labelled
from ragcompress.training.labeller.calibrate import SHARES, Case, auroc, recall_at, worths
from ragcompress.training.tuning import case_of

UNTRAINED = PARTS[:4]
JOINT = ("keep_mean", "keep_best", "rank")
WORDS = ("words", "passage_words")
GROUPS = {name: (name,) for name in UNTRAINED} | {"keep": JOINT[:2], "rank": JOINT[2:], "words": WORDS}
RECALLS = (0.9, 0.95, 0.97, 0.98, 0.99)
RIVALS = {"bi-encoder cosine": 0, "rank logit": 6}


class Judged(NamedTuple):
    """What `JointModel.probabilities` says of a question: of its sentences, and of its passages by number."""

    sentences: np.ndarray
    passages: dict[int, float]


def read(names: Sequence[str], limit: int | None) -> Iterator[tuple[str, list[Labelled]]]:
    """Name and questions of each file."""
    folder = Path(os.environ.get("RAGCOMPRESS_DATA", "../shared/data")) / "dev"
    for name in names:
        path = Path(name) if Path(name).exists() else folder / f"{name}.jsonl.gz"
        questions = list(read_labelled(path))
        step = max(1, -(-len(questions) // limit)) if limit else 1  # evenly spread: files are sorted by kind
        yield path.name.partition(".")[0], questions[::step]


class Measured(NamedTuple):
    """A file's questions: as the scorer sees them, and what the pruner keeps of the answerable ones' needed text."""

    cases: list[Case]
    shipped: list[list[float]]


def shipped(labelled: Labelled, scorer: LabelScorer) -> list[float]:
    """Share of the needed text that `LabellingPruner` keeps at `SHARES` of the tokens."""
    context = Context.of(labelled.question, labelled.passages)
    whole = sum(embedded_count(segment.text) for segment in context.split().segments)
    result = []
    for share in SHARES:
        out = LabellingPruner(scorer)(context, TokenBudget(int(share * whole), embedded_count))
        kept = [span for segment in out.segments for span in segment.support]
        result.append(fmean(support_recall(kept, group, alternatives=True) or 0.0 for group in labelled.groups))
    return result


def recall_table(measured: Measured, model: JointModel, title: str) -> Table:
    """Recall as shipped; of whole sentences by all parts, without each, by the untrained alone, and by single ones."""
    weights, settings = model.weights.astype(np.float64), model.settings
    rows = {
        f"without {name}": _without(weights, dropped) for name, dropped in GROUPS.items() if weights[_at(dropped)].any()
    }
    rows["untrained alone"] = _only(weights, UNTRAINED)
    rows["untrained and words"] = _only(weights, UNTRAINED + WORDS)
    rows["joint alone"] = _only(weights, JOINT)
    useful = [case for case in measured.cases if case.groups]
    found = {
        "as shipped": measured.shipped,
        "all parts": [_recall(case, weights, model) for case in useful],
        "by probability alone": [recall_at(case, case.scores(weights, settings["bridge"])) for case in useful],
        "without bridges": [recall_at(case, worths(case, case.parts @ weights, settings["keep"])) for case in useful],
    }
    found |= {name: [_recall(case, used, model) for case in useful] for name, used in rows.items()}
    found |= {
        f"{name} alone": [recall_at(case, case.parts[:, at]) for case in useful] for at, name in enumerate(PARTS[:3])
    }
    table = _table(title, "score", *(f"{share:.0%}" for share in SHARES))
    for name, values in found.items():
        table.add_row(name, *(_show(column) for column in np.array(values).T))
    return table


def _recall(case: Case, weights: np.ndarray, model: JointModel) -> list[float]:
    """By these weights, whole sentences in the pruner's order."""
    return recall_at(case, worths(case, case.scores(weights, model.settings["bridge"]), model.settings["keep"]))


def rank_table(cases: Sequence[Case], judged: Sequence[Judged]) -> Table:
    """Recall@1 and reciprocal rank of a passage that holds needed text, by four passage scores."""
    table = _table("rank of a gold passage", "passage score", "recall@1", "MRR")
    best = {name: [_best(case, case.parts[:, at]) for case in cases] for name, at in RIVALS.items()}
    best["best sentence"] = [_best(case, own.sentences) for case, own in zip(cases, judged, strict=True)]
    best["labeller"] = [own.passages for own in judged]
    for name, scores in best.items():
        ranks = [_rank(each, case) for each, case in zip(scores, cases, strict=True) if case.groups]
        table.add_row(name, _show([rank == 1 for rank in ranks]), _show([1 / rank for rank in ranks]))
    return table


def dynamic_table(cases: Sequence[Case], judged: Sequence[Judged], scorer: LabelScorer) -> Table:
    """What dynamic mode keeps for each wanted recall of answerable questions, and whether it rightly keeps nothing."""
    table = _table(
        "dynamic mode", "wanted recall", "needed text kept", "tokens removed", "empty: precision", "empty: recall"
    )
    answerable = np.array([bool(case.groups) for case in cases])
    for wanted in RECALLS:
        rule = rule_for(scorer, wanted)
        kept = [
            set(rule.choose(own.sentences.tolist(), case.sizes.tolist()))
            for case, own in zip(cases, judged, strict=True)
        ]
        pairs = [(case, mine) for case, mine in zip(cases, kept, strict=True) if case.groups]
        recalls = [float(np.mean([any(at in mine for at in group) for group in case.groups])) for case, mine in pairs]
        removed = [1 - case.sizes[sorted(mine)].sum() / max(case.sizes.sum(), 1) for case, mine in pairs]
        empty = np.array([not mine for mine in kept])
        right = empty & ~answerable
        precision = f"{right.sum() / empty.sum():.3f}" if empty.any() else "–"
        recall = f"{right.sum() / (~answerable).sum():.3f}" if not answerable.all() else "–"
        table.add_row(f"{wanted:g}", _show(recalls), _show(removed), precision, recall)
    return table


def areas(cases: Sequence[Case], judged: Sequence[Judged]) -> dict[str, float]:
    """How often an answerable question's passages are judged better than an unanswerable one's; empty without both."""
    answerable = np.array([bool(case.groups) for case in cases])
    measures = {
        "best passage score": np.array([max(own.passages.values(), default=0.0) for own in judged]),
        "sum of the keep probabilities": np.array([own.sentences.sum() for own in judged]),
    }
    found = {name: auroc(values[answerable], values[~answerable]) for name, values in measures.items()}
    return {name: area for name, area in found.items() if area is not None}


def summary_table(files: dict[str, Measured], model: JointModel) -> Table:
    """One row a file: recall at 5 / 10 / 20 % of the score and of what it must beat, and its lead at 10 %."""
    weights = model.weights.astype(np.float64)
    rivals = {name: _only(weights, (name,)) for name in UNTRAINED[:3]}
    rivals |= {"untrained sum": _only(weights, UNTRAINED), "BM25": _only(weights, WORDS)}
    table = _table("recall, %, at 5 / 10 / 20 % of the tokens", "file", "n", "labeller", *rivals, "lead at 10 %")
    for name, measured in files.items():
        useful = [case for case in measured.cases if case.groups]
        found = {
            rival: np.array([recall_at(case, case.parts @ used) for case in useful]) for rival, used in rivals.items()
        }
        ours = np.array(measured.shipped)
        lead = min(((ours - theirs)[:, 1] for theirs in found.values()), key=np.mean)
        row = [" / ".join(f"{100 * value:.1f}" for value in each[:, :3].mean(0)) for each in (ours, *found.values())]
        table.add_row(name, str(len(useful)), *row, _lead(lead))
    return table


def _lead(differences: np.ndarray) -> str:
    """Over the best rival, with the paired interval."""
    interval = mean_interval((100 * differences).tolist())
    return f"{interval.value:+.1f} [{interval.low:+.1f}, {interval.high:+.1f}]"


def report(name: str, data: Sequence[Labelled], scorer: LabelScorer, console: Console) -> Measured:
    """Print everything about one file; returns what was read."""
    measured = Measured([], [])
    for one in track(data, f"reading {name}", console=Console(stderr=True)):
        measured.cases.append(case_of(scorer, one))
        if measured.cases[-1].groups:
            measured.shipped.append(shipped(one, scorer))
    cases = measured.cases
    judged = [
        Judged(*scorer.model.probabilities(case.parts.astype(np.float32), case.owners, case.mentions)) for case in cases
    ]
    console.print(recall_table(measured, scorer.model, f"{name}: needed text kept, {len(cases)} questions"))
    console.print(rank_table(cases, judged))
    console.print(dynamic_table(cases, judged, scorer))
    for measure, area in areas(cases, judged).items():
        console.print(f"AUROC of the {measure}, answerable against not: {area:.3f}")
    return measured


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+")
    parser.add_argument("--limit", type=int, help="about so many questions of each file, evenly spread")
    parser.add_argument("--untitled", action="store_true", help="hide the titles")
    args = parser.parse_args()
    scorer = LabelScorer()
    console = Console(width=190)
    found = {
        name: report(name, [_untitled(one) for one in data] if args.untitled else data, scorer, console)
        for name, data in read(args.data, args.limit)
    }
    console.print(summary_table(found, scorer.model))


def _untitled(labelled: Labelled) -> Labelled:
    return replace(labelled, passages=tuple(replace(passage, title="") for passage in labelled.passages))


def _best(case: Case, scores: np.ndarray) -> dict[int, float]:
    return {int(number): float(scores[case.owners == number].max()) for number in np.unique(case.owners)}


def _rank(scores: dict[int, float], case: Case) -> int:
    gold = set(case.owners[case.right].tolist())
    order = sorted(scores, key=lambda number: (-scores[number], number))
    return 1 + next(place for place, number in enumerate(order) if number in gold)


def _at(names: Sequence[str]) -> list[int]:
    return [PARTS.index(name) for name in names]


def _without(weights: np.ndarray, names: Sequence[str]) -> np.ndarray:
    changed = weights.copy()
    changed[_at(names)] = 0
    return changed


def _only(weights: np.ndarray, names: Sequence[str]) -> np.ndarray:
    return _without(weights, [name for name in PARTS if name not in names])


def _show(values: Sequence[float] | np.ndarray) -> str:
    interval = mean_interval([float(value) for value in values])
    return f"{interval.value:.3f} ±{(interval.high - interval.low) / 2:.3f}"


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for at, column in enumerate(columns):
        table.add_column(column, justify="left" if at == 0 else "right")
    return table


if __name__ == "__main__":
    main()
