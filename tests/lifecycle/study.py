"""A small study that tests fit, edit and fit again, by the command line of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.faults.conftest import AT, Ward
from tests.journeys.conftest import commit

if TYPE_CHECKING:
    from pathlib import Path


class Study(Ward):
    """A ward whose project can be committed, and whose runs are named by their digests."""

    def __init__(self, folder: Path, *, patients: int = 700) -> None:
        super().__init__(folder)
        self.patients = patients
        self.run_digest = ""

    def extract(self, name: str = "extract", *, until: str = "") -> Path:
        """Return the folder of what the hospital gives, until an instant."""
        folder = self.folder / name
        asked = ["--patients", str(self.patients)] + (["--until", until] if until else [])
        self.run("hospital", "write", str(folder), *asked)
        return folder

    def fit(self) -> str:
        """Return the digest of a run of the project as it stands, on the newest snapshot."""
        self.study()
        self.run_digest = str(self.asked("train", "fit").json["digest"])
        return self.run_digest

    def commit(self) -> None:
        """Commit the project, so that a run from it is not exploratory."""
        commit(self.project)

    def told(self, *args: str, code: int = 0):
        """Run one verb as a person reads it."""
        where = ("--home", str(self.home), "--project", str(self.project), "--at", AT)
        return self.run(*args, *where, code=code)
