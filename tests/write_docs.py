"""Write docs/cli.md from the command line itself, and docs/scores.md from the scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from attending.cli.app import app
from attending.errors import EXIT_CODES
from tests import write_scores

#: What lists of verbs say of each without its module.
SHORT_HELP = "src/attending/cli/short_help.json"


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


_JSON = (
    "`--json` prints one JSON object on the standard output. Where a verb refuses after it has "
    "printed one, such as a closed gate, the refusal stands on the standard error alone."
)


def page() -> str:
    """Return the page."""
    rows = []
    for name, text in verbs(typer.main.get_command(app)):
        lines = [line.strip() for line in text.splitlines() if line.strip()]
        rows.append(f"| `attending {name}` | {lines[0]} |")
    codes = [f"| {code} | {meaning} |" for code, meaning in EXIT_CODES.items()]
    head = ["# The command line", "", "Made by `make docs`.", "", "| verb | does |", "|---|---|"]
    tail = ["", "| exit code | means |", "|---|---|", *codes, "", _JSON, ""]
    return "\n".join([*head, *rows, *tail])


def short_help() -> str:
    """Return the first sentence of each verb's help, as a file."""
    said = {name: text.partition("\n\n")[0] for name, text in verbs(typer.main.get_command(app))}
    one_line = {name: " ".join(text.split()) for name, text in said.items()}
    return json.dumps(one_line, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(SHORT_HELP).write_text(short_help(), encoding="utf-8")
    Path("docs/cli.md").write_text(page(), encoding="utf-8")
    Path("docs/scores.md").write_text(write_scores.page(), encoding="utf-8")
