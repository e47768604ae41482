"""What the labeller is trained for, and how its score is put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ragcompress.training.labeller.batch import Window, pad
from ragcompress.training.labeller.config import TrainConfig
from ragcompress.training.labeller.data import Example
from ragcompress.training.labeller.model import JointHalf, log_mean_exp

__all__ = ["Scored", "held_out_report", "loss", "recall_at", "refit", "score_windows"]

CHUNK = 3600  # tokens a forward: larger ones leave the processor's cache
SHARES = (0.05, 0.1, 0.2, 0.3)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """One question's windows after the model, flat over their sentences.

    Attributes:
        places: (passage, sentence) of every score.
        parts: What a score is the weighted sum of: the untrained four, mean and soft maximum of the keep logits,
            rank [sentences, 7].
        sentence: Scores [sentences].
        rank: Passage logits [windows].
        token: Answer-like logits of all passage tokens [tokens], windows in order.
        windows: As given.
    """

    places: list[tuple[int, int]]
    parts: Tensor
    sentence: Tensor
    rank: Tensor
    token: Tensor
    windows: Sequence[Window]


def score_windows(model: JointHalf, groups: Sequence[Sequence[Window]]) -> list[Scored]:
    """Score several questions' windows in one go, batched by length."""
    flat = [window for windows in groups for window in windows]
    logits, ranks = _forward(model, flat)
    result, at = [], 0
    for windows in groups:
        part = slice(at, at + len(windows))
        at += len(windows)
        parts = torch.cat([_parts(*each) for each in zip(windows, logits[part], ranks[part], strict=True)])
        sentence = parts @ torch.cat([model.fusion, model.scales])
        token = [rows[window.ahead :, 0] for window, rows in zip(windows, logits[part], strict=True)]
        places = [(window.passage, number) for window in windows for number in window.numbers]
        result.append(Scored(places, parts, sentence, torch.stack(ranks[part]), torch.cat(token), windows))
    return result


