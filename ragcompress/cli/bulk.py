"""``ragcompress bulk compress | embed | index | evaluate``: whole data sets, resumable."""

from __future__ import annotations

from typing import Annotated, Any

from ragcompress.bulk import Report, compress_dataset, embed_dataset, evaluate_dataset, index_dataset
from ragcompress.cli.options import AsJson, Budget, Keep, Method, Precompute, StoreUnits, amount, known
from ragcompress.cli.output import note, put_json
from ragcompress.core.errors import InvalidInput, require

__all__ = ["BULK"]

typer = require("typer", "cli")

In = Annotated[str, typer.Argument(help="A .parquet, .jsonl, .jsonl.gz or .csv file, or a folder of them.")]
Out = Annotated[str, typer.Argument(help="The .parquet, .jsonl or .csv file to write.", metavar="OUT")]
Job = Annotated[
    str | None,
    typer.Option(
        "--job",
        help="The folder that holds what is done; a job that was killed goes on. OUT.job if none.",
        metavar="FOLDER",
    ),
]
Actors = Annotated[int, typer.Option("--actors", help="How many work side by side.", metavar="N")]
Engine = Annotated[
    str | None, typer.Option("--engine", help="here, processes or ray; chosen by what is there.", metavar="NAME")
]
Gpus = Annotated[float, typer.Option("--gpus", help="GPUs of each actor, such as 0.5; with Ray.", metavar="F")]
Chunk = Annotated[int | None, typer.Option("--chunk", help="Rows done or not done together.", metavar="N")]
Retry = Annotated[bool, typer.Option("--retry-failed", help="Work again on rows that failed.")]
Price = Annotated[float, typer.Option("--price", help="Of a million tokens, for what is saved.", metavar="P")]
Encoder = Annotated[
    str | None,
    typer.Option("--encoder", help="minilm, multilingual-e5-small, or a SentenceTransformer's folder.", metavar="NAME"),
]
Store = Annotated[
    str, typer.Option("--store", help="lancedb:PATH, postgresql://… or qdrant:URL; #TABLE at the end.", metavar="STORE")
]


# One parameter per option is how typer knows them, hence more than six.
def compress(
    source: In,
    out: Out,
    budget: Budget = None,
    keep: Keep = None,
    method: Method = None,
    job: Job = None,
    actors: Actors = 1,
    engine: Engine = None,
    gpus: Gpus = 0.0,
    chunk: Chunk = None,
    retry_failed: Retry = False,
    price: Price = 0.5,
    as_json: AsJson = False,
) -> None:
    """Compress rows of query and passages (lists, in CSV as JSON) into rows of text, spans, counts and errors."""
    size = amount(budget, keep)
    how = _how(out=out, job=job, actors=actors, engine=engine, gpus=gpus, chunk=chunk, retry=retry_failed, price=price)
    _told(compress_dataset(source, budget=size, compressor=known(method, size), **how), as_json)


def embed(
    source: In,
    out: Out,
    precompute: Precompute = False,
    units: StoreUnits = False,
    encoder: Encoder = None,
    job: Job = None,
    actors: Actors = 1,
    engine: Engine = None,
    gpus: Gpus = 0.0,
    chunk: Chunk = None,
    retry_failed: Retry = False,
    as_json: AsJson = False,
) -> None:
    """Encode rows of text (and id, title, metadata) into rows with vectors and units."""
    how = _how(out=out, job=job, actors=actors, engine=engine, gpus=gpus, chunk=chunk, retry=retry_failed)
    _told(embed_dataset(source, encoder=encoder, precompute=precompute or (units and "units"), **how), as_json)


def index(
    source: In,
    store: Store,
    encoder: Encoder = None,
    job: Job = None,
    actors: Actors = 1,
    engine: Engine = None,
    chunk: Chunk = None,
    as_json: AsJson = False,
) -> None:
    """Write rows that `bulk embed` made, or rows of text, into a store; again is no harm."""
    how = _how(job=job, actors=actors, engine=engine, chunk=chunk)
    _told(index_dataset(source, store, encoder=encoder, **how).report, as_json)


def evaluate(
    source: In,
    out: Out,
    methods: Annotated[str, typer.Option("--methods", help="Names, comma-separated.")] = "labeller",
    budgets: Annotated[str, typer.Option("--budgets", help="Kept fractions, comma-separated.")] = "0.2",
    job: Job = None,
    actors: Actors = 1,
    engine: Engine = None,
    chunk: Chunk = None,
    as_json: AsJson = False,
) -> None:
    """Evaluate methods on labelled questions; needs the checkout."""
    try:
        shares = [float(each) for each in budgets.split(",")]
    except ValueError as error:
        raise InvalidInput(f"--budgets is {budgets!r}; give fractions such as 0.1,0.2") from error
    names = [known(name, shares[0]) or name for name in methods.split(",")]
    how = _how(out=out, job=job, actors=actors, engine=engine, chunk=chunk)
    _told(evaluate_dataset(source, methods=names, budgets=shares, **how), as_json)


def _how(**given: Any) -> Any:
    """The options as `ragcompress.bulk` calls them; a person at the terminal sees how far it is."""
    retry = given.pop("retry", False)
    return {**given, "retry_failed": retry, "progress": True}


def _told(report: Report, as_json: bool) -> None:
    if as_json:
        counts = report.counts._asdict()
        put_json({**counts, "new": report.new.rows, "seconds": round(report.seconds, 3), "engine": report.engine,
                  "saved": report.saved})  # fmt: skip
    else:
        note(str(report))


BULK = (compress, embed, index, evaluate)
