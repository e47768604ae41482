"""The labeller fitted to your own labelled questions, in minutes on a CPU.

What is learned are the weights of the nine parts that make a sentence's score, and with them the calibration and the
thresholds; where asked for and where it helps, also the last layers of the network (`ragcompress.training.finetune`).
One question in five is held out, and unless what was learned beats the present labeller there, nothing is written.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.budget import embedded_count
from ragcompress.core.context import Context
from ragcompress.core.errors import InvalidInput
from ragcompress.core.segment import sentences
from ragcompress.models.labeller.bridges import mentions
from ragcompress.models.labeller.runtime import PARTS, JointModel
from ragcompress.models.labeller.tuned import graphs_of, load_tuned
from ragcompress.scorers.labels import LabelScorer
from ragcompress.training.labelled import Labelled, overlap
from ragcompress.training.labeller.calibrate import (
    SHARES,
    Case,
    calibrated,
    fit_weights,
    listwise,
    recall_at,
    worths,
)

__all__ = ["TuneReport", "case_of", "readings", "tune"]

LEAST = 40  # labelled questions with support below which held-out figures mean nothing
HELD_OUT = 5  # one question in so many
SPARE = 4  # of the others one in so many fits the weights when the rest has trained the layers
TUNED = ", tuned"  # what its name ends in


@dataclass(frozen=True, slots=True)
class TuneReport:
    """What tuning did.

    Attributes:
        questions: Labelled questions used, held-out ones included.
        held_out: How many of them judged the result.
        shares: Kept shares of the tokens that the recalls belong to.
        before: Recall of the needed text on held-out questions with the present weights, per share.
        after: The same with the fitted ones.
        better: Whether what was learned was better and was written.
        layers: How many layers it trained; 0 when weights alone did better, or nothing else was asked for.
        settings: The fitted weights, calibration and thresholds.
    """

    questions: int
    held_out: int
    shares: tuple[float, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    better: bool
    layers: int
    settings: Mapping[str, Any]


class _Fit(NamedTuple):
    """A labeller with fitted weights, what they were fitted to, and what judges them."""

    model: JointModel
    weights: NDArray[np.float64]
    cases: list[Case]
    held: list[Case]

    def loss(self) -> float:
        """On held-out questions."""
        return listwise(self.held, self.weights, self.model.settings["bridge"])


def tune(
    data: Iterable[Labelled],
    out: str | Path | None = None,
    *,
    scorer: LabelScorer | None = None,
    layers: int = 0,
    advance: Callable[[int], None] | None = None,
) -> TuneReport:
    """Fit the labeller to labelled questions.

    Args:
        data: At least 40 questions with support; some without help to calibrate.
        out: Where to write what was learned, for ``LabellingPruner.of_model(out)`` and ``--method labeller:out``;
            trained layers go to a folder beside it. Written only when it is better on held-out questions, also than
            what a file there already holds.
        scorer: What to start from; the embedded labeller.
        layers: How many of the network's four joint layers to train too, from the last one down; needs torch.
        advance: Called with the number of questions read, `readings` in all.

    Raises:
        InvalidInput: Too few labelled questions, or ``out`` is a file of something else or in no folder.
    """
    target = None if out is None else Path(out)
    if target is not None and not target.parent.is_dir():
        raise InvalidInput(f"{target.parent} is no folder, so {target.name} can't be written there; make it first")
    start = scorer or LabelScorer()
    if target is not None and target.exists():
        start = LabelScorer(load_tuned(target, start.model), start.encoder)
    learn, held = _split(data)
    tell = advance or (lambda _: None)
    with tempfile.TemporaryDirectory(prefix="ragcompress-") as scratch:
        # first what may be refused: too many layers, no torch
        deeper = [_deeper(start, learn, held, Path(scratch), layers, tell)] if layers else []
        plain = _fitted(start, learn, held, tell)
        fit = min([plain, *deeper], key=_Fit.loss)
        present = plain._replace(weights=start.model.weights.astype(np.float64))
        report = _report(present, fit, questions=len(learn) + len(held), layers=0 if fit is plain else layers)
        if report.better and target is not None:
            _write(target, report.settings, fit.model.folder)
    return report


def _report(present: _Fit, fit: _Fit, *, questions: int, layers: int) -> TuneReport:
    settings = _settings(fit)
    before, after = _recalls(present, present.model.settings["keep"]), _recalls(fit, settings["keep"])
    return TuneReport(
        questions=questions,
        held_out=len(fit.held),
        shares=SHARES,
        before=before,
        after=after,
        better=fit.loss() < present.loss() and sum(after) >= sum(before),
        layers=layers,
        settings=settings,
    )


def readings(data: Sequence[Labelled], *, layers: int = 0) -> int:
    """How many questions `tune` reads, those that it reads again included."""
    if not layers:
        return len(data)
    from ragcompress.training.finetune import EPOCHS

    spare = sum(not _is_held_out(labelled.question) and _is_spare(labelled.question) for labelled in data)
    held = sum(_is_held_out(labelled.question) for labelled in data)
    return len(data) + EPOCHS * (len(data) - held - spare) + held + spare


def _split(data: Iterable[Labelled]) -> tuple[list[Labelled], list[Labelled]]:
    """The questions to learn from, and the held-out ones."""
    questions = list(data)
    held = [labelled for labelled in questions if _is_held_out(labelled.question)]
    learn = [labelled for labelled in questions if not _is_held_out(labelled.question)]
    useful = sum(bool(labelled.groups) for labelled in questions)
    if useful < LEAST or not any(labelled.groups for labelled in held):
        raise InvalidInput(
            f"{useful} of {len(questions)} questions have support in their passages; tuning needs at least {LEAST} such"
        )
    return learn, held


def _fitted(
    scorer: LabelScorer, learn: Sequence[Labelled], held: Sequence[Labelled], advance: Callable[[int], None]
) -> _Fit:
    """The scorer's labeller with weights fitted to ``learn``."""
    read: list[list[Case]] = [[], []]
    for questions, cases in zip((learn, held), read, strict=True):
        for labelled in questions:
            cases.append(case_of(scorer, labelled))
            advance(1)
    return _Fit(scorer.model, fit_weights(read[0], scorer.model.weights.astype(np.float64)), *read)


