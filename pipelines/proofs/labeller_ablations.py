"""What the labeller's design is worth: small variants trained alike, each from the encoder's weights.

    python -m pipelines.proofs.labeller_ablations 4 easy [--tokens 1200000] [--work .work/labeller]
    python -m pipelines.proofs.labeller_ablations --table

A variant is a number of joint layers (0, 2, 4, 6; the encoder's lower layers read question and passage apart), or
``easy``: four joint layers whose negatives are any passages, none of them hard. Every variant sees the same draws
until it has read ``--tokens`` tokens, and is judged on the same held-out training questions beside hard negatives. Two
variants side by side, with OMP_NUM_THREADS=1 each, use two cores best. A result is a line of ``ablations.jsonl`` in the
work folder.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import track
from rich.table import Table

from pipelines.training.train_labeller import PASSAGES, REFIT, sampler
from ragcompress.models.encoders import Encoded
from ragcompress.training.labeller.config import ModelConfig, TrainConfig
from ragcompress.training.labeller.model import FrozenEncoder, JointHalf, additive, encoder_weights
from ragcompress.training.labeller.objective import SHARES, held_out_report, refit
from ragcompress.training.labeller.sampling import Sampler
from ragcompress.training.labeller.store import StateStore
from ragcompress.training.labeller.train import Trainer

VARIANTS = ("0", "2", "4", "6", "easy")
PROBE = {"squad": 250, "shifts": 80, "fever": 50, "2wiki": 25}


class Rejoined:
    """States as they are after another layer than the one that the store holds."""

    def __init__(self, stored: ModelConfig, join_at: int) -> None:
        self._frozen = FrozenEncoder(stored, encoder_weights())
        self._from, self._to = stored.join_at, join_at

    def __call__(self, encoded: Encoded) -> Encoded:
        """The same passage with other middle states."""
        if self._to == self._from or encoded.middle is None or encoded.ids is None:
            return encoded
        with torch.no_grad():
            if self._to < self._from:  # from the start: the stored states can't be undone
                states, layers = self._frozen.embed(torch.from_numpy(encoded.ids)[None]), range(self._to)
            else:
                states, layers = torch.from_numpy(encoded.middle)[None], range(self._from, self._to)
            mask = additive(torch.ones(states.shape[:2], dtype=torch.bool), states.dtype)
            for number in layers:
                states = self._frozen.blocks[number](states, mask)
        return replace(encoded, middle=states[0].numpy())


@dataclass(frozen=True, slots=True, eq=False)
class RejoinedStore:
    """A `StateStore` seen through `Rejoined`."""

    store: StateStore
    rejoin: Callable[[Encoded], Encoded]

    @property
    def vectors(self) -> Any:
        """As stored."""
        return self.store.vectors

    def encoded(self, passage: int) -> Encoded:
        """One passage."""
        return self.rejoin(self.store.encoded(passage))


@dataclass(frozen=True, slots=True, eq=False)
class RejoinedEncoder:
    """The query's side of the same."""

    encoder: Any
    rejoin: Callable[[Encoded], Encoded]

    def query(self, text: str) -> Encoded:
        """States of a query."""
        return self.rejoin(self.encoder.query(text))


def rejoined(draws: Sampler, join_at: int) -> Sampler:
    """A sampler that draws alike, whose states are those after layer ``join_at``."""
    rejoin = Rejoined(ModelConfig(), join_at)
    stores = {name: RejoinedStore(getattr(draws.corpus, name), rejoin) for name in ("store", "untitled")}
    other = copy(draws)
    other.corpus = replace(draws.corpus, **stores)  # type: ignore[arg-type]
    other.encoder = RejoinedEncoder(draws.encoder, rejoin)
    return other


def run(variant: str, draws: Sampler, config: TrainConfig, work: Path, *, tokens: int) -> dict[str, Any]:
    """Train a variant on ``tokens`` tokens and judge it."""
    torch.manual_seed(config.seed)
    layers = 4 if variant == "easy" else int(variant)
    join_at = ModelConfig().layers - layers
    draws = rejoined(draws, join_at)
    model = JointHalf(replace(ModelConfig(), join_at=join_at))
    model.load_encoder(encoder_weights())
    held = draws.held_out(PROBE, passages=PASSAGES)
    trainer = Trainer(model, config, work / f"ablation-{variant}-{tokens}")
    if variant == "easy":
        draws.config = replace(config, negatives=(0.0, 0.0, 0.0, 1.0))
    refit(model, [example for batch in islice(draws.batches(-REFIT), REFIT) for example in batch])
    trainer.start_from(model.state_dict())
    for batch in track(draws.batches(), f"variant {variant}", total=None, console=Console(stderr=True)):
        if trainer.tokens >= tokens or not layers:
            break
        trainer.elapsed = config.minutes * 60 * trainer.tokens / tokens  # the rate follows tokens, not the clock
        trainer.log({"loss": round(trainer.update(batch), 4)})
    report = held_out_report(trainer.work, [(example, draws.windows(example)) for example in held])
    return {"variant": variant, "tokens": trainer.tokens, "questions": len(held), **report}


def table(lines: list[dict[str, Any]]) -> Table:
    """One row a variant."""
    result = Table(title=f"variants after training alike, {lines[0]['questions']} held-out questions")
    for at, column in enumerate(("variant", "tokens", "listwise loss", *(f"{share:.0%}" for share in SHARES))):
        result.add_column(column, justify="left" if at == 0 else "right")
    for line in lines:
        name = f"{line['variant']} joint layers" if line["variant"].isdigit() else "4, no hard negatives"
        recalls = (f"{100 * line[f'trained@{share:g}']:.1f}" for share in SHARES)
        result.add_row(name, f"{line['tokens']:,}", f"{line['listwise']:.3f}", *recalls)
    return result


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("variants", nargs="*", choices=[*VARIANTS, []])  # [] is what none given means
    parser.add_argument("--tokens", type=int, default=1_200_000)
    parser.add_argument("--work", type=Path, default=Path(".work/labeller"))
    parser.add_argument("--table", action="store_true", help="print what has been measured")
    args = parser.parse_args()
    torch.set_flush_denormal(True)
    file = args.work / "ablations.jsonl"
    for variant in args.variants:
        config = TrainConfig()
        line = run(variant, sampler(args.work, config), config, args.work, tokens=args.tokens)
        with file.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")
    if args.table or args.variants:
        Console().print(table([json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]))


if __name__ == "__main__":
    main()
