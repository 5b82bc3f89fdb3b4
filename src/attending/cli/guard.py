"""The guard before every verb: whose token it is, and whether its person may."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from attending.cli.face import clock, home_path

if TYPE_CHECKING:
    from collections.abc import Callable

    import click

TOKEN_FILE = "ATTENDING_TOKEN_FILE"  # noqa: S105 - the name of a variable


def guarded(app: typer.Typer) -> Callable[[], object]:
    """Return the command line with the guard before every verb."""
    command = typer.main.get_command(app)
    _stand_before(command, name="")
    return command


def _stand_before(command: Any, *, name: str) -> None:  # noqa: ANN401 - click's, which typer wraps
    for part, inner in getattr(command, "commands", {}).items():
        verb = f"{name} {part}".strip()
        if hasattr(inner, "commands"):
            _stand_before(inner, name=verb)
        else:
            inner.invoke = _invoker(inner, verb=verb)


def _invoker(command: Any, *, verb: str) -> Callable[[click.Context], Any]:  # noqa: ANN401 - as above
    whole = type(command).invoke

    def invoke(context: click.Context) -> Any:  # noqa: ANN401 - what the verb returns
        said = context.params
        home = home_path(said["home"]) if "home" in said else None
        if home is not None and (home / "settings.yaml").is_file():
            from attending.lifecycle.admitting import admit

            claimed = str(said.get("by") or said.get("person") or "system")
            actor = admit(home, verb, at=clock(said.get("at")), token=_token(), claimed=claimed)
            if "by" in said:
                said["by"] = actor
        return whole(command, context)

    return invoke


def _token() -> str:
    """Return the token of the file that the environment names, empty when it names none."""
    named = os.environ.get(TOKEN_FILE)
    return Path(named).read_text(encoding="utf-8").strip() if named else ""
