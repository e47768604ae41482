"""The training loop of the reader: seeded, resumable, sized to examples or to minutes.

Weights and activations are bfloat16, where that is faster, with float32 masters; embeddings and the lowest layers are
frozen; batches hold examples of like length, so hardly any token is padding. One log line (JSON) every few steps.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ragcompress.core.errors import require
from ragcompress.models.sessions import cpu_gains_from_bfloat16
from ragcompress.training.reader.batch import collate
from ragcompress.training.reader.examples import Example
from ragcompress.training.reader.model import LAYERS, base_weights, forward, span_loss

__all__ = ["TrainConfig", "Trainer", "describe"]

Weights = dict[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class TrainConfig:
    """What a run depends on.

    Attributes:
        folder: Where the checkpoint and the log go.
        examples: Examples to see in all; the learning rate reaches 0 there.
        max_minutes: The learning rate also reaches 0 at this running time, whichever comes first.
        rate: Peak learning rate.
        warmup: Fraction of the run over which the rate rises.
        batch_tokens: Tokens per step, padding included.
        frozen: Lowest layers that stay as they are (embeddings always do).
        seed: Of data order, crops and the head.
    """

    folder: Path
    examples: int = 150_000
    max_minutes: float = 45.0
    rate: float = 2.5e-4
    warmup: float = 0.06
    batch_tokens: int = 3_600
    frozen: int = 2
    decay: float = 0.01
    seed: int = 13
    save_minutes: float = 3.0
    pool: int = 1_600


class Trainer:
    """The state of a run: master weights, optimiser, counters. `run` goes on from the last checkpoint."""

    def __init__(self, config: TrainConfig) -> None:
        self._torch = torch = require("torch", "train")
        self.config = config
        self.step = self.seen = self.tokens = 0
        self.minutes = 0.0
        self._origin = 0.0  # of the schedule: progress at which the present limits were set
        torch.manual_seed(config.seed)
        torch.set_flush_denormal(True)
        base = base_weights(config.seed)
        self._names = [name for name in base if _is_trained(name, config.frozen)]
        self._shapes = {name: base[name].shape for name in self._names}
        self._master = torch.from_numpy(np.concatenate([base[name].ravel() for name in self._names]))
        self._master.requires_grad_()
        self._optimiser = torch.optim.AdamW([self._master], lr=0.0, weight_decay=config.decay, fused=True)
        self._fixed = {name: torch.from_numpy(base[name]) for name in base if name not in self._shapes}
        self._live = self._working_copy()
        config.folder.mkdir(parents=True, exist_ok=True)

    def run(self, source: Iterator[list[Example]]) -> None:
        """Train until the examples or the minutes are used up."""
        started, saved, losses = time.monotonic() - self.minutes * 60, time.monotonic(), [0.0, 0]
        while self.progress() < 1.0:
            batch = next(source)
            losses[0] += self._train_on(batch)
            losses[1] += len(batch)
            self.minutes = (time.monotonic() - started) / 60
            if self.step % 10 == 0:
                self._log(losses[0] / losses[1])
                losses = [0.0, 0]
            if time.monotonic() - saved > self.config.save_minutes * 60:
                self.save()
                saved = time.monotonic()
        self.save()

    def progress(self) -> float:
        """How much of the run is done, 0 to 1."""
        return max(self.seen / self.config.examples, self.minutes / self.config.max_minutes)

    def weights(self) -> Weights:
        """All weights as they are now, frozen ones included, float32."""
        flat = self._master.detach().numpy()
        return {n: t.float().numpy() for n, t in self._fixed.items()} | self._unflatten(flat)

    def save(self) -> None:
        """Write the checkpoint; a kill in between leaves the old one."""
        state = self._optimiser.state[self._master]
        limits = [self.config.examples, self.config.max_minutes, self._origin]
        counters = np.array([self.step, self.seen, self.tokens, self.minutes, *limits], np.float64)
        arrays = {"master": self._master.detach().numpy(), "counters": counters}
        arrays |= {name: state[name].numpy() for name in ("exp_avg", "exp_avg_sq")} if state else {}
        temporary = self.config.folder / "checkpoint.tmp"
        require("safetensors.numpy", "train").save_file(arrays, temporary)
        temporary.replace(self.config.folder / "checkpoint.safetensors")

    def resume(self) -> bool:
        """Take up the checkpoint of the folder; False when there is none.

        With the limits it was written under the schedule goes on; with other limits it warms up again and falls to 0
        over what is left.
        """
        path = self.config.folder / "checkpoint.safetensors"
        if not path.exists():
            return False
        torch, arrays = self._torch, require("safetensors.numpy", "train").load_file(path)
        step, seen, tokens, self.minutes, *limits = map(float, arrays["counters"])
        self.step, self.seen, self.tokens = int(step), int(seen), int(tokens)
        same = limits[:2] == [self.config.examples, self.config.max_minutes]
        self._origin = limits[2] if same else min(self.progress(), 0.99)
        with torch.no_grad():
            self._master.copy_(torch.from_numpy(arrays["master"]))
        moments = {name: torch.from_numpy(arrays[name]) for name in ("exp_avg", "exp_avg_sq") if name in arrays}
        if moments:
            self._optimiser.state[self._master] = {"step": torch.tensor(step)} | moments
        self._live = self._working_copy()
        return True

    def _train_on(self, batch: Sequence[Example]) -> float:
        torch = self._torch
        ids, types, lengths, targets, owner = collate(batch)
        loss = span_loss(forward(self._live, ids, types, lengths), targets, owner)
        torch.autograd.backward(loss / 32)  # a fixed divisor: every example weighs the same whatever its length
        leaves = [self._live[name] for name in self._names]
        gradient = torch.cat([leaf.grad.flatten().float() for leaf in leaves])
        norm = gradient.norm()
        self._master.grad = gradient * min(1.0, 3.0 / float(norm + 1e-6))
        for group in self._optimiser.param_groups:
            group["lr"] = self.config.rate * _shape(
                (self.progress() - self._origin) / (1 - self._origin), self.config.warmup
            )
        self._optimiser.step()
        with torch.no_grad():
            flat = self._master.detach()
            at = 0
            for leaf in leaves:
                leaf.copy_(flat[at : at + leaf.numel()].view_as(leaf))
                leaf.grad = None
                at += leaf.numel()
        self.step, self.seen, self.tokens = self.step + 1, self.seen + len(batch), self.tokens + ids.numel()
        return float(loss.detach())

    def _working_copy(self) -> dict[str, Any]:
        torch = self._torch
        dtype = torch.bfloat16 if cpu_gains_from_bfloat16() else torch.float32
        exact = ("words", "positions", "types", "norm0.w", "norm0.b")  # lookups cost nothing in float32
        frozen = {n: t if n in exact else t.to(dtype) for n, t in self._fixed.items()}
        trained = self._unflatten(self._master.detach().numpy())
        return frozen | {n: torch.from_numpy(array.copy()).to(dtype).requires_grad_() for n, array in trained.items()}

    def _unflatten(self, flat: NDArray[np.float32]) -> Weights:
        result, at = {}, 0
        for name, shape in self._shapes.items():
            size = int(np.prod(shape))
            result[name] = flat[at : at + size].reshape(shape)
            at += size
        return result

    def _log(self, loss: float) -> None:
        rate = self._optimiser.param_groups[0]["lr"]
        row = {"step": self.step, "seen": self.seen, "tokens": self.tokens, "minutes": round(self.minutes, 2)}
        row |= {"loss": round(loss, 4), "rate": round(rate, 7)}
        with (self.config.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")


def describe(config: TrainConfig) -> dict[str, Any]:
    """The configuration as JSON can hold it."""
    return asdict(config) | {"folder": str(config.folder)}


def _is_trained(name: str, frozen: int) -> bool:
    layer = name.split(".")[0]
    return layer == "head" or (layer.isdigit() and frozen <= int(layer) < LAYERS)


def _shape(progress: float, warmup: float) -> float:
    """Linear warm-up to 1, then linear decay to 0."""
    return progress / warmup + 0.01 if progress < warmup else max(0.0, (1 - progress) / (1 - warmup))
