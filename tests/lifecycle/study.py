"""A small study that tests fit, edit and fit again, by the command line of this process."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from attending.lifecycle import agreeing, signing, simulating
from attending.lifecycle.desk import note, open_desk
from attending.lifecycle.projects import open_project
from attending.records.ledger import Subject
from attending.times import parse_instant
from tests.faults.conftest import AT, Ward
from tests.journeys.conftest import commit

if TYPE_CHECKING:
    from pathlib import Path


class Study(Ward):
    """A ward whose project can be committed, and whose runs are named by their digests."""

    def __init__(self, folder: Path, *, patients: int = 700) -> None:
        super().__init__(folder)
        # The penalty of the example is for ten times as many: here it would leave no feature.
        self.specs("model", lambda spec: spec.pop("parameters", None))
        self.patients = patients
        self.run_digest = ""
        self.secrets: dict[str, str] = {}

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

    def agree(self) -> None:
        """Have the plan as it stands agreed and signed before anything is fitted."""
        with open_desk(self.home, at=parse_instant(AT), actor="dana") as desk:
            self.secrets = simulating.add_persons(desk)
            plan = agreeing.propose_agreement(desk, open_project(self.project), signers=["clara"])
            signing.sign(
                replace(desk, actor="clara"),
                plan.digest,
                person="clara",
                passphrase=self.secrets["clara"],
                role="clinical_lead",
                meaning="approval",
                statement="I agree to the plan.",
            )

    def stand_at_trained(self) -> None:
        """Write that the run was let through the first gate, where that is not what is tried."""
        with open_desk(self.home, at=parse_instant(AT)) as desk:
            begun = desk.home.deployments.current("readmission-30d")
            told = {"stage": "trained", "version": "v1", "act": "advance", "previous": begun.digest}
            with desk.home.database.transaction() as unit:
                digest = desk.home.deployments.enter(unit, begun.model_copy(update=told))
                subject = Subject(kind="deployment", digest=digest)
                note(desk, unit, action="release.advance", subject=subject)

    def commit(self) -> None:
        """Commit the project, so that a run from it is not exploratory."""
        commit(self.project)

    def told(self, *args: str, code: int = 0):
        """Run one verb as a person reads it."""
        where = ("--home", str(self.home), "--project", str(self.project), "--at", AT)
        return self.run(*args, *where, code=code)
