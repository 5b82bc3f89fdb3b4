"""Ninety silent days over HTTP with late feeds: planted faults of integration are named."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from datetime import UTC, timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest

from attending import keys
from attending.lifecycle import (
    answering,
    credentials,
    ingesting,
    scoring,
    silent,
    skewing,
    validating,
    watching,
)
from attending.lifecycle.cohorts import build_cohort, project_snapshot
from attending.lifecycle.desk import create_home
from attending.lifecycle.engines import engine_over
from attending.records.skew import SkewReport
from attending.times import format_instant
from attending.web.front_desk import FrontDesk
from tests.lifecycle.feeds import push
from tests.lifecycle.ward import FIRST, SECOND, enter, make_silent
from tests.web.visitor import visitor_of

if TYPE_CHECKING:
    from pathlib import Path

QUIET, SILENT = timedelta(days=15), timedelta(days=90)
LATE = timedelta(hours=6)
#: What is planted: potassium never comes, creatinine comes late, one site sends mmol/L for g/dL.
MISSING, DELAYED, OTHER_UNIT = "LOINC//2823-3", "LOINC//2160-0", "LOINC//718-7"
SITE, FACTOR = "GENERAL", np.float32(0.6206)


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """A version that enters silent; what the hospital's systems will know stands elsewhere."""
    folder = tmp_path_factory.mktemp("period")
    made = make_silent(folder)
    root, key = made.desk.home.root, made.desk.home.pseudonym_key()
    validating.validate_run(made.desk, made.project, made.run)
    (root / "policy" / "intake.yaml").write_text("feeds:\n  - {name: lab, kind: fhir}\n")
    made.now, made.second = FIRST, folder / "second"
    made.tokens = {
        scope: credentials.give_token(
            replace(made.desk, actor="omar"), "omar", made.secrets["omar"],
            label=scope, scopes=(scope,), keeps=timedelta(days=365),
        )
        for scope in ("intake", "work")
    }  # fmt: skip
    made.front = FrontDesk.open(root, clock=lambda: made.now, projects=[made.project])
    made.visitor, made.raw = visitor_of(made.front), _raw_names(made.second, key)
    made.systems = create_home(folder / "systems", at=SECOND, seed=7)
    ingesting.ingest(made.systems, "hospital", made.second)
    yield made
    for home in (made.front.answering.home, made.front.intake.home, made.systems.home):
        home.close()
    made.desk.home.close()


def _raw_names(folder: Path, key: bytes) -> dict[tuple[str, int], str]:
    """Return the source's own ids by pseudonym, as its laboratory system would send them."""
    found = {}
    with (folder / "encounters.csv").open() as lines:
        for row in csv.DictReader(lines):
            for space, name in (("subject", "patient_id"), ("encounter", "encounter_id")):
                found[space, keys.pseudonym(key, space, row[name])] = row[name]
    return found


def send(ward, scope, path, body, kind):
    words = {"authorization": f"Bearer {ward.tokens[scope]}", "content-type": kind}
    answer = ward.visitor.post(
        path, content=json.dumps(body).encode(), headers=words | {"accept": "application/json"}
    )
    assert answer.status_code in {200, 201}, answer.text
    return answer.json()


def observation(ward, row, place):
    """Return a laboratory row as its system sends it."""
    at = row["known_at"].replace(tzinfo=UTC)
    subject = ward.raw["subject", row["subject_id"]]
    stay = ward.raw["encounter", row["encounter_id"]]
    unit = {"unit": row["unit"], "code": row["unit"]} if row["unit"] else {}
    return {
        "resourceType": "Observation",
        "id": f"{subject}-{place}",
        "status": "final",
        "subject": {"reference": f"Patient/{subject}"},
        "encounter": {"reference": f"Encounter/{stay}"},
        "effectiveDateTime": format_instant(row["time"].replace(tzinfo=UTC)),
        "issued": format_instant(at),
        "code": {
            "coding": [{"system": "http://loinc.org", "code": row["code"].partition("//")[2]}]
        },
        "valueQuantity": {"value": row["numeric_value"], **unit},
    }


