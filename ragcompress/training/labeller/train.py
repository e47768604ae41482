"""The training loop: listwise over all sentences of all passages of a question; resumable; logged as JSON lines."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from ragcompress.models.sessions import cpu_gains_from_bfloat16
from ragcompress.training.labeller.config import TrainConfig
from ragcompress.training.labeller.model import JointHalf
from ragcompress.training.labeller.objective import loss, score_windows
from ragcompress.training.labeller.sampling import Batch

__all__ = ["Trainer"]

SMOOTHING = 0.97


class Trainer:
    """Float32 master weights; the layers compute in bfloat16 where that is faster. State lives in ``folder``.

    Args:
        model: The float32 model to train, in place.
        config: Of the run.
        folder: For ``log.jsonl``, ``last.pt`` (to resume from) and ``best.pt`` (best held-out listwise loss).
    """

    def __init__(self, model: JointHalf, config: TrainConfig, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.master, self.config, self.folder = model, config, folder
        self.work = JointHalf(model.config)
        if cpu_gains_from_bfloat16():
            self.work.blocks.to(torch.bfloat16)
        self.optimizer = torch.optim.AdamW(_groups(model, config), betas=(0.9, 0.98), fused=True)
        self.step, self.tokens, self.elapsed, self.best = 0, 0, 0.0, math.inf
        self._smooth: float | None = None
        self._refresh()

    def run(self, batches: Iterable[Batch], check: Callable[[JointHalf], dict[str, float]], *, every_s: float) -> None:
        """Train until the time is up; every ``every_s`` seconds check on held-out questions and save."""
        clock, checked = time.monotonic(), self.elapsed
        for batch in batches:
            value = self.update(batch)
            self._smooth = value if self._smooth is None else SMOOTHING * self._smooth + (1 - SMOOTHING) * value
            self.elapsed, clock = self.elapsed + time.monotonic() - clock, time.monotonic()
            if self.step % 20 == 0:
                self.log({"loss": round(self._smooth, 4), "rate": round(self.rate(), 4)})
            done = self.elapsed >= self.config.minutes * 60
            if done or self.elapsed - checked >= every_s:
                self.keep_best(check(self.work))
                clock, checked = time.monotonic(), self.elapsed
            if done:
                return

    def update(self, batch: Batch) -> float:
        """One optimiser step; returns the mean loss of the batch."""
        scored = score_windows(self.work, [windows for _, windows in batch])
        losses = [loss(self.work, example, s, self.config) for (example, _), s in zip(batch, scored, strict=True)]
        mean = torch.stack(losses).mean()
        mean.backward()  # type: ignore[no-untyped-call]
        for target, source in zip(self.master.parameters(), self.work.parameters(), strict=True):
            target.grad = None if source.grad is None else source.grad.float()
            source.grad = None
        nn.utils.clip_grad_norm_(self.master.parameters(), self.config.clip)
        for group in self.optimizer.param_groups:
            group["lr"] = group["peak"] * self.rate()
        self.optimizer.step()
        self._refresh()
        self.step += 1
        self.tokens += sum(len(window) for _, windows in batch for window in windows)
        return float(mean.detach())

    def rate(self) -> float:
        """The present learning rate as a share of its peak."""
        progress = min(self.elapsed / (self.config.minutes * 60), 1.0)
        warm = min(1.0, (self.step + 1) / self.config.warmup)
        return warm * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * progress)))

    def keep_best(self, report: dict[str, float]) -> None:
        """Log a held-out report; write ``last.pt``, and ``best.pt`` if none was better."""
        self.log(report)
        best = report["listwise"] < self.best
        self.best = min(self.best, report["listwise"])
        state = {
            "model": self.master.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            **{name: getattr(self, name) for name in ("step", "tokens", "elapsed", "best")},
        }
        for name in ("last.pt", "best.pt") if best else ("last.pt",):
            torch.save(state, self.folder / f"{name}.tmp")
            (self.folder / f"{name}.tmp").replace(self.folder / name)

    def resume(self) -> bool:
        """Go on from ``last.pt`` if there is one."""
        path = self.folder / "last.pt"
        if not path.exists():
            return False
        state = torch.load(path, weights_only=True)
        self.master.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        for name in ("step", "tokens", "elapsed", "best"):
            setattr(self, name, state[name])
        self._refresh()
        return True

    def start_from(self, weights: dict[str, Tensor]) -> None:
        """Begin with an earlier run's weights instead of the encoder's."""
        self.master.load_state_dict(weights)
        self._refresh()

    def log(self, values: dict[str, float]) -> None:
        """Append a line to ``log.jsonl``."""
        line = {"step": self.step, "tokens": self.tokens, "seconds": round(self.elapsed), **values}
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def _refresh(self) -> None:
        with torch.no_grad():
            for target, source in zip(self.work.parameters(), self.master.parameters(), strict=True):
                target.copy_(source)


def _groups(model: JointHalf, config: TrainConfig) -> list[dict[str, Any]]:
    layers = list(model.blocks.parameters())
    inside = {id(parameter) for parameter in layers}
    heads: Sequence[Tensor] = [parameter for parameter in model.parameters() if id(parameter) not in inside]
    matrices = [parameter for parameter in layers if parameter.ndim > 1]
    vectors = [parameter for parameter in layers if parameter.ndim == 1]
    return [
        {"params": matrices, "weight_decay": config.weight_decay, "peak": config.layer_rate},
        {"params": vectors, "weight_decay": 0.0, "peak": config.layer_rate},
        {"params": heads, "weight_decay": 0.0, "peak": config.head_rate},
    ]
