"""Train the joint labeller from ../shared/data, calibrate it and write the files that ship.

    python -m pipelines.training.train_labeller train [--minutes 30] [--work .work/labeller] # resumes where it stopped
    python -m pipelines.training.train_labeller train --run second --start .work/labeller/run/best.pt
    python -m pipelines.training.train_labeller average --checkpoint .work/labeller/{a,b}/best.pt --run both
    python -m pipelines.training.train_labeller ship [--checkpoint FILE] [--out ragcompress/weights]
    python -m pipelines.training.train_labeller calibrate [--out ragcompress/weights]

Two runs of one thread each, from the same start under different names, see more tokens than one run of two threads; the
mean of their weights and their start's was better on held-out questions than the better one (model soups, Wortsman et
al., ICML 2022). What ships is such a mean; the model card says of which runs, and how good they are.

The configuration is `ragcompress.training.labeller.config`; the log is ``run/log.jsonl`` in the work folder (``run``
or the name given with ``--run``).
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ragcompress.models.labeller.runtime import LEARNED, PARTS, JointModel
from ragcompress.models.labeller.tuned import CALIBRATED
from ragcompress.scorers.labels import LabelScorer
from ragcompress.training.labelled import Labelled
from ragcompress.training.labeller.batch import Window
from ragcompress.training.labeller.calibrate import Case, calibrated, fit_weights
from ragcompress.training.labeller.config import ModelConfig, TrainConfig
from ragcompress.training.labeller.corpus import open_corpus
from ragcompress.training.labeller.data import Example
from ragcompress.training.labeller.export import export_joint, save_pretrained, settings_of
from ragcompress.training.labeller.mixed import labelled_of
from ragcompress.training.labeller.model import JointHalf, encoder_weights
from ragcompress.training.labeller.objective import held_out_report, refit
from ragcompress.training.labeller.sampling import Sampler
from ragcompress.training.labeller.train import Trainer
from ragcompress.training.tuning import case_of

PROBE = {"squad": 90, "shifts": 30, "fever": 20, "2wiki": 19, "subject": 30}
PASSAGES = 9  # of a probed question
CALIBRATE = {"squad": 600, "shifts": 200, "fever": 120, "2wiki": 25, "subject": 80}
CALIBRATE_PASSAGES = 12
IRRELEVANT = 0.2  # share of calibration questions without their supporting passages
RIDGE = 0.2  # of the weights of the sum: these questions are of few kinds; what fits them closely is worse elsewhere
NAME = "ragcompress-labeller-7"
REFIT = 40  # batches that the first weights of the sum are fitted on
CHECK_EVERY_S = 420.0


def sampler(work: Path, config: TrainConfig) -> Sampler:
    """The training data, read and encoded."""
    data = Path(os.environ.get("RAGCOMPRESS_DATA", "../shared/data")) / "train"
    return Sampler(open_corpus(data, work, workers=os.cpu_count() or 1), config)


def train(work: Path, config: TrainConfig, *, run: str, start: Path | None) -> None:
    """Train, or go on training."""
    torch.manual_seed(config.seed)
    torch.set_flush_denormal(True)
    draws = sampler(work, config)
    model = JointHalf(ModelConfig())
    model.load_encoder(encoder_weights())
    trainer = Trainer(model, config, work / run)
    probe = _probe(draws)
    if not trainer.resume():
        (work / run / "config.json").write_text(json.dumps({"model": asdict(model.config), "train": asdict(config)}))
        if start:
            trainer.start_from(torch.load(start, weights_only=True)["model"])
        trainer.keep_best(held_out_report(trainer.work, probe))
        refit(model, [example for batch in islice(draws.batches(-REFIT, run=run), REFIT) for example in batch])
        trainer.start_from(model.state_dict())
        trainer.best = math.inf
        trainer.keep_best(held_out_report(trainer.work, probe))
    trainer.run(draws.batches(trainer.step, run=run), lambda now: held_out_report(now, probe), every_s=CHECK_EVERY_S)


def average(work: Path, config: TrainConfig, *, checkpoints: Sequence[Path], run: str) -> None:
    """Write the mean of some runs' weights as ``run``'s best, and print how good each of them is and their mean."""
    probe = _probe(sampler(work, config))
    states = [torch.load(path, weights_only=True)["model"] for path in checkpoints]
    mean = {name: torch.stack([state[name] for state in states]).mean(0) for name in states[0]}
    (work / run).mkdir(exist_ok=True)
    torch.save({"model": mean}, work / run / "best.pt")
    model = JointHalf(ModelConfig())
    for name, state in zip((*map(str, checkpoints), run), (*states, mean), strict=True):
        model.load_state_dict(state)
        print(json.dumps({"weights": name, **held_out_report(model, probe)}), flush=True)


def _probe(draws: Sampler) -> list[tuple[Example, list[Window]]]:
    """Held-out questions with their windows, the same ones in every run."""
    return [(example, draws.windows(example)) for example in draws.held_out(PROBE, passages=PASSAGES)]


def ship(work: Path, config: TrainConfig, *, checkpoint: Path, out: Path) -> None:
    """Export a checkpoint, fit weights and calibration on held-out training questions, and write all to ``out``.

    Weights stay near those of the labeller that ``out`` holds, if it holds one.
    """
    model = JointHalf(ModelConfig())
    model.load_state_dict(torch.load(checkpoint, weights_only=True)["model"])
    save_pretrained(model.eval(), work / "joint", training=asdict(config))
    sizes = export_joint(model, out)
    settings, present = settings_of(model, NAME), out / "labeller.json"
    if present.exists():
        settings["weights"] = json.loads(present.read_text(encoding="utf-8"))["weights"]
    scorer = _scorer(settings, out)
    cases = [case_of(scorer, labelled) for labelled in held_out(sampler(work, config))]
    weights = fit_weights(cases, scorer.model.weights.astype(np.float64), ridge=RIDGE)
    student = student_weights(cases, weights)
    print(json.dumps({"bytes": sizes, **_write(settings, named(weights), named(student), cases, out)}, indent=1))


def calibrate(work: Path, config: TrainConfig, *, out: Path) -> None:
    """Fit the calibration of the labeller in ``out`` anew: its graphs and weights stay."""
    settings = json.loads((out / "labeller.json").read_text(encoding="utf-8"))
    scorer = _scorer(settings, out)
    cases = [case_of(scorer, labelled) for labelled in held_out(sampler(work, config))]
    print(json.dumps(_write(settings, settings["weights"], settings["student"]["weights"], cases, out), indent=1))


def _scorer(settings: dict[str, Any], folder: Path) -> LabelScorer:
    """With the graph in ``folder`` that suits this processor."""
    return LabelScorer(JointModel.embedded().with_settings(settings).with_graphs(folder))


def _write(
    settings: dict[str, Any], weights: dict[str, float], student: dict[str, float], cases: Sequence[Case], out: Path
) -> dict[str, Any]:
    """``labeller.json`` with these weights, and what follows from them, for the labeller and its student."""
    written = with_student(settings, weights, student, cases)
    (out / "labeller.json").write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
    return written


def with_student(
    settings: dict[str, Any], weights: dict[str, float], student: dict[str, float], cases: Sequence[Case]
) -> dict[str, Any]:
    """Settings with these weights and what follows from them, for a labeller and for its student."""
    both = [calibrated({**settings, "weights": own}, cases) for own in (weights, student)]
    return {**both[0], "student": {name: both[1][name] for name in ("weights", *CALIBRATED, "calibration")}}


def student_weights(cases: Sequence[Case], teacher: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the labeller without its joint half needs: the other weights, fitted anew near the teacher's."""
    learned = np.arange(len(PARTS))[LEARNED]
    bare = [case._replace(parts=np.delete(case.parts, learned, axis=1)) for case in cases]
    return np.insert(fit_weights(bare, np.delete(teacher, learned)), [LEARNED.start] * len(learned), 0.0)


