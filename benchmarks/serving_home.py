"""A home whose LightGBM model is live, and patients to ask it about, made by the steps of a team.

A synthetic hospital is ingested, a readmission model of 36 features fitted, its plan signed, the
version put into live with a verdict. Each patient's own rows are filled up with further results of
the same codes, so that a request brings a thousand events.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.lifecycle import (
    credentials,
    ingesting,
    references,
    scoring,
    signing,
    simulating,
    training,
    watching,
)
from attending.lifecycle.cohorts import build_cohort, project_snapshot
from attending.lifecycle.desk import create_home
from attending.lifecycle.engines import engine_over
from attending.lifecycle.featuring import build_features
from attending.lifecycle.projects import open_project
from attending.lifecycle.provenance import commit_project
from attending.records.ledger import Subject
from attending.records.release import Deployment
from attending.times import HOUR, SECOND, format_instant, from_micros, parse_instant, to_micros
from tests.lifecycle.wide_example import copy_wide

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from attending.engines.protocol import Engine
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.run import Run

FIRST, AT = parse_instant("2024-08-01T06:00:00Z"), parse_instant("2024-12-15T06:00:00Z")
PATIENTS, TOKENS = 50, 4
_NEWEST = 3  # a trend needs as many
_SITES_OF_LIMITED = ("CITY",)
#: Of codes and units that the features read: where a value of each lies.
_RESULTS = (
    ("LOINC//718-7", "g/dL", 12.0), ("LOINC//2951-2", "mmol/L", 138.0),
    ("LOINC//2823-3", "mmol/L", 4.1), ("LOINC//2160-0", "mg/dL", 1.2),
    ("LOINC//3094-0", "mg/dL", 18.0), ("LOINC//6690-2", "10*3/uL", 8.0),
    ("LOINC//777-3", "10*3/uL", 240.0), ("LOINC//2345-7", "mg/dL", 110.0),
    ("LOINC//8867-4", "/min", 82.0), ("LOINC//9279-1", "/min", 17.0),
    ("LOINC//8480-6", "mm[Hg]", 128.0), ("LOINC//59408-5", "%", 96.0),
)  # fmt: skip
_LIMITS = "at_once: 32\nper_minute: 1000000\npredictions_per_day: 100000000\n"


@dataclass(frozen=True)
class Patient:
    """One patient to ask about.

    Attributes:
        own: how many of the events are the patient's own; they come first.
        events: rows as a request brings them.
    """

    subject_id: int
    encounter_id: int
    prediction_time: int
    index_start: int
    site: str
    own: int
    events: tuple[dict[str, Any], ...]

    @property
    def newest(self) -> tuple[dict[str, Any], ...]:
        """Return of the patient's own events the newest three of each code, and the admission."""
        own = self.events[: self.own]
        begun = format_instant(from_micros(self.index_start))
        left = Counter({row["code"]: _NEWEST for row in own})
        kept = []
        for row in reversed(own):  # they stand in the order of their times
            if left[row["code"]] > 0 or row.get("time") == begun:
                kept.append(row)
            left[row["code"]] -= 1
        return tuple(reversed(kept))

    def body(self, sent: Sequence[dict[str, Any]]) -> list[Any]:
        """Return what stands before and after the instant of a request, and that instant.

        Args:
            sent: the events that the request brings.
        """
        before = {"subject_id": str(self.subject_id), "encounter_id": str(self.encounter_id)}
        after = {"index_start": format_instant(from_micros(self.index_start)), "events": sent}
        start = json.dumps(before)[:-1] + ', "prediction_time": "'
        return [start, '", ' + json.dumps(after)[1:], self.prediction_time]


@dataclass(frozen=True)
class Place:
    """A home to serve, its project, who may ask, and about whom."""

    home: Path
    project: Path
    run: Run
    tokens: tuple[str, ...]
    patients: tuple[Patient, ...]


def make(folder: Path, *, events: int) -> Place:
    """Return a home in a folder whose model answers at `AT`."""
    hospital = simulating.build_hospital(patients=1200, years=3, seed=7)
    for name, until in (("first", FIRST), ("second", AT)):
        simulating.write_source(hospital, folder / name, until=until)
    project = _project(folder / "project")
    desk = create_home(folder / "home", at=FIRST, seed=7)
    ingesting.ingest(desk, "hospital", folder / "first")
    build_features(desk, project, build_cohort(desk, project))
    run = training.fit_run(desk, project).run
    secrets = simulating.add_persons(desk)
    _enter(desk, project, run, secrets=secrets)
    now = replace(desk, at=AT, actor="omar")
    ingesting.ingest(now, "hospital", folder / "second")
    due = scoring.score(now, project).table
    scoring.join_outcomes(now, project)
    watching.monitor(now, project)
    watching.give_verdict(now, project)
    tokens = tuple(_token(now, secrets["omar"], number) for number in range(TOKENS))
    _write_limits(folder / "home")
    patients = _patients(engine_over(now, project_snapshot(now, project)), due, events=events)
    desk.home.close()
    return Place(folder / "home", folder / "project", run, tokens, patients)


