"""The options of the evaluation's command line."""

from __future__ import annotations

import argparse
from pathlib import Path

from .answers import CONTEXTS
from .presets import PRESETS
from .trials.parts import PARTS

__all__ = ["parser"]

METHODS = "labeller,lexical,dense,late,fused"


def parser(prog: str = "python -m eval") -> argparse.ArgumentParser:
    """All subcommands and their options; ``prog`` is how the command is called."""
    root = argparse.ArgumentParser(prog=prog, description="Evaluation people can trust.")
    actions = root.add_subparsers(required=True)
    one = actions.add_parser("run", help="evaluate compressors; goes on where a killed run stopped")
    _data(one, default=[])
    one.add_argument("--preset", choices=list(PRESETS), help="the protocol of a paper")
    one.add_argument("--passages", type=int, help="only the first so many passages of each question")
    one.add_argument("--budgets", default="0.05,0.1,0.2,0.3", help="fractions of the full context's tokens")
    one.add_argument("--reader", default="embedded", help="'embedded', or 'none' for recall and precision only")
    one.add_argument("--bare", action="store_true", help="leave out full, oracle, truncate and passages")
    one.add_argument("--out", type=Path, required=True, help="the folder of the run")
    one.add_argument("--corpus", help="retrieve the passages from this JSON-lines corpus instead")
    one.add_argument("--k", type=int, default=10, help="passages to retrieve")
    _margin(one).set_defaults(action="run")
    one = actions.add_parser("report", help="write report.md and report.html of a run; of `answers`, print their table")
    one.add_argument("folder", type=Path, help="the --out of a run")
    one.add_argument("--prices", type=Path, help="of answers: JSON of dollars a million tokens: read, cached, written")
    _margin(one).set_defaults(action="report")
    one = actions.add_parser("compare", help="what changed from run A to run B")
    one.add_argument("a", type=Path, help="the --out of the first run")
    one.add_argument("b", type=Path, help="the --out of the second run")
    _margin(one).set_defaults(action="compare")
    one = actions.add_parser("choose", help="the smallest budget that keeps enough answers")
    _data(one, positional=True)
    one.add_argument("--answer-recall", type=float, required=True, help="share of the answers to keep, such as 0.95")
    one.add_argument("--grid", type=float, nargs="+", help="budgets to try, as fractions, ascending")
    one.set_defaults(action="choose")
    _more(actions)
    return root


