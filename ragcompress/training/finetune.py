"""The labeller's upper layers trained on your own labelled questions: needs torch, takes minutes on a CPU.

The loss is that of the shipped weights' training (`ragcompress.training.labeller.objective`); what a question is
compared with are the passages that were retrieved for it.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import InvalidInput, require
from ragcompress.core.segment import sentences
from ragcompress.core.types import Span
from ragcompress.models.encoders import Encoded, TokenEncoder
from ragcompress.models.labeller.matching import read_query, unit
from ragcompress.models.labeller.runtime import JointModel
from ragcompress.training.labelled import Labelled, overlap
from ragcompress.training.labeller.data import Example, PoolPassage

__all__ = ["finetuned"]

BATCH = 4  # questions a step
EPOCHS = 2
WARMUP = 0.1
LAYER_RATE, HEAD_RATE = 6e-5, 3e-4  # peaks; below those of the first training, which this must not undo
SEED = 7


@dataclass(frozen=True, slots=True, eq=False)
class _States:
    """One question's passages as training reads them; ``vectors`` are the unit means of their last states."""

    passages: Sequence[Encoded]
    vectors: NDArray[np.float32]

    @classmethod
    def of(cls, passages: Sequence[Encoded]) -> _States:
        """Of encoded passages."""
        return cls(passages, unit(np.stack([encoded.last.mean(axis=0) for encoded in passages])))

    def encoded(self, passage: int) -> Encoded:
        """States of a passage."""
        return self.passages[passage]


def finetuned(
    model: JointModel,
    encoder: TokenEncoder,
    questions: Sequence[Labelled],
    folder: Path,
    *,
    layers: int,
    advance: Callable[[int], None],
) -> JointModel:
    """Train the upper layers and write the graphs to ``folder``.

    Args:
        model: Where to start.
        encoder: Gives the states below.
        questions: To learn from; those without support teach that nothing is relevant.
        folder: For ``labeller-int8.onnx``; made when missing.
        layers: How many of the joint layers to train, from the last one down.
        advance: Called with the number of questions read, `EPOCHS` times each.

    Returns:
        The trained labeller; weights of the parts and calibration are still those of ``model``.

    Raises:
        InvalidInput: There are not so many layers.
        MissingDependency: torch or onnx is not installed.
    """
    torch = require("torch", "train")
    from ragcompress.training.labeller.export import export_joint, from_graph

    joint = from_graph(model.graph(), model.settings)
    if not 1 <= layers <= len(joint.blocks):
        raise InvalidInput(f"layers must be from 1 to {len(joint.blocks)}, not {layers}")
    torch.manual_seed(SEED)
    _train(joint, encoder, questions, layers, advance)
    export_joint(joint.eval(), folder)
    return model.with_graphs(folder)


def _train(
    joint: Any,
    encoder: TokenEncoder,
    questions: Sequence[Labelled],
    layers: int,
    advance: Callable[[int], None],
) -> None:
    from ragcompress.training.labeller.config import TrainConfig
    from ragcompress.training.labeller.objective import loss, score_windows

    torch, config = require("torch", "train"), TrainConfig()
    optimizer = torch.optim.AdamW(_groups(joint, layers), weight_decay=config.weight_decay)
    peaks = [group["lr"] for group in optimizer.param_groups]
    rng = random.Random(SEED)
    order = [number for _ in range(EPOCHS) for number in rng.sample(range(len(questions)), len(questions))]
    for start in range(0, len(order), BATCH):
        asked = [questions[number] for number in order[start : start + BATCH]]
        drawn = [_example(labelled, encoder, config.max_tokens, rng) for labelled in asked]
        batch = [(example, windows) for example, windows in drawn if windows]
        if batch:
            scored = score_windows(joint, [windows for _, windows in batch])
            losses = [loss(joint, example, own, config) for (example, _), own in zip(batch, scored, strict=True)]
            torch.stack(losses).mean().backward()
            torch.nn.utils.clip_grad_norm_(joint.parameters(), config.clip)
            for group, peak in zip(optimizer.param_groups, peaks, strict=True):
                group["lr"] = peak * _rate(start / len(order))
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)
        advance(len(asked))


def _groups(joint: Any, layers: int) -> list[dict[str, Any]]:
    """The trained parameters; all others, and the weights of the sum, stay as they are."""
    joint.requires_grad_(False)
    upper = list(joint.blocks[-layers:].parameters())
    heads = [*joint.token_head.parameters(), *joint.rank_head.parameters()]
    for parameter in (*upper, *heads):
        parameter.requires_grad_(True)
    return [{"params": upper, "lr": LAYER_RATE}, {"params": heads, "lr": HEAD_RATE}]


def _rate(progress: float) -> float:
    """Linear warm-up, then a cosine down to nothing."""
    return min(1.0, progress / WARMUP + 0.05) * 0.5 * (1 + math.cos(math.pi * progress))


def _example(labelled: Labelled, encoder: TokenEncoder, room: int, rng: random.Random) -> tuple[Example, list[Any]]:
    """A question beside its passages, as much of each as there is room for."""
    from ragcompress.training.labeller.batch import Crop, make_windows

    pool = [PoolPassage(p.title, p.text, "own", sentences(p.text)) for p in labelled.passages]
    groups = [tuple(sorted({place for span in group for place in _places(span, pool)})) for group in labelled.groups]
    masked = {place for span in labelled.masked for place in _places(span, pool)}
    example = Example(labelled.question, tuple(range(len(pool))), tuple(filter(None, groups)), frozenset(masked))
    if not pool:
        return example, []
    states = _States.of(encoder.passages(labelled.passages))
    query = read_query(encoder.query(labelled.question))
    return example, make_windows(example, query, states, pool, crop=Crop(room, rng=rng))


def _places(span: Span, pool: Sequence[PoolPassage]) -> list[tuple[int, int]]:
    """(passage, sentence) of the sentences that a span overlaps."""
    tiles = pool[span.passage].sentences
    return [(span.passage, at) for at, tile in enumerate(tiles) if overlap(Span(span.passage, *tile), span)]