def _forward(model: JointHalf, windows: Sequence[Window]) -> tuple[list[Tensor], list[Tensor]]:
    order = sorted(range(len(windows)), key=lambda at: -len(windows[at]))
    logits = [torch.empty(0)] * len(windows)
    ranks = [torch.empty(0)] * len(windows)
    dtype = next(model.blocks.parameters(), model.sides).dtype  # of the heads, where there are no layers
    while order:
        longest = len(windows[order[0]])
        take = max(1, CHUNK // longest)
        chunk = [at for at in order[:take] if len(windows[at]) * 1.12 + 6 >= longest]  # little padding
        order = order[len(chunk) :]
        rows, rank = model(*pad([windows[at] for at in chunk], dtype))
        for row, at in enumerate(chunk):
            logits[at], ranks[at] = rows[row, : len(windows[at])], rank[row]
    return logits, ranks


def _parts(window: Window, logits: Tensor, rank: Tensor) -> Tensor:
    """The same parts as `JointModel` sums up without torch [sentences, 7]."""
    sizes = torch.tensor(window.sizes)
    owner = torch.arange(len(sizes)).repeat_interleave(sizes)
    keep = torch.cat([logits[start:end, 1] for start, end in window.matched.spans])
    mean = torch.zeros(len(sizes)).index_add(0, owner, keep) / sizes
    best = log_mean_exp(keep, owner, len(sizes))
    learned = torch.stack([mean, best, rank.expand(len(sizes))], dim=1)
    return torch.cat([torch.from_numpy(window.matched.untrained), learned], dim=1)


def loss(model: JointHalf, example: Example, scored: Scored, config: TrainConfig) -> Tensor:
    """The loss of one question; a question without shown support has the keep part only.

    Listwise over sentences and over passages (which rank best), over the answer's tokens, and cross-entropy of the
    keep probability (how good the best is). Of sentences that must all be kept each one counts; where one of several
    suffices their summed probability does.
    """
    right, hidden = _marks(example, scored)
    keep = (model.keep[0] * scored.sentence + model.keep[1])[~hidden]
    total = 4 * config.keep_weight * F.binary_cross_entropy_with_logits(keep, right[~hidden].float())
    total = total + config.anchor_weight * (scored.parts[:, 4:] @ model.scales).square().mean()
    if not right.any():
        return total
    total = total + listwise(scored.sentence, right, hidden)
    gold = {place[0] for place, is_right in zip(scored.places, right.tolist(), strict=True) if is_right}
    passage = torch.tensor([window.passage in gold for window in scored.windows])
    total = total + config.rank_weight * (scored.rank.logsumexp(0) - scored.rank[passage].logsumexp(0))
    answer = torch.from_numpy(np.concatenate([window.answer[window.ahead :] for window in scored.windows]))
    if answer.any():
        total = total + config.token_weight * (scored.token.logsumexp(0) - scored.token[answer].logsumexp(0))
    return total


def listwise(scores: Tensor, right: Tensor, hidden: Tensor) -> Tensor:
    """Softmax cross-entropy of the right ones: half of their sum, half of each one."""
    whole = scores.masked_fill(hidden, -1e4).logsumexp(0)
    any_of = whole - scores[right].logsumexp(0)
    return any_of if int(right.sum()) == 1 else 0.5 * any_of + 0.5 * (whole - scores[right]).mean()


def refit(model: JointHalf, probe: Sequence[tuple[Example, list[Window]]], *, ridge: float = 0.02) -> None:
    """Set the model's fusion weights and scales to those of the least listwise loss, by L-BFGS.

    Done before training, so that the layers need not learn how far the untrained scores are to be trusted among the
    negatives at hand, and once more after it. A ridge towards the present weights keeps unused ones where they are.
    """
    cases = []
    with torch.no_grad():
        for example, windows in probe:
            scored = score_windows(model, [windows])[0]
            right, hidden = _marks(example, scored)
            if right.any():
                cases.append((scored.parts, right, hidden))
    start = torch.cat([model.fusion, model.scales]).detach()
    weights = start.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([weights], max_iter=60, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = torch.stack([listwise(parts @ weights, right, hidden) for parts, right, hidden in cases]).mean()
        value = value + ridge * ((weights - start) / (start.abs() + 1)).square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        model.fusion.copy_(weights[: len(model.fusion)])
        model.scales.copy_(weights[len(model.fusion) :])
        model.keep.copy_(_keep([(parts @ weights, right, hidden) for parts, right, hidden in cases]))


def _keep(scored: Sequence[tuple[Tensor, Tensor, Tensor]]) -> Tensor:
    """Slope and shift of the keep probability that fit these scores, right and hidden marks."""
    scores = torch.cat([score[~hidden] for score, _, hidden in scored]).detach()
    right = torch.cat([right[~hidden] for _, right, hidden in scored]).float()
    centre = scores.mean()
    pair = torch.tensor([0.5, 0.0], requires_grad=True)
    optimizer = torch.optim.LBFGS([pair], max_iter=60, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimizer.zero_grad()
        value = F.binary_cross_entropy_with_logits(pair[0] * (scores - centre) + pair[1], right)
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    found = pair.detach()
    return torch.stack([found[0], found[1] - found[0] * centre])


def _marks(example: Example, scored: Scored) -> tuple[Tensor, Tensor]:
    """Which sentences support, and which take no part [sentences]."""
    support = {place for group in example.groups for place in group}
    right = torch.tensor([place in support for place in scored.places])
    hidden = torch.tensor([place in example.masked for place in scored.places]) & ~right
    return right, hidden


def recall_at(scored: Scored, scores: Tensor, example: Example) -> list[float]:
    """Share of the needed groups kept within `SHARES` of the pieces, best first, skipping what does not fit."""
    sizes = [size for window in scored.windows for size in window.sizes]
    order = scores.argsort(descending=True, stable=True).tolist()
    result = []
    for share in SHARES:
        left, kept = share * sum(sizes), set()
        for at in order:
            if sizes[at] <= left:
                left -= sizes[at]
                kept.add(scored.places[at])
        found = sum(any(place in kept for place in group) for group in example.groups)
        result.append(found / len(example.groups))
    return result


def held_out_report(model: JointHalf, probe: Sequence[tuple[Example, list[Window]]]) -> dict[str, float]:
    """Listwise loss, and recall at `SHARES` of the whole score and of the untrained sum."""
    fusion = torch.tensor(model.config.fusion)
    rows = []
    with torch.no_grad():
        for example, windows in probe:
            scored = score_windows(model, [windows])[0]
            right, hidden = _marks(example, scored)
            if not right.any():
                continue
            plain = torch.cat([torch.from_numpy(window.matched.untrained) @ fusion for window in windows])
            value = float(listwise(scored.sentence, right, hidden))
            rows.append([value, *recall_at(scored, scored.sentence, example), *recall_at(scored, plain, example)])
    names = [f"{kind}@{share:g}" for kind in ("trained", "untrained") for share in SHARES]
    means = np.mean(rows, axis=0).round(4).tolist()
    return dict(zip(("listwise", *names), means, strict=True))