def named(weights: NDArray[np.float64]) -> dict[str, float]:
    """By the names of `PARTS`."""
    return {name: round(float(value), 4) for name, value in zip(PARTS, weights, strict=True)}


def held_out(draws: Sampler) -> Iterator[Labelled]:
    """Held-out training questions beside negatives of every kind, some of them without their supporting passages."""
    rng = random.Random(11)
    for example in draws.held_out(CALIBRATE, passages=CALIBRATE_PASSAGES):
        yield labelled_of(example, draws.corpus.pool, relevant=rng.random() >= IRRELEVANT)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("train", "average", "ship", "calibrate"))
    parser.add_argument("--work", type=Path, default=Path(".work/labeller"))
    parser.add_argument("--minutes", type=float, default=TrainConfig().minutes)
    parser.add_argument("--thinned", type=float, default=TrainConfig().p_thinned, metavar="SHARE")
    parser.add_argument("--searched", type=float, default=TrainConfig().p_searched, metavar="SHARE")
    parser.add_argument("--swapped", type=float, default=TrainConfig().p_swapped, metavar="SHARE")
    parser.add_argument("--run", default="run")
    parser.add_argument("--start", type=Path)
    parser.add_argument("--checkpoint", type=Path, nargs="+", default=[Path(".work/labeller/run/best.pt")])
    parser.add_argument("--out", type=Path, default=Path("ragcompress/weights"))
    args = parser.parse_args()
    if args.action == "ship" and len(args.checkpoint) > 1:
        parser.error("ship takes one checkpoint; make one of several with average")
    args.work.mkdir(parents=True, exist_ok=True)
    shares = {"p_thinned": args.thinned, "p_searched": args.searched, "p_swapped": args.swapped}
    config = replace(TrainConfig(), minutes=args.minutes, **shares)
    if args.action == "train":
        train(args.work, config, run=args.run, start=args.start)
    elif args.action == "average":
        average(args.work, config, checkpoints=args.checkpoint, run=args.run)
    elif args.action == "ship":
        ship(args.work, config, checkpoint=args.checkpoint[0], out=args.out)
    else:
        calibrate(args.work, config, out=args.out)


if __name__ == "__main__":
    main()
