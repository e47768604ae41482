"""Train the joint labeller from ../shared/data, calibrate it and write the files that ship.

    python -m pipelines.train_labeller train [--minutes 38] [--work .work/labeller]     # resumes where it stopped
    python -m pipelines.train_labeller ship [--checkpoint .work/labeller/run/best.pt] [--out ragcompress/weights]

The configuration is `ragcompress.labeller.config`; the log is ``run/log.jsonl`` in the work folder.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict, replace
from pathlib import Path

import torch

from ragcompress.encoders import cpu_gains_from_int8
from ragcompress.labeller.calibrate import calibrate
from ragcompress.labeller.config import ModelConfig, TrainConfig
from ragcompress.labeller.export import export_joint, save_pretrained, settings_of
from ragcompress.labeller.model import JointHalf, encoder_weights
from ragcompress.labeller.objective import held_out_report
from ragcompress.labeller.sampling import Sampler, open_corpus
from ragcompress.labeller.train import Trainer

PROBE = {"squad": 70, "shifts": 20, "fever": 20, "2wiki": 19}
CHECK_EVERY_S = 420.0


def sampler(work: Path, config: TrainConfig) -> Sampler:
    """The training data, read and encoded."""
    data = Path(os.environ.get("RAGCOMPRESS_DATA", "../shared/data")) / "train"
    return Sampler(open_corpus(data, work, config=config, workers=os.cpu_count() or 1), config)


def train(work: Path, config: TrainConfig) -> None:
    """Train, or go on training."""
    torch.manual_seed(config.seed)
    torch.set_flush_denormal(True)
    draws = sampler(work, config)
    model = JointHalf(ModelConfig())
    model.load_encoder(encoder_weights())
    trainer = Trainer(model, config, work / "run")
    probe = [(example, draws.windows(example)) for example in draws.held_out(PROBE, passages=7)]
    if not trainer.resume():
        (work / "run" / "config.json").write_text(json.dumps({"model": asdict(model.config), "train": asdict(config)}))
        trainer.keep_best(held_out_report(trainer.work, probe))
    trainer.run(draws.batches(trainer.step), lambda now: held_out_report(now, probe), every_s=CHECK_EVERY_S)


def ship(work: Path, config: TrainConfig, *, checkpoint: Path, out: Path) -> None:
    """Export a checkpoint, calibrate it on held-out training questions, and write everything to ``out``."""
    model = JointHalf(ModelConfig())
    model.load_state_dict(torch.load(checkpoint, weights_only=True)["model"])
    save_pretrained(model.eval(), work / "joint", training=asdict(config))
    sizes = export_joint(model, out)
    settings = settings_of(model, "ragcompress-labeller-1")
    precision = "int8" if cpu_gains_from_int8() else "half"
    settings = calibrate(sampler(work, config), settings, folder=out, precision=precision)
    (out / "labeller.json").write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({"bytes": sizes, "keep": settings["keep"], "thresholds": settings["thresholds"]}, indent=1))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("train", "ship"))
    parser.add_argument("--work", type=Path, default=Path(".work/labeller"))
    parser.add_argument("--minutes", type=float, default=TrainConfig().minutes)
    parser.add_argument("--checkpoint", type=Path, default=Path(".work/labeller/run/best.pt"))
    parser.add_argument("--out", type=Path, default=Path("ragcompress/weights"))
    args = parser.parse_args()
    args.work.mkdir(parents=True, exist_ok=True)
    config = replace(TrainConfig(), minutes=args.minutes)
    if args.action == "train":
        train(args.work, config)
    else:
        ship(args.work, config, checkpoint=args.checkpoint, out=args.out)


if __name__ == "__main__":
    main()
