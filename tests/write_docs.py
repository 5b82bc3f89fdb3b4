"""Write docs/cli.md from the command line itself, and docs/scores.md from the scores."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from attending.cli.app import app
from attending.errors import EXIT_CODES
from tests import write_scores


def verbs(command: Any, name: str = "") -> list[tuple[str, str]]:
    """Return every verb with its help, in order."""
    found = []
    for part, inner in sorted(getattr(command, "commands", {}).items()):
        full = f"{name} {part}".strip()
        if hasattr(inner, "commands"):
            found += verbs(inner, full)
        else:
            found.append((full, inner.help or ""))
    return found


def page() -> str:
    """Return the page."""
    rows = []
    for name, text in verbs(typer.main.get_command(app)):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        rows.append(f"| `attending {name}` | {lines[0]} |")
    codes = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    head = ["# The command line", "", "Made by `make docs`.", "", "| verb | does |", "|---|---|"]
    tail = ["", "| exit code | means |", "|---|---|", *codes, ""]
    return "\n".join([*head, *rows, *tail])


if __name__ == "__main__":
    Path("docs/cli.md").write_text(page(), encoding="utf-8")
    Path("docs/scores.md").write_text(write_scores.page(), encoding="utf-8")
