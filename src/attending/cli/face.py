"""What every verb shares: options, the home, the clock read once, and how results are printed."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table

from attending.cli.door import PRINTED
from attending.digests import short
from attending.errors import BadInput
from attending.times import parse_instant, parse_length

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from attending.types import Instant

HomeOption: TypeAlias = Annotated[
    Path | None,
    typer.Option("--home", help="The installation. Else ATTENDING_HOME, else ./.attending."),
]
JsonOption: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON object for machines.")
]
PdfOption: TypeAlias = Annotated[
    Path | None, typer.Option("--pdf", help="Where the document is printed as PDF.")
]
AtOption: TypeAlias = Annotated[
    str | None,
    typer.Option("--at", help="The instant to act at, such as 2026-01-31T06:00:00Z. Else now."),
]
ProjectOption: TypeAlias = Annotated[
    Path, typer.Option("--project", "-p", help="The folder of specs.", show_default=True)
]
RunArgument: TypeAlias = Annotated[
    str, typer.Argument(help="The start of a run's digest. Else the newest.")
]
ByOption: TypeAlias = Annotated[str, typer.Option("--by", help="The person who acts, by id.")]
SparkOption: TypeAlias = Annotated[
    str,
    typer.Option(
        "--spark",
        metavar="MASTER",
        help="Work on a Spark cluster: local[2], spark://host:7077. Else on this machine.",
    ),
]
SnapshotOption: TypeAlias = Annotated[
    str, typer.Option("--snapshot", help="The start of a snapshot's id. Else the newest.")
]
LagOption: TypeAlias = Annotated[
    list[str] | None,
    typer.Option(
        "--lag",
        help="TABLE=24h, or the start of a code: rows whose storing nobody recorded count as known "
        "so long after they happened. Give it again for each.",
    ),
]

OUT = Console(highlight=False, soft_wrap=True)
ERR = Console(stderr=True, highlight=False, soft_wrap=True)


def home_path(home: Path | None) -> Path:
    """Return the folder of the installation that this call means."""
    if home is not None:
        return home
    named = os.environ.get("ATTENDING_HOME")
    return Path(named) if named else Path(".attending")


def clock(at: str | None) -> Instant:
    """Return the instant to act at: what was asked for, else now, read once."""
    if at is not None:
        return parse_instant(at, where="--at")
    return datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the one reading of the clock


def lags_of(texts: Sequence[str] | None) -> dict[str, int]:
    """Return declared lags in microseconds, by table or code prefix.

    Raises:
        BadInput: not NAME=LENGTH.

    >>> lags_of(["labs=1s"])
    {'labs': 1000000}
    """
    found = {}
    for text in texts or ():
        name, _, length = text.rpartition("=")
        if not name:
            raise BadInput(
                f"got '{text}', expected a name and a length",
                code="lag.form",
                hint="Write --lag labs=24h.",
                where="--lag",
            )
        found[name] = parse_length(length, where="--lag")
    return found


def emit(content: Any, *, as_json: bool, lines: Sequence[str] = ()) -> None:  # noqa: ANN401 - any JSON value
    """Print one JSON object for machines, or lines for people."""
    if as_json:
        PRINTED.set(True)
        sys.stdout.write(json.dumps(content, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
        return
    for line in lines:
        OUT.print(line, markup=False)


def to_read(document: str, *, by: str) -> str:
    """Return the line that says how a document is opened: what is kept has no ending to its name.

    >>> to_read("3f9a12" * 8, by="system")
    'to read it: attending document show 3f9a123f9a12 --by LOGIN --out page.html'
    """
    who = "LOGIN" if by == "system" else by
    return f"to read it: attending document show {short(document)} --by {who} --out page.html"


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    title: str = "",
    whole: Sequence[str] = (),
) -> None:
    """Print a table for people; cells of the columns in `whole` are never broken or cut."""
    drawn = Table(title=title or None, title_justify="left", box=None, pad_edge=False)
    for name in columns:
        drawn.add_column(name, no_wrap=name in whole, overflow="fold")
    for row in rows:
        drawn.add_row(*(str(cell) for cell in row))
    OUT.print(drawn)


@contextmanager
def progress(what: str, *, total: int | None = None) -> Iterator[Callable[[], None]]:
    """Show a bar on a terminal while the work lasts; show nothing when piped."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        console=ERR,
        transient=True,
        disable=not ERR.is_terminal,
    )
    with bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)


def keep_secret(path: Path, text: str) -> None:
    """Write a secret into a new file that its owner alone can read.

    Raises:
        BadInput: there is a file of that name.
    """
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadInput(
            "there is a file of that name", code="secret.exists", where=str(path)
        ) from None
    with os.fdopen(descriptor, "w") as stream:
        stream.write(text + "\n")


def passphrase_from(source: Path | None, *, new: bool = False) -> str:
    """Return the passphrase from a file, or asked for on the terminal; never from an argument.

    Args:
        source: the file; None to ask.
        new: whether it is one that is being set: its rule is told, and it is asked for twice.

    Raises:
        BadInput: neither a file nor a terminal.
    """
    if source is not None:
        if not source.is_file():
            raise BadInput("there is no such passphrase file", where=str(source))
        return source.read_text(encoding="utf-8").strip()
    if not sys.stdin.isatty():
        raise BadInput(
            "a passphrase is needed, and there is no terminal to ask for it; nothing was done",
            code="sign.passphrase",
            hint="Pass --passphrase-file FILE, or run this on a terminal.",
        )
    if new:
        asked = "New passphrase, 12 characters or more"
        return str(typer.prompt(asked, hide_input=True, confirmation_prompt="The same again"))
    return str(typer.prompt("Passphrase", hide_input=True))