def over_http(row):
    """Return whether a row goes through the laboratory's feed: plain results of a stay."""
    plain = row["superseded_at"] is None and row["numeric_value"] is not None
    return row["code"] in {MISSING, DELAYED, OTHER_UNIT} and plain and row["encounter_id"]


def as_sent(row, *, planted):
    """Return a laboratory row as the faulty interface sends it, and how much later it comes."""
    if planted and row["code"] == MISSING:
        return None, timedelta()
    if planted and row["code"] == OTHER_UNIT and row["site"] == SITE:
        value = float(np.float32(row["numeric_value"]) * FACTOR)
        return row | {"numeric_value": value}, timedelta()
    return row, LATE if planted and row["code"] == DELAYED else timedelta()


def bundle(items):
    entries = [{"resource": one} for one in items]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def live_through(ward, due, *, planted):
    """Ask for every stay at its discharge, from what feeds have sent by then."""
    engine = engine_over(ward.systems, project_snapshot(ward.systems, ward.project))
    acts = []
    for number, row in enumerate(due):
        at = row["prediction_time"].replace(tzinfo=UTC)
        rows = engine.rows(row["subject_id"])
        ready, waiting = labs(ward, rows.to_pylist(), at=at, planted=planted)
        rest = [place for place, one in enumerate(rows.to_pylist()) if not over_http(one)]
        name = 2 * len(due) * planted + 2 * number
        acts.append((at, row, ready, rows.take(rest), name))
        acts.append((at + LATE, None, waiting, None, name + 1))
    for at, row, items, rest, name in sorted(acts, key=lambda act: (act[0], act[-1])):
        ward.now = at
        if rest is not None:
            push(ward.front.answering.home, rest, name, received=at)
        if items:
            send(ward, "intake", "/v1/intake/lab", bundle(items), "application/fhir+json")
        if row is not None:
            ask(ward, row, at)


def labs(ward, rows, *, at, planted):
    """Return the results that have come by an instant, and those that come later."""
    ready: list[dict[str, object]] = []
    waiting: list[dict[str, object]] = []
    for place, row in enumerate(rows):
        one, late = as_sent(row, planted=planted) if over_http(row) else (None, LATE)
        if one is not None and one["known_at"].replace(tzinfo=UTC) <= at:
            comes = one["known_at"].replace(tzinfo=UTC) + late
            (ready if comes <= at else waiting).append(observation(ward, one, place))
    return ready, waiting


def ask(ward, row, at):
    """Ask for the prediction by ids alone; in silent nobody is told the score."""
    asked = {
        "subject_id": str(row["subject_id"]),
        "encounter_id": str(row["encounter_id"]),
        "prediction_time": format_instant(at),
    }
    path = f"/v1/models/{ward.run.model}/predictions"
    told = send(ward, "work", path, asked, "application/json")
    assert (told["delivered"], told["score"]) == (False, None)


