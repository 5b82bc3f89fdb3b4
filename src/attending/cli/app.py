"""The command line: `attending NOUN VERB`, refusals as one message and one exit code."""

from __future__ import annotations

import sys
from typing import NoReturn

import typer

from attending import __version__
from attending.cli.door import through
from attending.cli.guard import guarded
from attending.cli.late import EveryVerb
from attending.cli.leaving import leave
from attending.cli.stopping import stoppable
from attending.cli.supervised import supervised
from attending.errors import EXIT_CODES

_CODES = ", ".join(f"{code} {meaning}" for code, meaning in EXIT_CODES.items())

app = typer.Typer(
    name="attending",
    cls=EveryVerb,
    help="From a prediction model in a notebook to one that clinicians can trust, and a verdict "
    "every day on whether they still can.",
    epilog=f"Exit codes: {_CODES}.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def top(
    version: bool = typer.Option(False, "--version", callback=_version, help="Print the version."),
) -> None:
    """Take no options of its own but the version."""
    del version


def main() -> NoReturn:
    """Run the command line and exit with its code."""
    leave(lambda: supervised(lambda: through(stoppable(guarded(app)), argv=sys.argv)))
