"""The labeller fitted to your own labelled questions, in minutes on a CPU.

What is learned are the weights of the nine parts that make a sentence's score, and with them the calibration and the
thresholds; the network stays as shipped. One question in five is held out, and unless the fitted weights beat the
present ones there, nothing is written.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.budget import embedded_count
from ragcompress.context import Context
from ragcompress.errors import InvalidInput
from ragcompress.labeller.calibrate import SHARES, Case, calibrated, fit_weights, listwise, recall_at
from ragcompress.labeller.runtime import PARTS, JointModel
from ragcompress.scorers.labels import LabelScorer
from ragcompress.segment import sentences
from ragcompress.types import Passage, Span

__all__ = ["Labelled", "TuneReport", "case_of", "load_tuned", "read_labelled", "tune"]

LEAST = 40  # labelled questions with support below which held-out figures mean nothing
HELD_OUT = 5  # one question in so many
TUNED = ", tuned"  # what its name ends in


@dataclass(frozen=True, slots=True)
class Labelled:
    """A question whose needed text is known.

    Attributes:
        question: As asked.
        passages: As retrieved.
        groups: Of the spans in a group one is needed; all groups are needed. None: nothing here is relevant.
        masked: Spans that may support or not; they take no part.
    """

    question: str
    passages: tuple[Passage, ...]
    groups: tuple[tuple[Span, ...], ...]
    masked: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class TuneReport:
    """What tuning did.

    Attributes:
        questions: Labelled questions used, held-out ones included.
        held_out: How many of them judged the result.
        shares: Kept shares of the tokens that the recalls belong to.
        before: Recall of the needed text on held-out questions with the present weights, per share.
        after: The same with the fitted ones.
        better: Whether the fitted weights were better and were written.
        settings: The fitted weights, calibration and thresholds.
    """

    questions: int
    held_out: int
    shares: tuple[float, ...]
    before: tuple[float, ...]
    after: tuple[float, ...]
    better: bool
    settings: Mapping[str, Any]


def tune(
    data: Iterable[Labelled],
    out: str | Path | None = None,
    *,
    scorer: LabelScorer | None = None,
    advance: Callable[[int], None] | None = None,
) -> TuneReport:
    """Fit the labeller's weights to labelled questions.

    Args:
        data: At least 40 questions with support; some without help to calibrate.
        out: Where to write the fitted settings, for ``LabellingPruner.of_model(out)`` and ``--method labeller:out``.
            Written only when they are better on held-out questions, also than what a file there already holds.
        scorer: Whose weights to start from; the embedded labeller.
        advance: Called with 1 after each question read.

    Raises:
        InvalidInput: Too few labelled questions, or ``out`` is a file of something else.
    """
    start = scorer or LabelScorer()
    target = None if out is None else Path(out)
    if target is not None and target.exists():
        start = LabelScorer(load_tuned(target, start.model), start.encoder)
    cases, held = _cases(start, data, advance)
    _check([*cases, *held], held)
    present = start.model.weights.astype(np.float64)
    fitted = fit_weights(cases, present)
    better = listwise(held, fitted) < listwise(held, present)
    settings = _settings(start.model, fitted, cases)
    if better and target is not None:
        _write(target, settings)
    return TuneReport(
        questions=len(cases) + len(held),
        held_out=len(held),
        shares=SHARES,
        before=_recalls(held, present),
        after=_recalls(held, fitted),
        better=better,
        settings=settings,
    )


def _cases(
    scorer: LabelScorer, data: Iterable[Labelled], advance: Callable[[int], None] | None
) -> tuple[list[Case], list[Case]]:
    """The questions to learn from, and the held-out ones."""
    cases: list[Case] = []
    held: list[Case] = []
    for labelled in data:
        (held if _is_held_out(labelled.question) else cases).append(case_of(scorer, labelled))
        if advance is not None:
            advance(1)
    return cases, held


def _settings(model: JointModel, weights: NDArray[np.float64], cases: Sequence[Case]) -> dict[str, Any]:
    """The model's settings with these weights, calibrated for them."""
    named = {name: round(float(value), 5) for name, value in zip(PARTS, weights, strict=True)}
    name = model.settings["name"].removesuffix(TUNED) + TUNED
    return calibrated({**model.settings, "name": name, "weights": named}, cases)


