"""Train a labeller's joint half over all sets in ../shared/data/train, calibrate it, write what ships.

    python -m pipelines.training.train_multilingual train --base .work/e5 --weights .work/weights [--minutes 68]
    python -m pipelines.training.train_multilingual train --english [--minutes 68]  # the shipped English one, further
    python -m pipelines.training.train_multilingual average --english --checkpoint .work/.../{best,last}.pt --run mean
    python -m pipelines.training.train_multilingual ship --weights .work/weights [--checkpoint .work/.../best.pt]
    python -m pipelines.training.train_multilingual ship --english --checkpoint .work/.../best.pt --out .work/english

``--weights`` is what `export_e5` wrote; ``ship`` adds ``e5-labeller.json`` and, of a checkpoint, ``e5-labeller.onnx``.
``average`` says how good checkpoints are, and what they began with, and the mean of all (model soups, Wortsman et al.,
ICML 2022), which it writes.
Training resumes where it stopped. One process encodes and draws, with low priority; this one trains, on one thread.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import DataLoader, IterableDataset

from pipelines.training.train_labeller import named, student_weights, with_student
from ragcompress.models.encoders import OnnxEncoder
from ragcompress.models.labeller.runtime import LEARNED, PARTS, JointModel
from ragcompress.models.multilingual import JOINT, SETTINGS, multilingual
from ragcompress.models.sessions import LateSession
from ragcompress.scorers.labels import LabelScorer
from ragcompress.training.labeller.calibrate import fit_weights
from ragcompress.training.labeller.config import ModelConfig, TrainConfig
from ragcompress.training.labeller.export import export_int8, export_joint, from_graph, settings_of
from ragcompress.training.labeller.mixed import MixedSampler
from ragcompress.training.labeller.mixture import load_mixture
from ragcompress.training.labeller.model import JointHalf, encoder_weights
from ragcompress.training.labeller.objective import held_out_report, refit
from ragcompress.training.labeller.sampling import Batch
from ragcompress.training.labeller.train import Trainer
from ragcompress.training.tuning import case_of

QUESTIONS = 10_000  # of all sets together
PROBE, PROBE_PASSAGES = 130, 6
CALIBRATE, CALIBRATE_PASSAGES = 260, 7
RIDGE = 0.1
ACROSS = 0.2  # a question in another language than its passages, of which there are hardly any, finds less probability
NAME = "ragcompress-multilingual-2"
ENGLISH, BY_WORDS = "ragcompress-labeller-8", ("words", "passage_words")
CHOOSE, CALIBRATE_ENGLISH = 400, 700  # held-out questions
NEAR = 0.2  # how near the weights of the sum stay to the trained ones: these questions are few
CACHED = 4_600_000_000  # bytes of states that stay in memory: 1.5 million tokens
REFIT = 24  # batches that the first weights of the sum are fitted on
CHECK_EVERY_S = 600.0
CONFIG = TrainConfig(batch=10, passages=6, max_tokens=170, warmup=40, p_swapped=0.0, p_pair=0.06)
FURTHER = replace(CONFIG, layer_rate=8e-5, head_rate=5e-4)  # of a joint half that was trained already


class Draws(IterableDataset[Batch]):
    """Batches, drawn and encoded in a process of their own."""

    def __init__(self, weights: Path | None, config: TrainConfig, start: int, run: str) -> None:
        self.weights, self.config, self.start, self.run = weights, config, start, run

    def __iter__(self) -> Iterator[Batch]:
        return sampler(self.weights, self.config).batches(self.start, run=self.run)


def sampler(weights: Path | None, config: TrainConfig) -> MixedSampler:
    """The training data: of all languages for the encoder in ``weights``, in English for the embedded one."""
    data = Path(os.environ.get("RAGCOMPRESS_DATA", "../shared/data")) / "train"
    mixture = load_mixture(data, questions=QUESTIONS, seed=config.seed, only=None if weights else "en")
    encoder = multilingual(weights) if weights else OnnxEncoder.embedded()
    encoder.cache_bytes = CACHED
    return MixedSampler(mixture, encoder, config)


def batches(weights: Path | None, config: TrainConfig, start: int, run: str) -> Iterator[Batch]:
    """From another process, a few ahead."""
    loader: Any = DataLoader(
        Draws(weights, config, start, run), batch_size=None, num_workers=1, prefetch_factor=12,
        worker_init_fn=_step_back, multiprocessing_context="spawn",
    )  # fmt: skip
    return iter(loader)


def _step_back(_: int) -> None:
    os.nice(2)
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))


def beginning(args: argparse.Namespace) -> JointHalf:
    """The shipped English joint half, to train it further; or one that begins with the multilingual layers."""
    if args.english:
        shipped = JointModel.embedded()
        english: JointHalf = from_graph(shipped.graph(), dict(shipped.settings))
        return english
    model = JointHalf(ModelConfig.multilingual())
    model.load_encoder(encoder_weights(args.base))
    return model


def train(args: argparse.Namespace, config: TrainConfig) -> None:
    """Train, or go on training."""
    torch.manual_seed(config.seed)
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    model = beginning(args)
    trainer = Trainer(model, config, args.work / args.run)
    probe = sampler(args.weights, config).held_out(PROBE, passages=PROBE_PASSAGES)
    print(f"{len(probe)} held-out questions", flush=True)
    resumed = trainer.resume()
    draws = batches(args.weights, config, trainer.step, args.run)
    if not resumed:
        shape = {"model": asdict(model.config), "train": asdict(config)}
        (args.work / args.run / "config.json").write_text(json.dumps(shape))
        if not args.english:  # its weights of the sum were fitted on more than this
            refit(model, [example for batch in islice(draws, REFIT) for example in batch])
        trainer.start_from(model.state_dict())
        trainer.keep_best(held_out_report(trainer.work, probe))
    trainer.run(draws, lambda now: held_out_report(now, probe), every_s=CHECK_EVERY_S)


def average(args: argparse.Namespace, config: TrainConfig) -> None:
    """Print how good each checkpoint is, what they began with, and the mean of all, which is written."""
    probe = sampler(args.weights, config).held_out(CHOOSE, passages=PROBE_PASSAGES)
    model = beginning(args)
    states = {"start": {key: tensor.clone() for key, tensor in model.state_dict().items()}}
    states |= {str(path): torch.load(path, weights_only=True)["model"] for path in args.checkpoint}
    mean = {key: torch.stack([state[key] for state in states.values()]).mean(0) for key in states["start"]}
    (args.work / args.run).mkdir(parents=True, exist_ok=True)
    torch.save({"model": mean}, args.work / args.run / "best.pt")
    for name, state in (*states.items(), ("mean", mean)):
        model.load_state_dict(state)
        print(json.dumps({"weights": name, **held_out_report(model.eval(), probe)}), flush=True)


def ship_english(args: argparse.Namespace, config: TrainConfig) -> None:
    """Export a checkpoint to ``--out`` and fit the weights of the sum, near its own, and the calibration."""
    model = JointHalf(ModelConfig())
    model.load_state_dict(torch.load(args.checkpoint[0], weights_only=True)["model"])
    export_joint(model.eval(), args.out)
    present = JointModel.embedded().settings
    settings = {**present, **settings_of(model, ENGLISH), "bridge": present["bridge"]}
    settings["weights"] |= {name: present["weights"][name] for name in BY_WORDS}
    draws = sampler(None, config)
    scorer = LabelScorer(JointModel.embedded().with_settings(settings).with_graphs(args.out), draws.encoder)
    cases = [case_of(scorer, one) for one in draws.labelled(CALIBRATE_ENGLISH, passages=CALIBRATE_PASSAGES)]
    weights = fit_weights(cases, scorer.model.weights.astype(np.float64), ridge=NEAR)
    written = with_student(settings, named(weights), named(student_weights(cases, weights)), cases)
    (args.out / "labeller.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(written, indent=1))


def ship(args: argparse.Namespace, config: TrainConfig) -> None:
    """Export a checkpoint, or none, and fit weights and calibration on held-out questions."""
    shape = ModelConfig.multilingual()
    model = JointHalf(shape)
    if args.checkpoint:
        model.load_state_dict(torch.load(args.checkpoint[0], weights_only=True)["model"])
        export_int8(model.eval(), args.weights / JOINT)
        graph = LateSession((args.weights / JOINT).read_bytes)
    settings = {**JointModel.embedded().settings, **settings_of(model, NAME), "untrained": shape.fusion}
    if not args.checkpoint:
        settings["weights"] |= dict.fromkeys(PARTS[LEARNED], 0.0)
    draws = sampler(args.weights, config)
    scorer = LabelScorer(JointModel(graph if args.checkpoint else None, settings), draws.encoder)
    cases = [case_of(scorer, labelled) for labelled in draws.labelled(CALIBRATE, passages=CALIBRATE_PASSAGES)]
    start = scorer.model.weights.astype(np.float64)
    weights = fit_weights(cases, start, ridge=RIDGE) if args.checkpoint else student_weights(cases, start)
    written = with_student(settings, named(weights), named(student_weights(cases, weights)), cases)
    for own in (written, written["student"]):
        own["nothing"] = round(own["nothing"] * ACROSS, 6)
    (args.weights / SETTINGS).write_text(json.dumps(written, indent=1) + "\n")
    print(json.dumps(written, indent=1))


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("train", "average", "ship"))
    parser.add_argument("--base", type=Path, default=Path(".work/e5"))
    parser.add_argument("--weights", type=Path, default=Path(".work/weights"))
    parser.add_argument("--english", action="store_true", help="the English labeller on the embedded encoder")
    parser.add_argument("--work", type=Path, default=Path(".work/multilingual"))
    parser.add_argument("--minutes", type=float, default=68.0)
    parser.add_argument("--run", default="run")
    parser.add_argument("--checkpoint", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=Path(".work/english"))
    args = parser.parse_args()
    if args.english:
        args.weights = None
    config = replace(FURTHER if args.english else CONFIG, minutes=args.minutes)
    shipping = ship_english if args.english else ship
    {"train": train, "average": average, "ship": shipping}[args.action](args, config)


if __name__ == "__main__":
    main()
