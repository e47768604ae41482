"""Train, export and calibrate the embedded reader: ``python -m pipelines.training.train_reader --max-minutes 45``.

Reads SQuAD 1.1 train, SQuADShifts and 2WikiMultiHopQA from the data folder, writes the checkpoint and the log to
``--out`` and, when training is done, ``ragcompress/weights/reader*``. Run again after a kill: it goes on.
"""

from __future__ import annotations

import argparse
import json
import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipelines.training.calibrate_reader import calibrate
from ragcompress.core.budget import embedded_tokenizer
from ragcompress.training.reader.batch import batches
from ragcompress.training.reader.corpus import Corpus, build, load_records
from ragcompress.training.reader.export import export
from ragcompress.training.reader.train import TrainConfig, Trainer, describe

WEIGHTS = Path(__file__).parents[2] / "ragcompress" / "weights"
HELD_OUT = 0.05  # of the articles: for calibration, never trained on
FILES = ("squad_train", "squadshifts_wiki_train", "2wiki_train")


def main() -> None:
    """Parse the command line and do what is asked."""
    options = _parse()
    corpus = build(_records(options.data, options.limit), tokenizer := _plain_tokenizer())
    train, held_out = split(corpus, seed=options.seed)
    print(f"{len(train)} questions to train on, {len(held_out)} held out, {len(corpus.paragraphs)} paragraphs")
    config = TrainConfig(
        folder=options.out,
        examples=options.examples,
        max_minutes=options.max_minutes,
        rate=options.rate,
        frozen=options.frozen,
        seed=options.seed,
    )
    trainer = Trainer(config)
    resumed = trainer.resume()
    print(json.dumps(describe(config) | {"resumed": resumed}))
    if trainer.progress() < 1:
        source = batches(
            corpus,
            train,
            tokenizer,
            seed=config.seed,
            pool=config.pool,
            batch_tokens=config.batch_tokens,
            skip=trainer.seen,
        )
        trainer.run(source)
    sizes = export(trainer.weights(), options.weights)
    print(json.dumps({"exported": sizes}))
    report = calibrate(corpus, held_out[: options.calibrate], options.weights)
    print(json.dumps(report))


def split(corpus: Corpus, *, seed: int) -> tuple[list[int], list[int]]:
    """Question numbers to train on and, from other articles, to calibrate with."""
    articles = sorted(corpus.questions_by_article)
    aside = set(random.Random(seed).sample(articles, max(1, int(len(articles) * HELD_OUT))))
    train: list[int] = []
    held_out: list[int] = []
    for article in articles:
        (held_out if article in aside else train).extend(corpus.questions_by_article[article])
    random.Random(seed).shuffle(held_out)
    return train, held_out


def _records(folder: Path, limit: int | None) -> Iterator[dict[str, Any]]:
    for name in FILES:
        for at, record in enumerate(load_records(folder / f"{name}.jsonl.gz")):
            if limit is not None and at >= limit:
                break
            yield record


def _plain_tokenizer() -> Any:
    shared = embedded_tokenizer()
    own = type(shared).from_str(shared.to_str())
    own.no_truncation()
    own.no_padding()
    return own


def _parse() -> argparse.Namespace:
    data = Path(os.environ.get("RAGCOMPRESS_DATA", "../shared/data")) / "train"
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--data", type=Path, default=data, help="folder of the training files")
    parser.add_argument("--out", type=Path, default=Path(".work/reader"), help="checkpoint and log")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, help="where the exported reader goes")
    parser.add_argument("--examples", type=int, default=150_000, help="length of the run in examples")
    parser.add_argument("--max-minutes", type=float, default=45.0, help="longest run; the rate decays to fit")
    parser.add_argument("--rate", type=float, default=2.5e-4, help="peak learning rate")
    parser.add_argument("--frozen", type=int, default=2, help="lowest layers kept as they are")
    parser.add_argument("--seed", type=int, default=13)
    parser.add_argument("--limit", type=int, default=None, help="records per file, for a quick look")
    parser.add_argument("--calibrate", type=int, default=800, help="held-out questions for the threshold")
    return parser.parse_args()


if __name__ == "__main__":
    main()