def _write(target: Path, settings: Mapping[str, Any]) -> None:
    """Whole or not at all."""
    spare = target.with_name(target.name + ".tmp")
    spare.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    spare.replace(target)


def case_of(scorer: LabelScorer, labelled: Labelled) -> Case:
    """A labelled question as the scorer sees it."""
    context = Context.of(labelled.question, labelled.passages).split(sentences)
    spans = [segment.support[0] for segment in context.segments]
    groups = []
    for group in labelled.groups:
        members = tuple(at for at, span in enumerate(spans) if any(_overlap(span, needed) for needed in group))
        if members:
            groups.append(members)
    right = np.zeros(len(spans), dtype=bool)
    right[[at for group in groups for at in group]] = True
    masked = np.array([any(_overlap(span, hidden) for hidden in labelled.masked) for span in spans], dtype=bool)
    parts = np.nan_to_num(scorer.parts(context).astype(np.float64), nan=-20.0)
    sizes = np.array([embedded_count(segment.text) for segment in context.segments], dtype=np.int64)
    return Case(parts, sizes, right, masked & ~right, tuple(groups))


def load_tuned(path: Path, model: JointModel | None = None) -> JointModel:
    """The labeller with the settings that `tune` wrote.

    Raises:
        InvalidInput: The file is missing or holds something else.
    """
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
        return (model or JointModel.embedded()).with_settings(
            {name: settings[name] for name in ("name", "weights", "keep", "thresholds")}
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"{path} holds no tuned labeller ({error}); make one: ragcompress tune DATA --out {path}"
        ) from error


def read_labelled(path: Path) -> Iterator[Labelled]:
    """Labelled questions of a JSON-lines file, gzipped or not.

    A line holds ``question``, ``passages`` (str, or ``{"text", "title", "support": [[start, end], …]}``) and
    ``answers`` (str). Without support, every sentence that holds an answer counts, any of them being enough.

    Raises:
        InvalidInput: The file can't be read, or a line is none of this; the message names the line.
    """
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _labelled(line, f"{path}:{number}")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(f"can't read {path}: {error}") from error


def _labelled(line: str, where: str) -> Labelled:
    try:
        record = json.loads(line)
        question, given, answers = record["question"], record["passages"], record.get("answers") or []
        rows = [{"text": row} if isinstance(row, str) else row for row in given]
        passages = tuple(Passage(row["text"], title=row.get("title") or "") for row in rows)
        marked = [Span(at, *span) for at, row in enumerate(rows) for span in row.get("support") or []]
        whole = (record.get("meta") or {}).get("support_type") == "sentence"
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInput(
            f"{where} is no labelled question ({type(error).__name__}: {error}); it needs question, passages, answers"
        ) from error
    found = [span for answer in answers for span in _occurrences(answer, passages)]
    if whole:
        return Labelled(question, passages, tuple((span,) for span in marked))
    needed = tuple(marked or found)
    return Labelled(question, passages, (needed,) if needed else (), tuple(found))


def _occurrences(answer: str, passages: Sequence[Passage]) -> Iterator[Span]:
    wanted = answer.casefold()
    for at, passage in enumerate(passages):
        text = passage.text.casefold()
        start = text.find(wanted) if wanted and len(text) == len(passage.text) else -1
        while start >= 0:
            yield Span(at, start, start + len(wanted))
            start = text.find(wanted, start + 1)


def _overlap(one: Span, other: Span) -> bool:
    return one.passage == other.passage and max(one.start, other.start) < min(one.end, other.end)


def _is_held_out(question: str) -> bool:
    return int(hashlib.sha1(question.encode("utf-8", "replace")).hexdigest(), 16) % HELD_OUT == 0


def _check(cases: Sequence[Case], held: Sequence[Case]) -> None:
    useful = sum(bool(case.groups) for case in cases)
    if useful < LEAST or not any(case.groups for case in held):
        raise InvalidInput(
            f"{useful} of {len(cases)} questions have support in their passages; tuning needs at least {LEAST} such"
        )


def _recalls(cases: Sequence[Case], weights: Any) -> tuple[float, ...]:
    rows = [recall_at(case, weights) for case in cases if case.groups]
    return tuple(round(float(value), 4) for value in np.mean(rows, axis=0))