def _project(place: Path) -> Project:
    copy_wide(place)
    for file, changes in _CHANGES.items():
        text = (place / file).read_text()
        for old, new in changes:
            if old not in text:
                raise SystemExit(f"{file} of the example no longer says: {old}")
            text = text.replace(old, new)
        (place / file).write_text(text)
    commit_project(place, at=format_instant(FIRST), author="Dana Reyes")
    return open_project(place)


_TREES = "{num_leaves: 15, learning_rate: 0.05, num_iterations: 300, min_data_in_leaf: 40}"
_CHANGES = {
    "model.yaml": (
        (
            "estimator: logistic # the model; fixed here, not chosen by the test",
            f"estimator: lightgbm\nparameters: {_TREES}",
        ),
        (f"  - estimator: lightgbm\n    parameters: {_TREES}", "  - estimator: logistic"),
        ("missing: impute", "missing: native"),
        ("parameters: {l1: 20.0}\n", ""),
    ),
    "monitoring.yaml": (("window: 28d", "window: 28d\n  minimum_rows: 50"),),
}


def _enter(desk: Desk, project: Project, run: Run, *, secrets: dict[str, str]) -> None:
    """Sign the release plan, and put the version where a gate would have put it."""
    signer = replace(desk, actor="omar")
    plan = signing.propose_specs(replace(desk, actor="dana"), project)["release"]
    previous = None
    for stage in ("silent", "limited", "live"):
        previous = _stand(desk, project, run, stage=stage, previous=previous)
    signing.sign(
        signer,
        plan,
        person="omar",
        passphrase=secrets["omar"],
        role="operator",
        meaning="approval",
        statement="I have read it.",
    )
    references.make_reference(desk, project, run, version="v1")


def _stand(desk: Desk, project: Project, run: Run, *, stage: Any, previous: str | None) -> str:  # noqa: ANN401 - a stage's word
    stands = Deployment(
        model=run.model,
        version="v1",
        stage=stage,
        run=run.digest,
        artifacts={item.name: item.digest for item in run.artifacts},
        previous=previous,
        release_spec=project.release.digest,
        act="advance",
        effective_at=desk.at,
        by="omar",
    )
    with desk.home.database.transaction() as unit:
        digest = desk.home.deployments.enter(unit, stands)
        subject = Subject(kind="deployment", digest=digest)
        desk.home.ledger.append(
            unit, at=desk.at, actor="omar", action="release.advance", subject=subject
        )
    return digest


def _token(desk: Desk, passphrase: str, number: int) -> str:
    return credentials.give_token(
        desk,
        "omar",
        passphrase,
        label=f"bench {number}",
        scopes=("work",),
        keeps=timedelta(days=30),
    )


def _write_limits(home: Path) -> None:
    """Let one record system ask as often as the load asks; nothing else is loosened."""
    (home / "policy").mkdir(exist_ok=True)
    (home / "policy" / "limits.yaml").write_text(_LIMITS)


def _patients(engine: Engine, due: Any, *, events: int) -> tuple[Patient, ...]:  # noqa: ANN401 - a table
    rows = due.to_pylist()
    live = [row for row in rows if "out_of_scope" not in row["reasons"]][:PATIENTS]
    return tuple(_patient(engine, row, events=events) for row in live)


def _patient(engine: Engine, row: dict[str, Any], *, events: int) -> Patient:
    at, start = (_micros(row[name]) for name in ("prediction_time", "index_start"))
    own = [_as_sent(one) for one in engine.rows(row["subject_id"]).to_pylist()]
    own = own[:events]
    draw = np.random.default_rng(row["subject_id"])
    more = [
        _result(draw, at=at, site=row["site"], encounter=row["encounter_id"])
        for _ in range(events - len(own))
    ]
    return Patient(
        subject_id=row["subject_id"],
        encounter_id=row["encounter_id"],
        prediction_time=at,
        index_start=start,
        site=row["site"],
        own=len(own),
        events=(*own, *more),
    )


_LEFT_OUT = ("subject_id", "source", "source_row")


def _as_sent(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the snapshot as a client sends it: no null, instants with their zone."""
    sent = {key: value for key, value in row.items() if value is not None and key not in _LEFT_OUT}
    for key in ("time", "known_at", "superseded_at"):
        if key in sent:
            sent[key] = format_instant(from_micros(_micros(sent[key])))
    if "encounter_id" in sent:
        sent["encounter_id"] = str(sent["encounter_id"])
    return sent


def _result(draw: np.random.Generator, *, at: int, site: str, encounter: int) -> dict[str, Any]:
    code, unit, middle = _RESULTS[int(draw.integers(0, len(_RESULTS)))]
    time = at - int(draw.integers(2 * 3600, 180 * 86_400)) * SECOND
    return {
        "code": code,
        "time": format_instant(from_micros(time)),
        "known_at": format_instant(from_micros(time + HOUR)),
        "numeric_value": round(float(draw.normal(middle, middle / 12)), 2),
        "unit": unit,
        "encounter_id": str(encounter),
        "site": site,
    }


def _micros(value: Any) -> int:  # noqa: ANN401 - an instant of a table
    return to_micros(value.replace(tzinfo=UTC))
