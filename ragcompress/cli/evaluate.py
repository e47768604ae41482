"""``ragcompress eval``: the evaluation, in the installed package as in a checkout."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ragcompress.core.errors import MissingExtra, require

__all__ = ["evaluate"]

typer = require("typer", "cli")


def evaluate(context: typer.Context) -> None:  # type: ignore[name-defined]
    """Evaluate on your own questions: run, report, compare, choose, speed, trust, retrieval.

    Ends with 1 where a promise or a wanted recall does not hold. Each subcommand explains itself with --help.
    """
    code = _evaluation().main(context.args, prog="ragcompress eval")
    raise typer.Exit(code)


def _evaluation() -> Any:
    """The package: ``ragcompress.evaluation`` in what was installed, ``eval`` in a checkout.

    Raises:
        MissingExtra: Neither is there.
    """
    for name in ("ragcompress.evaluation", "eval"):
        try:
            return import_module(f"{name}.cli")
        except ModuleNotFoundError as error:
            if error.name is None or not name.startswith(error.name):
                raise
    raise MissingExtra("the evaluation is not installed with this package; install ragcompress-kit[eval] from a wheel")
