"""The hospital of the tour, built once as `make demo-tour` builds it, for all workers of a run."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from attending.lifecycle import simulating
from attending.times import parse_instant

_LINE = re.compile(r"attending demo (--tour .*) --home")
MAKEFILE = Path(__file__).parents[2] / "Makefile"


@dataclass(frozen=True)
class Tour:
    """A tour that was built: its home, and what was told while it was."""

    home: Path
    said: str

    @property
    def at(self):
        """Return the instant at which the last line says to look."""
        return parse_instant(self.said.rsplit("--at ", 1)[1].strip())

    @property
    def secrets(self):
        """Return the passphrases that the end of the story tells, by person."""
        told = self.said.rpartition("sign in as")[2].splitlines()[1:]
        rows = [line.split() for line in told]
        return {row[0]: row[1] for row in rows if len(row) > 3 and len(row[1]) == 20}

    @property
    def roles(self):
        """Return the role of each person, by login."""
        known = {who: role for who, _, role in (*simulating.PERSONS, *simulating.TOUR_PERSONS)}
        return known | {simulating.ADMINISTRATOR[0]: "administrator"}


def options():
    """Return the options of the verb as the Makefile has them."""
    (said,) = _LINE.findall(MAKEFILE.read_text(encoding="utf-8"))
    return said.split()


def built(base):
    """Return the tour below a folder that all workers share; the first who comes builds it.

    ATTENDING_TOUR names a folder in which it stays from run to run, while one works on a page.
    """
    folder = Path(os.environ.get("ATTENDING_TOUR", base / "tour"))
    folder.mkdir(parents=True, exist_ok=True)
    told = folder / "said.txt"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.exists():
            command = ["demo", *options(), "--home", str(folder / "home"), "--fresh"]
            done = subprocess.run(
                [sys.executable, "-m", "attending", *command],
                capture_output=True,
                text=True,
                check=False,
                env={**os.environ, "COLUMNS": "200"},
            )
            assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
            told.write_text(done.stdout)
    return Tour(folder / "home", told.read_text())