def _deeper(
    start: LabelScorer,
    learn: Sequence[Labelled],
    held: Sequence[Labelled],
    folder: Path,
    layers: int,
    advance: Callable[[int], None],
) -> _Fit:
    """The same with the last layers trained on most of ``learn``; the rest, which they have not seen, fits weights."""
    from ragcompress.training.finetune import finetuned

    spare = [labelled for labelled in learn if _is_spare(labelled.question)]
    most = [labelled for labelled in learn if not _is_spare(labelled.question)]
    model = finetuned(start.model, start.encoder, most, folder, layers=layers, advance=advance)
    return _fitted(LabelScorer(model, start.encoder), spare, held, advance)


def _settings(fit: _Fit) -> dict[str, Any]:
    """The model's settings with the fitted weights, calibrated for them."""
    named = {name: round(float(value), 5) for name, value in zip(PARTS, fit.weights, strict=True)}
    name = fit.model.settings["name"].removesuffix(TUNED) + TUNED
    return calibrated({**fit.model.settings, "name": name, "weights": named}, fit.cases)


def _write(target: Path, settings: Mapping[str, Any], folder: Path | None) -> None:
    """Whole or not at all: the graphs first, under a name of their own, then the file that names them."""
    settings, old = dict(settings), graphs_of(target)
    if folder is not None:
        mark = hashlib.sha256((folder / "labeller-int8.onnx").read_bytes()).hexdigest()[:8]
        place = target.with_name(f"{target.name}.{mark}")
        if not place.exists():  # a copy: the folder may be another tuned labeller's
            half = place.with_name(place.name + ".tmp")
            shutil.copytree(folder, half, dirs_exist_ok=True)
            half.replace(place)
        settings["graphs"] = place.name
    spare = target.with_name(target.name + ".tmp")
    spare.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    spare.replace(target)
    if old is not None and old.name != settings.get("graphs"):
        shutil.rmtree(old, ignore_errors=True)


def case_of(scorer: LabelScorer, labelled: Labelled) -> Case:
    """A labelled question as the scorer sees it."""
    context = Context.of(labelled.question, labelled.passages).split(sentences)
    spans = [segment.support[0] for segment in context.segments]
    groups = []
    for group in labelled.groups:
        members = tuple(at for at, span in enumerate(spans) if any(overlap(span, needed) for needed in group))
        if members:
            groups.append(members)
    right = np.zeros(len(spans), dtype=bool)
    right[[at for group in groups for at in group]] = True
    masked = np.array([any(overlap(span, hidden) for hidden in labelled.masked) for span in spans], dtype=bool)
    parts = np.nan_to_num(scorer.parts(context).astype(np.float64), nan=-20.0)
    sizes = np.array([embedded_count(segment.text) for segment in context.segments], dtype=np.int64)
    owners = np.array([span.passage for span in spans], dtype=np.int64)
    return Case(parts, owners, sizes, right, masked & ~right, tuple(groups), mentions(context))


def _is_held_out(question: str) -> bool:
    return _number(question) % HELD_OUT == 0


def _is_spare(question: str) -> bool:
    return _number(question) // HELD_OUT % SPARE == 0


def _number(question: str) -> int:
    return int(hashlib.sha1(question.encode("utf-8", "replace")).hexdigest(), 16)


def _recalls(fit: _Fit, keep: Sequence[float]) -> tuple[float, ...]:
    bridge = fit.model.settings["bridge"]
    rows = [recall_at(case, worths(case, case.scores(fit.weights, bridge), keep)) for case in fit.held if case.groups]
    return tuple(round(float(value), 4) for value in np.mean(rows, axis=0))
