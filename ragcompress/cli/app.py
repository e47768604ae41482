"""The commands, each in a module of its own, and what happens to the errors they raise."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from inspect import cleandoc
from typing import Annotated, Any

from ragcompress import __version__
from ragcompress.cli.ask import ask
from ragcompress.cli.bulk import BULK
from ragcompress.cli.compress import compress
from ragcompress.cli.demo import demo
from ragcompress.cli.evaluate import evaluate
from ragcompress.cli.hook import hook
from ragcompress.cli.index import index
from ragcompress.cli.mcp import mcp
from ragcompress.cli.methods import methods
from ragcompress.cli.output import complain
from ragcompress.cli.retrieve import retrieve
from ragcompress.cli.serve import serve
from ragcompress.cli.shelf import add, delete, info
from ragcompress.cli.tune import tune
from ragcompress.core.errors import RagCompressError, require

__all__ = ["app", "guarded"]

typer = require("typer", "cli")

TRACEBACK = "RAGCOMPRESS_TRACEBACK"
"""Set in the environment, a mistake of ours ends with its traceback and not with a line."""

COMMANDS: tuple[Callable[..., None], ...] = (
    demo, index, info, add, delete, retrieve, compress, ask, methods, tune, serve, mcp, hook,
)  # fmt: skip


class _Plain:
    """Help without Python's types behind flags and arguments, and usage that is written as it is typed."""

    def get_params(self, context: Any) -> list[Any]:
        """The parameters, flags with nothing behind them."""
        found: list[Any] = super().get_params(context)  # type: ignore[misc]
        for each in found:
            if each.param_type_name == "argument":
                each.display_type_rich = lambda ctx: None
            elif each.is_flag and each.metavar is None:
                each.metavar = ""
        return found

    def collect_usage_pieces(self, context: Any) -> list[str]:
        """The words of the usage line; a question and its files are no list of lists."""
        pieces: list[str] = super().collect_usage_pieces(context)  # type: ignore[misc]
        return [piece.removeprefix("[").removesuffix("]...") if '"QUESTION"' in piece else piece for piece in pieces]


class _Command(_Plain, typer.core.TyperCommand):  # type: ignore[misc,name-defined]
    """A command with plain help."""


class _Group(_Plain, typer.core.TyperGroup):  # type: ignore[misc,name-defined]
    """A group of commands with plain help."""


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """The command with named errors turned into a message and an exit code."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
            sys.stdout.flush()  # here and not at shutdown, where a closed pipe could no longer be caught
        except RagCompressError as error:
            complain(str(error))
            raise typer.Exit(2) from error
        except KeyboardInterrupt as error:
            complain("interrupted")
            raise typer.Exit(130) from error
        except BrokenPipeError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the flush at shutdown complains
            raise typer.Exit(141) from error  # as the shell reports a program stopped by a closed pipe
        except OSError as error:  # a full disk, a folder that can't be written
            complain(f"{error.filename or 'the system'}: {error.strerror or error}")
            raise typer.Exit(2) from error
        except Exception as error:
            if os.environ.get(TRACEBACK) or isinstance(
                error, typer.Exit | typer.Abort | require("click", "cli").ClickException
            ):
                raise
            complain(f"{type(error).__name__}: {error}. This is a mistake in ragcompress; {TRACEBACK}=1 shows where")
            raise typer.Exit(1) from error

    return run


def _version(wanted: bool) -> None:
    if wanted:
        print(f"ragcompress {__version__}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Shorter contexts for retrieval-augmented generation, every kept character traceable.

    Ends with 0 when done, 2 after bad input, 1 after a mistake of ours (eval: when something does not hold), 130 when
    interrupted, 141 when nobody reads the output any more.
    """


def _app() -> Any:
    made = typer.Typer(
        name="ragcompress",
        cls=_Group,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
    )
    made.callback(help=_flowing(_root))(_root)
    for command in COMMANDS:
        made.command(command.__name__, cls=_Command, help=_flowing(command))(guarded(command))
    passed_on = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
    made.command("eval", cls=_Command, help=_flowing(evaluate), context_settings=passed_on)(guarded(evaluate))
    made.add_typer(_bulk(), name="bulk")
    return made


def _bulk() -> Any:
    made = typer.Typer(
        cls=_Group, no_args_is_help=True, help="Whole data sets: Parquet, JSON lines or CSV in and out; resumable."
    )
    for command in BULK:
        made.command(command.__name__, cls=_Command, help=_flowing(command))(guarded(command))
    return made


def _flowing(command: Callable[..., None]) -> str:
    """A docstring as paragraphs: where its lines end in the source is not where a terminal's do.

    >>> _flowing(_root).split("\\n\\n")[0]
    'Shorter contexts for retrieval-augmented generation, every kept character traceable.'
    """
    return "\n\n".join(" ".join(part.split()) for part in cleandoc(command.__doc__ or "").split("\n\n"))


app = _app()
