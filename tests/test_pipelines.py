"""Pipelines: what their reports say follows from what was read."""

from __future__ import annotations

import io

import numpy as np
from rich.console import Console

from pipelines.proofs.labeller_report import Judged, Measured, areas, dynamic_table, rank_table, shipped, summary_table
from ragcompress.core.types import Passage, Span
from ragcompress.models.labeller.runtime import PARTS, JointModel
from ragcompress.scorers.labels import LabelScorer
from ragcompress.training.labelled import Labelled
from ragcompress.training.labeller.calibrate import Case


def case(right: int | None, wrong: int) -> Case:
    """Twenty sentences of one token each in two passages; the joint reading finds ``right``, the cosines ``wrong``."""
    parts = np.zeros((20, len(PARTS)))
    parts[wrong, :4] = 1.0
    if right is not None:
        parts[right, 4:7] = 2.0
    marks = np.arange(20) == (-1 if right is None else right)
    sizes = np.ones(20, dtype=np.int64)
    return Case(
        parts, np.repeat([0, 1], 10), sizes, marks, np.zeros(20, dtype=bool), () if right is None else ((right,),)
    )


def printed(table: object) -> str:
    console = Console(width=200, file=io.StringIO())
    console.print(table)
    return console.file.getvalue()


def test_the_summary_sets_the_labeller_beside_what_it_must_beat() -> None:
    model = JointModel.embedded().with_settings({"weights": dict.fromkeys(PARTS, 1.0)})
    cases = [case(19, 2), case(18, 3), case(None, 3)]
    row = printed(summary_table({"mine": Measured(cases, [[1.0] * 4, [1.0] * 4])}, model)).splitlines()[-2]
    assert " 2 " in row  # the question without support judges nothing
    assert "100.0 / 100.0 / 100.0" in row
    assert row.count(" 0.0 / 0.0 / 0.0") == 5  # three cosines, their sum, BM25
    assert "+100.0 [+100.0, +100.0]" in row


def test_what_is_shipped_is_measured_by_the_needed_text_that_it_keeps() -> None:
    long = "Visitors who come in spring see that the old tower, which was painted dark brown last year, stands open. "
    passages = (Passage(long + "The town likes its tower."), Passage("Bread is baked from flour. " * 9))
    start = long.index("dark")
    asked = "What colour is the tower painted?"
    found = shipped(Labelled(asked, passages, ((Span(0, start, start + 10),),)), LabelScorer())
    assert found[1:] == [0.0, 0.0, 1.0]  # 10 % are 8 tokens: the sentence is kept whole or not at all
    assert shipped(Labelled(asked, passages, ((Span(0, 0, len(long)),),)), LabelScorer())[3] == 1.0
    both = Labelled(asked, passages, ((Span(1, 0, 26),), (Span(0, start, start + 10),)))
    assert shipped(both, LabelScorer())[3] == 0.5


def test_ranks_dynamic_mode_and_the_area() -> None:
    cases = [case(19, 2), case(18, 3), case(None, 3)]
    sure = [np.where(each.right, 0.9, 0.001) for each in cases]
    judged = [Judged(own, {0: own[:10].max(), 1: own[10:].max()}) for own in sure]
    ranks = printed(rank_table(cases, judged)).splitlines()
    assert "1.000" in next(line for line in ranks if "labeller" in line)
    assert "0.500" in next(line for line in ranks if "cosine" in line)  # MRR: the other passage comes first
    model = JointModel.embedded()
    thresholds = dict.fromkeys(("0.9", "0.99"), 0.5)
    dynamic = printed(dynamic_table(cases, judged, LabelScorer(model.with_settings({"thresholds": thresholds}))))
    assert dynamic.count("0.950") >= 5  # one sentence of twenty kept
    assert dynamic.count("1.000") >= 10  # all needed text kept; the empty context is right, and found
    assert areas(cases, judged) == {"best passage score": 1.0, "sum of the keep probabilities": 1.0}
    assert areas(cases[:2], judged[:2]) == {}