def _more(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    one = actions.add_parser("speed", help="latency, and when it pays")
    _data(one, default=["nq_multi20_dev"], limit=40)
    one.add_argument("--budget", type=float, default=0.2, help="fraction of the tokens to keep")
    one.add_argument("--prefill", type=float, default=2000.0, help="tokens a second the reader takes in")
    one.add_argument("--price", type=float, default=0.5, help="price of a million input tokens")
    one.add_argument("--stored", action="store_true", help="also with token states stored in the index")
    one.add_argument(
        "--peers",
        help="race beside others, in turn: some of filter,cross-encoder,provence,llmlingua; with stored units",
    )
    one.add_argument("--out", type=Path, help="with --peers: keep the laps in this file, and go on from it")
    one.add_argument(
        "--gauges",
        help="measure instead: some of growth,stages,start,many,building,vectors,long; ratios: all ratios in one run",
    )
    one.add_argument("--full", action="store_true", help="with --gauges: up to the largest sizes; takes minutes")
    one.add_argument("--plots", type=Path, help="with --gauges growth: also draw the curves into this folder")
    one.set_defaults(action="speed")
    one = actions.add_parser("structured", help="tables, records, logs, chats: right units kept with what they need")
    one.add_argument(
        "--methods",
        default="labeller,lexical",
        help="names of methods; filter: LangChain's splitter and EmbeddingsFilter",
    )
    one.add_argument("--seeds", default="5,6,7,8", help="each makes questions of its own")
    one.add_argument("--per-kind", type=int, default=4, help="questions of a kind and seed")
    one.add_argument("--budgets", default="0.1,0.2,0.3", help="fractions of the full context's tokens")
    one.set_defaults(action="structured")
    one = actions.add_parser("trust", help="inputs tried, faults injected, kills survived, histories checked")
    _data(one, default=[], limit=25)
    one.add_argument("--full", action="store_true", help="as much as docs/trust.md tells of: hours, not minutes")
    one.add_argument("--only", default="", help=f"some parts, by commas: {', '.join(PARTS)}")
    one.add_argument("--out", type=Path, help="the folder of what is done: a run that was stopped goes on there")
    one.add_argument("--calls", type=int, default=0, help="random contexts for the cheap methods; --full: a million")
    one.set_defaults(action="trust")
    _answers(actions.add_parser("answers", help="a language model answers from each context; resumable"))
    one = actions.add_parser("needles", help="made sentences hidden among thousands of tokens: are they kept?")
    one.add_argument("--corpus", default="wiki_pool_corpus", help="JSON lines of passages: the haystack")
    one.add_argument("--lengths", default="4000,16000,64000,200000", help="tokens of the haystacks")
    one.add_argument("--kinds", default="one,thread:2,thread:4,thread:8,values:4", help="one, thread:N, values:N")
    one.add_argument("--count", type=int, default=5, help="haystacks of each kind and length")
    one.add_argument("--first", type=int, default=5, help="number of the first haystack, its seed")
    one.add_argument("--method", default="labeller", help="name of a method")
    one.add_argument("--budget", type=int, default=500, help="tokens to keep")
    one.set_defaults(action="needles")
    one = actions.add_parser("retrieval", help="recall, reciprocal rank and nDCG of the retriever")
    _data(one, default=["squad_dev_multi"], limit=50)
    one.add_argument("--corpus", help="search this JSON-lines corpus too, beside the questions' own passages")
    one.set_defaults(action="retrieval")


def _answers(one: argparse.ArgumentParser) -> None:
    one.add_argument("--data", nargs="+", required=True, help="files, or names in RAGCOMPRESS_DATA such as squad_dev")
    one.add_argument("--limit", type=int, help="questions per file, evenly spread")
    one.add_argument("--reader", required=True, help="openai:MODEL, llama:FILE.gguf or local:FOLDER")
    one.add_argument("--base-url", help="of the server for openai:MODEL, with /v1")
    one.add_argument("--threads", type=int, help="of llama:FILE.gguf")
    one.add_argument("--window", type=int, default=8192, help="of llama:FILE.gguf, tokens")
    one.add_argument("--max-tokens", type=int, default=64, help="the longest answer")
    one.add_argument("--contexts", default=CONTEXTS, help="METHOD@FRACTION, METHOD, full, none; by commas")
    one.add_argument("--prices", type=Path, help="JSON of dollars a million tokens: read, cached, written")
    one.add_argument("--out", type=Path, required=True)
    _margin(one).set_defaults(action="answers")


def _data(
    parser: argparse.ArgumentParser,
    *,
    positional: bool = False,
    default: list[str] | None = None,
    limit: int | None = None,
) -> None:
    help_text = "JSON lines with question, passages, answers, as `ragcompress tune` reads; or names in RAGCOMPRESS_DATA"
    if positional:
        parser.add_argument("data", nargs="+", help=help_text)
    else:
        parser.add_argument("--data", nargs="+", required=default is None, default=default, help=help_text)
    parser.add_argument("--compressors", default=METHODS, help="names as listed by `ragcompress methods`")
    parser.add_argument("--limit", type=int, default=limit, help=_limit_help(limit))


def _limit_help(limit: int | None) -> str:
    return f"questions per file, evenly spread ({'all' if limit is None else limit} unless said)"


def _margin(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    parser.add_argument("--margin", type=float, default=0.01, help="the loss one accepts, for the verdicts")
    return parser