def discharges(ward, since, until, *, at_most):
    """Return stays that are due in a time, spread over it, one or two a day."""
    table = build_cohort(ward.systems, ward.project).table
    rows = sorted(table.to_pylist(), key=lambda row: row["prediction_time"])
    inside = [row for row in rows if since <= row["prediction_time"].replace(tzinfo=UTC) < until]
    step = max(1, len(inside) // at_most)
    return inside[::step]


@pytest.mark.requirement("H5", "E15")
def test_a_silent_period_over_http_names_a_missing_lab_a_late_feed_and_a_site_with_another_unit(
    ward,
):
    begun = FIRST + QUIET
    quiet = discharges(ward, FIRST, begun - LATE, at_most=12)
    due = discharges(ward, begun, begun + SILENT, at_most=90)
    assert len(due) > 60
    live_through(ward, quiet, planted=False)
    live_through(ward, due, planted=True)
    desk = replace(ward.desk, at=SECOND, actor="omar")
    ingesting.ingest(desk, "hospital", ward.second)
    # The control: while feeds kept their word nothing differs.
    clean = skewing.check_skew(desk, ward.project, until=begun)
    assert (clean.compared, clean.differ, clean.features) == (len(quiet), 0, ())
    scoring.join_outcomes(desk, ward.project)
    report = silent.report_silent(desk, ward.project)
    found = {one.feature: one for one in report.served_otherwise}
    assert found["potassium_last"].cause == "missing_when_served"
    assert found["potassium_last"].site == ""
    assert found["creatinine_last"].cause == "arrived_late"
    unit = found["haemoglobin_last"]
    assert (unit.cause, unit.site) == ("other_scale", SITE)
    assert unit.factor == pytest.approx(FACTOR, rel=1e-3)
    assert {one.partition("_")[0] for one in found} == {"potassium", "creatinine", "haemoglobin"}
    kept = desk.home.catalog.get(report.skew, SkewReport)
    assert kept.compared == len(quiet) + len(due)
    assert report.made_after.median_hours == 0
    assert report.in_time == 1.0
    # They reach the day's verdict, which is recorded in silent and holds back the next gate.
    seen = {one.name: one for one in watching.monitor(desk, ward.project).findings}
    named = {"skew_missing_when_served", "skew_arrived_late", "skew_other_scale"}
    assert named <= set(seen)
    assert seen["skew_other_scale"].site == SITE
    verdict = watching.give_verdict(desk, ward.project)
    assert verdict.answer != "continue"
    assert any("skew missing when served" in line for line in verdict.findings)


BORN, CAME, LEFT = "1950-03-01T00:00:00Z", "2024-12-10T08:00:00Z", "2024-12-15T05:00:00Z"


def told_of(ward, number, *, born=BORN, kind="INPATIENT", died=""):
    """Return the answer about a stranger, asked with three events or four."""
    stay = {"encounter_id": str(number), "site": "CITY"}
    events = [
        {"code": "MEDS_BIRTH", "time": born, "known_at": born},
        {"code": f"ENCOUNTER//ADMISSION//{kind}", "time": CAME, "known_at": CAME, **stay},
        {"code": f"ENCOUNTER//DISCHARGE//{kind}", "time": LEFT, "known_at": LEFT, **stay},
        *([{"code": "MEDS_DEATH", "time": died, "known_at": died}] if died else []),
    ]
    asked = {
        "subject_id": str(number),
        "encounter_id": str(number),
        "prediction_time": LEFT,
        "index_start": CAME,
        "events": sorted(events, key=lambda one: one["time"]),
    }
    path = f"/v1/models/{ward.run.model}/predictions"
    return send(ward, "work", path, asked, "application/json")


@pytest.mark.requirement("G13")
def test_a_child_an_outpatient_and_the_deceased_are_refused_with_the_clause_of_the_intended_use(
    ward, monkeypatch
):
    monkeypatch.setattr(answering, "LOOK_SECONDS", 0.0)
    ward.now = SECOND + timedelta(hours=1)
    live = replace(ward.desk, at=SECOND, actor="omar")
    enter(live, ward.run, stage="live", plan=ward.project.release.digest, previous=ward.entered)
    # The control: an adult in a bed is inside.
    inside = told_of(ward, 901)
    assert (inside["clauses"], inside["outcome"]) == ([], "fallback")
    for number, changed, reason, clause in (
        (902, {"born": "2012-03-01T00:00:00Z"}, "under_age", "scope.min_age: patients of 18"),
        (903, {"kind": "OUTPATIENT"}, "class", "scope.classes: stays of class INPATIENT"),
        (904, {"died": "2024-12-14T20:00:00Z"}, "deceased", "intended_use.population: patients"),
    ):
        told = told_of(ward, number, **changed)
        assert (told["delivered"], told["outcome"], told["score"]) == (True, "no_score", None)
        assert told["reasons"] == [f"out_of_scope:{reason}"]
        (words,) = told["clauses"]
        assert words.startswith(clause)
        assert words.endswith("(Adults discharged alive from an inpatient or observation stay)")
