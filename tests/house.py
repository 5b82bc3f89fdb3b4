"""Rules of the house that no linter knows: sizes, names, and words that may not stand in code."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

MOST_LINES = 500
NAMELESS = {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
FORBIDDEN = re.compile(
    r"\bpickle\.loads?\(|\bjoblib\.load\(|allow_pickle=True|\beval\(|shell=True|\bexec\("
)
ROOMS = {
    "cli", "web", "lifecycle", "ingest", "contract", "cohort", "features", "train", "validate",
    "explain", "release", "serve", "monitor", "govern", "engines", "statistics", "models",
    "scores", "stores", "documents", "hospital", "specs", "records",
}  # fmt: skip


def findings(root: Path) -> list[str]:
    """Return what breaks a rule of the house, one line each."""
    found = []
    source = root / "src" / "attending"
    for path in sorted([*source.rglob("*.py"), *(root / "tests").rglob("*.py")]):
        name = path.relative_to(root)
        text = path.read_text(encoding="utf-8")
        lines = text.count("\n")
        if lines > MOST_LINES:
            found.append(f"{name}: {lines} lines, more than {MOST_LINES}: split it")
        if path.stem in NAMELESS:
            found.append(f"{name}: a module without a name of its own")
        if path.is_relative_to(source) and FORBIDDEN.search(text):
            found.append(f"{name}: runs code from data")
    empty = (room for room in sorted(ROOMS) if len(list((source / room).glob("*.py"))) < 2)
    found.extend(f"src/attending/{room}: an empty room" for room in empty)
    return found + registries(root) + strays(root)


def strays(root: Path) -> list[str]:
    """Return files that a database left in the root, by a path that was no longer there."""
    ends = ("-shm", "-wal", "-journal")
    return [f"{one.name!r}: left behind" for one in root.iterdir() if one.name.endswith(ends)]


def registries(root: Path) -> list[str]:
    """Return lock files that name a registry's host."""
    named = re.compile(r"https?://")
    return [
        f"{path.relative_to(root)}: names a host"
        for path in sorted((root / "requirements").glob("*.txt"))
        if named.search(path.read_text(encoding="utf-8"))
    ]


def main() -> int:
    """Print the findings; exit 1 when there are any."""
    root = Path(
        subprocess.run(
            ["git", "rev-parse", "--show-toplevel"], capture_output=True, text=True, check=True
        ).stdout.strip()
    )
    found = findings(root)
    for line in found:
        print(line)
    print(f"house: {len(found)} findings")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
