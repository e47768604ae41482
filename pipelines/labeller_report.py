"""How good the labeller is and which of its parts matter: every question is read once, everything else is arithmetic.

    python -m pipelines.labeller_report DATA [DATA ...] [--limit N] [--precision int8|float] [--untitled]

For each file of labelled questions (names in RAGCOMPRESS_DATA or paths): the recall of the needed text at 5, 10, 20 and
30 % of the tokens with all parts of the score, without each, and with the untrained ones alone; the gold passage's
rank; how well the best passage score tells unanswerable questions; and what each calibrated threshold keeps. At the
end one row a file: the score beside what it must beat.
Intervals are 95 % bootstrap over questions. Tokens are those of the sentences alone, without titles and separators.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from eval.stats import mean_interval
from ragcompress.encoders import OnnxEncoder
from ragcompress.labelled import Labelled, read_labelled
from ragcompress.labeller.calibrate import SHARES, Case, recall_at
from ragcompress.labeller.runtime import PARTS, JointModel
from ragcompress.scorers.labels import LabelScorer
from ragcompress.tuning import case_of

UNTRAINED = PARTS[:4]
JOINT = ("keep_mean", "keep_best", "rank")
WORDS = ("words", "passage_words")
GROUPS = {name: (name,) for name in UNTRAINED} | {"keep": JOINT[:2], "rank": JOINT[2:], "words": WORDS}
RECALLS = ("0.9", "0.95", "0.97", "0.98", "0.99")


def read(names: Sequence[str], limit: int | None) -> Iterator[tuple[str, list[Labelled]]]:
    """Name and questions of each file."""
    folder = Path(os.environ.get("RAGCOMPRESS_DATA", "../shared/data")) / "dev"
    for name in names:
        path = Path(name) if Path(name).exists() else folder / f"{name}.jsonl.gz"
        questions = list(read_labelled(path))
        step = max(1, -(-len(questions) // limit)) if limit else 1  # evenly spread: files are sorted by kind
        yield path.name.partition(".")[0], questions[::step]


def recall_table(cases: Sequence[Case], weights: np.ndarray, title: str) -> Table:
    """Recall with all parts, without each, and with the untrained alone."""
    rows = {"all parts": weights}
    rows |= {
        f"without {name}": _without(weights, dropped) for name, dropped in GROUPS.items() if weights[_at(dropped)].any()
    }
    rows["untrained alone"] = _only(weights, UNTRAINED)
    rows["untrained and words"] = _only(weights, UNTRAINED + WORDS)
    rows["joint alone"] = _only(weights, JOINT)
    rows |= {f"{name} alone": _only(weights, (name,)) for name in UNTRAINED[:3]}
    table = _table(title, "score", *(f"{share:.0%}" for share in SHARES))
    useful = [case for case in cases if case.groups]
    for name, used in rows.items():
        values = np.array([recall_at(case, used) for case in useful])
        table.add_row(name, *(_show(column) for column in values.T))
    return table


def rank_table(cases: Sequence[Case], owners: Sequence[np.ndarray], chances: Sequence[np.ndarray]) -> Table:
    """Recall@1 and reciprocal rank of a passage that holds needed text, by three passage scores."""
    table = _table("rank of a gold passage", "passage score", "recall@1", "MRR")
    scores = {
        "bi-encoder cosine": [case.parts[:, 0] for case in cases],
        "rank head": [case.parts[:, 6] for case in cases],
        "labeller (best sentence)": chances,
    }
    for name, values in scores.items():
        ranks = [_rank(*each) for each in zip(values, owners, cases, strict=True) if each[2].groups]
        table.add_row(name, _show([rank == 1 for rank in ranks]), _show([1 / rank for rank in ranks]))
    return table


def threshold_table(cases: Sequence[Case], chances: Sequence[np.ndarray], thresholds: dict[str, float]) -> Table:
    """What dynamic mode keeps at each calibrated threshold, and its decision that nothing is relevant."""
    table = _table(
        "dynamic mode", "wanted recall", "needed text kept", "tokens removed", "empty: precision", "empty: recall"
    )
    answerable = np.array([bool(case.groups) for case in cases])
    for wanted in RECALLS:
        kept = [chance >= thresholds[wanted] for chance in chances]
        recalls = [
            float(np.mean([any(mine[at] for at in group) for group in case.groups]))
            for case, mine in zip(cases, kept, strict=True)
            if case.groups
        ]
        removed = [
            1 - case.sizes[mine].sum() / max(case.sizes.sum(), 1) for case, mine in zip(cases, kept, strict=True)
        ]
        empty = np.array([not mine.any() for mine in kept])
        right = empty & ~answerable
        precision = f"{right.sum() / empty.sum():.3f}" if empty.any() else "–"
        recall = f"{right.sum() / (~answerable).sum():.3f}" if not answerable.all() else "–"
        table.add_row(wanted, _show(recalls), _show(removed), precision, recall)
    return table


def auroc(cases: Sequence[Case], chances: Sequence[np.ndarray]) -> float | None:
    """How often an answerable question's best score beats an unanswerable one's; None without both kinds."""
    best = np.array([chance.max(initial=0.0) for chance in chances])
    answerable = np.array([bool(case.groups) for case in cases])
    if answerable.all() or not answerable.any():
        return None
    ours, theirs = best[answerable][:, None], best[~answerable][None]
    return float(((ours > theirs) + 0.5 * (ours == theirs)).mean())


def summary_table(read_cases: dict[str, list[Case]], weights: np.ndarray) -> Table:
    """One row a file: recall at 5 / 10 / 20 % of the score and of what it must beat, and its lead at 10 %."""
    rivals = {name: _only(weights, (name,)) for name in UNTRAINED[:3]}
    rivals |= {"untrained sum": _only(weights, UNTRAINED), "BM25": _only(weights, WORDS)}
    table = _table("recall, %, at 5 / 10 / 20 % of the tokens", "file", "n", "labeller", *rivals, "lead at 10 %")
    for name, cases in read_cases.items():
        useful = [case for case in cases if case.groups]
        found = {rival: np.array([recall_at(case, used) for case in useful]) for rival, used in rivals.items()}
        ours = np.array([recall_at(case, weights) for case in useful])
        lead = min(((ours - theirs)[:, 1] for theirs in found.values()), key=np.mean)
        row = [" / ".join(f"{100 * value:.1f}" for value in each[:, :3].mean(0)) for each in (ours, *found.values())]
        table.add_row(name, str(len(useful)), *row, _lead(lead))
    return table


def _lead(differences: np.ndarray) -> str:
    """Over the best rival, with the paired interval."""
    interval = mean_interval((100 * differences).tolist())
    return f"{interval.value:+.1f} [{interval.low:+.1f}, {interval.high:+.1f}]"


def report(name: str, data: Sequence[Labelled], scorer: LabelScorer, console: Console) -> list[Case]:
    """Print everything about one file; returns what was read."""
    cases, owners = [], []
    for labelled in track(data, f"reading {name}", console=Console(stderr=True)):
        cases.append(case_of(scorer, labelled))
        owners.append(_owners(labelled))
    weights = scorer.model.weights.astype(np.float64)
    chances = [scorer.model.keep_probability(case.parts.astype(np.float32)) for case in cases]
    console.print(recall_table(cases, weights, f"{name}: needed text kept, {len(cases)} questions"))
    console.print(rank_table(cases, owners, chances))
    console.print(threshold_table(cases, chances, scorer.model.settings["thresholds"]))
    area = auroc(cases, chances)
    if area is not None:
        console.print(f"AUROC of the best score, answerable against not: {area:.3f}\n")
    return cases


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", nargs="+")
    parser.add_argument("--limit", type=int, help="about so many questions of each file, evenly spread")
    parser.add_argument("--precision", choices=("int8", "float"))
    parser.add_argument("--untitled", action="store_true", help="hide the titles")
    args = parser.parse_args()
    scorer = LabelScorer(JointModel.embedded(args.precision), OnnxEncoder.embedded(args.precision))
    console = Console(width=190)
    found = {
        name: report(name, [_untitled(one) for one in data] if args.untitled else data, scorer, console)
        for name, data in read(args.data, args.limit)
    }
    console.print(summary_table(found, scorer.model.weights.astype(np.float64)))


def _untitled(labelled: Labelled) -> Labelled:
    return replace(labelled, passages=tuple(replace(passage, title="") for passage in labelled.passages))


def _owners(labelled: Labelled) -> np.ndarray:
    from ragcompress.context import Context

    context = Context.of(labelled.question, labelled.passages).split()
    return np.array([segment.support[0].passage for segment in context.segments])


def _rank(scores: np.ndarray, owner: np.ndarray, case: Case) -> int:
    best = {number: scores[owner == number].max() for number in np.unique(owner)}
    gold = set(owner[case.right].tolist())
    order = sorted(best, key=lambda number: (-best[number], number))
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
