"""A small synthetic home and a small project, driven by the command line of this process."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow.compute as pc
import pytest
from ruamel.yaml import YAML

from attending.cli.app import app
from attending.cli.door import through
from attending.engines.local import LocalEngine
from attending.lifecycle import ingesting
from attending.lifecycle.cohorts import built_cohort
from attending.lifecycle.desk import create_home, open_desk
from attending.lifecycle.featuring import built_features
from attending.lifecycle.projects import open_project
from attending.records.events import plain
from attending.times import parse_instant
from tests.hospital.reading import rank_auroc
from tests.lifecycle.wide_example import copy_wide

if TYPE_CHECKING:
    from pathlib import Path

AT = "2024-03-01T06:00:00Z"
PATIENTS = "700"
_BASE = ("age", "stay_hours", "haemoglobin_last", "sodium_last", "creatinine_last")


@dataclass
class Said:
    """What one verb printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Return the one JSON value; nothing may follow it, also where the verb refuses."""
        return json.loads(self.out)


class Ward:
    """A home and a project of its own in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.project = folder / "project"
        create_home(self.home, at=parse_instant(AT), seed=7).home.close()
        copy_wide(self.project)
        self.specs("features", lambda spec: spec.update(features=_only(spec["features"], _BASE)))
        self.specs("model", _early_cut)

    def specs(self, name: str, change: Any) -> None:
        """Change one spec of the project as a team would."""
        yaml, path = YAML(), self.project / f"{name}.yaml"
        spec = yaml.load(path.read_text(encoding="utf-8"))
        change(spec)
        with path.open("w", encoding="utf-8") as stream:
            yaml.dump(spec, stream)

    def feature(self, name: str, **asked: Any) -> None:
        """Add a feature to the project."""
        told = {"label": name, "owner": "dana", "purpose": "readmission risk", "status": "approved"}
        self.specs(
            "features", lambda spec: spec["features"].append({"name": name, **told, **asked})
        )

    def run(self, *args: str, code: int = 0) -> Said:
        """Run one verb of the command line; the exit code must be the expected one."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            got = through(lambda: app(list(args), standalone_mode=False), argv=list(args))
        assert "Traceback" not in out.getvalue() + err.getvalue()
        assert got == code, f"{args}: exit {got}\n{out.getvalue()[-2000:]}\n{err.getvalue()}"
        return Said(got, out.getvalue(), err.getvalue())

    def asked(self, *args: str, code: int = 0) -> Said:
        """Run one verb on this home, and on this project where it takes one."""
        where = ["--home", str(self.home), "--at", AT]
        if args[0] not in {"audit", "ingest", "quarantine", "snapshot", "sign", "user"}:
            where += ["--project", str(self.project)]
        return self.run(*args, *where, "--json", code=code)

    def write(self, fault: str = "", *options: str, name: str = "extract") -> tuple[Path, int]:
        """Write the hospital's extract; return it, and how many rows the fault touched."""
        folder = self.folder / name
        asked = ["--fault", fault] if fault else []
        said = self.run(
            "hospital", "write", str(folder), "--patients", PATIENTS, *asked, *options, "--json"
        )
        return folder, int(said.json["planted"])

    def ingest(self, folder: Path, code: int = 0) -> Said:
        """Ingest an extract."""
        return self.asked("ingest", "hospital", str(folder), code=code)

    def study(self) -> None:
        """Build the cohort and the features of the newest snapshot."""
        self.asked("cohort", "build")
        self.asked("features", "build")

    def events(self, at: str = AT):
        """Return all events of the newest snapshot."""
        with open_desk(self.home, at=parse_instant(at)) as desk:
            return LocalEngine(ingesting.held(desk).shards).map(plain)

    def present(self, feature: str) -> float:
        """Return at which share of the predictions a feature has a value."""
        column = self._built()[1].table[feature]
        return float(pc.sum(column.is_valid()).as_py() / len(column)) if len(column) else 0.0

    def auroc(self, feature: str) -> float:
        """Return how well one feature alone ranks the known outcomes."""
        cohort, features = self._built()
        known = np.asarray(pc.is_valid(cohort.table["label"]))
        value = np.asarray(pc.fill_null(features.table[feature].cast("float64"), -1.0))[known]
        return float(rank_auroc(np.asarray(cohort.table["label"])[known].astype(int), value))

    def _built(self):
        with open_desk(self.home, at=parse_instant(AT)) as desk:
            project = open_project(self.project)
            cohort = built_cohort(desk, project)
            return cohort, built_features(desk, project, cohort)

    def refusals(self) -> dict[str, set[str]]:
        """Return by gate the features that the checklist before training refuses."""
        report = self.asked("gate", "check", "pretrain", code=3).json
        found: dict[str, set[str]] = {}
        for item in report["findings"]:
            if item["answer"] == "refused":
                found.setdefault(item["gate"], set()).add(item["feature"])
        return found


def _only(features, names):
    return [item for item in features if item["name"] in names]


def _early_cut(spec) -> None:
    spec["split"]["test_from"] = "2023-06-01T00:00:00Z"
    spec["calibration"] = "none"  # a small ward has too few rows to calibrate on
    spec.pop("compare")


@pytest.fixture
def ward(tmp_path):
    return Ward(tmp_path)
