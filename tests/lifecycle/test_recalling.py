"""The recall list is complete: equal to the ground truth, by version, code list and observation."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import numpy as np
import pyarrow.parquet as pq
import pytest

from attending.documents.csv_cells import STARTS, csv_bytes
from attending.errors import BadInput, NotFound
from attending.lifecycle import auditing, ingesting, recalling, simulating
from attending.lifecycle.desk import create_home, keep
from attending.lifecycle.recalling import Recall
from attending.records.ledger import Subject
from attending.records.release import Deployment
from attending.records.run import Run
from attending.records.snapshot import Snapshot
from attending.specs.features import FeaturesSpec
from attending.stores.predictions import Scored
from attending.times import from_micros, parse_instant, to_micros
from tests.documents.example_records import run
from tests.lifecycle.desks import MODEL, papers

UNTIL = parse_instant("2024-08-01T06:00:00Z")
SCORES = 20_000
WHY = "the analyser was out of order"
LISTS = {"v1": ("kidney", "6"), "v2": ("kidney", "7"), "v3": ("kidney", "7")}


def features(version, code):
    """Return features that read a code in a window, and one list that is read."""
    name, number = LISTS[version]
    told = {"owner": "dana", "purpose": "risk", "aggregate": "last", "kind": "window"}
    return FeaturesSpec.model_validate(
        {
            "name": "ward",
            "version": version,
            "code_lists": [
                {"name": name, "version": number, "codes": ["ICD10CM//N17*"]},
                {"name": "unread", "version": "7", "codes": ["X//1"]},
            ],
            "features": [
                {**told, "name": "a", "label": "a", "codes": [code], "window": "48h"},
                {**told, "name": "b", "label": "b", "codes": [code], "window": "12h"},
                {**told, "name": "c", "label": "c", "code_list": name, "window": "24h"}
                | {"aggregate": "count"},
            ],
        }
    )


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """A home with a snapshot, three versions, and twenty thousand scores."""
    folder = tmp_path_factory.mktemp("recall")
    hospital = simulating.build_hospital(patients=150, years=3, seed=7)
    simulating.write_source(hospital, folder / "source", until=UNTIL)
    desk = create_home(folder / "home", at=UNTIL, seed=7)
    held = ingesting.ingest(desk, "hospital", folder / "source")
    shards = [held.folder / one.name for one in held.snapshot.shards]
    names = ["subject_id", "time", "code", "known_at", "superseded_at", "encounter_id", "site"]
    rows = [row for path in shards for row in pq.read_table(path, columns=names).to_pylist()]
    codes = [row["code"] for row in rows if row["code"].startswith("LOINC//")]
    code = max(sorted(set(codes)), key=codes.count)
    seen = [row for row in rows if row["code"] == code]
    for version in LISTS:
        _version(desk, version, code, held.digest)
    scored = list(_scores(seen))
    with desk.home.database.transaction() as unit:
        desk.home.predictions.add(unit, scored)
        subject = Subject(kind="model", digest=MODEL)
        desk.home.ledger.append(
            unit, at=UNTIL, actor="system", action="score.batch", subject=subject
        )
    clara = replace(desk, actor="clara")
    yield SimpleNamespace(desk=clara, code=code, seen=seen, scored=scored)
    desk.home.close()


def _version(desk, version, code, snapshot):
    kept = desk.home.artifacts.put(
        json.dumps(features(version, code).model_dump(mode="json")).encode()
    )
    made = run(snapshot=snapshot, seed=int(version[1:]), specs={"features": kept})
    fitted = keep(desk, made, action="run.fit", keys={"model": MODEL})
    with desk.home.database.transaction() as unit:
        desk.home.deployments.give_version(unit, model=MODEL, run=fitted)
        stands = Deployment(
            model=MODEL, version=version, stage="silent", run=fitted, artifacts={}, previous=None,
            release_spec=None, act="advance", effective_at=UNTIL, by="omar",
        )  # fmt: skip
        digest = desk.home.deployments.enter(unit, stands)
        subject = Subject(kind="deployment", digest=digest)
        desk.home.ledger.append(
            unit, at=UNTIL, actor="omar", action="release.advance", subject=subject
        )


def _scores(seen):
    """Yield scores around observations: before they were known, within 48 h, and after."""
    draw = np.random.default_rng(19)
    picked = draw.integers(0, len(seen), SCORES)
    hours = draw.uniform(-3, 60, SCORES)
    for number, (place, ahead) in enumerate(zip(picked, hours, strict=True)):
        row = seen[place]
        yield Scored(
            request_id=f"r{number:06}",
            model=MODEL,
            version=f"v{number % 3 + 1}",
            stage="silent",
            subject_id=row["subject_id"],
            encounter_id=row["encounter_id"],
            prediction_time=row["time"].replace(tzinfo=UNTIL.tzinfo) + timedelta(hours=ahead),
            score=0.5,
            content=b"{}",
        )


def ids(table):
    return set(table["request_id"].to_pylist())


def truth(ward, meant):
    """Return by plain loops who had an observation in the widest window, known and standing."""
    by_patient: dict[int, list] = {}
    for row in ward.seen:
        if meant(row):
            by_patient.setdefault(row["subject_id"], []).append(row)
    found = set()
    for one in ward.scored:
        p = one.prediction_time.replace(tzinfo=None)
        for row in by_patient.get(one.subject_id, ()):
            standing = row["superseded_at"] is None or p < row["superseded_at"]
            inside = p - timedelta(hours=48) < row["time"] <= p
            if inside and row["known_at"] <= p and standing:
                found.add(one.request_id)
    return found


@pytest.mark.fault("G19")
def test_g19_everyone_with_an_observation_is_listed_and_nobody_else(ward):
    begins, ends = (from_micros(int(q)) for q in np.quantile(
        [to_micros(row["time"].replace(tzinfo=UNTIL.tzinfo)) for row in ward.seen], [0.3, 0.5]
    ))  # fmt: skip
    asked = Recall(model=MODEL, code=ward.code, since=begins, until=ends)
    first, last = begins.replace(tzinfo=None), ends.replace(tzinfo=None)
    found = recalling.recall(ward.desk, asked, purpose=WHY)
    wanted = truth(ward, lambda row: first <= row["time"] < last)
    assert ids(found) == wanted
    assert 0 < len(wanted) < SCORES
    # Control: everyone scored in that time, as one would list without windows, is another list.
    naive = {
        one.request_id
        for one in ward.scored
        if first <= one.prediction_time.replace(tzinfo=None) < last
    }
    assert naive != wanted
    site = ward.seen[0]["site"]
    there = recalling.recall(ward.desk, replace(asked, site=site), purpose=WHY)
    assert ids(there) == truth(ward, lambda r: first <= r["time"] < last and r["site"] == site)
    nothing = recalling.recall(ward.desk, replace(asked, code="LOINC//0-0"), purpose=WHY)
    assert nothing.num_rows == 0


@pytest.mark.fault("G19")
def test_g19_everyone_scored_by_a_version_or_with_a_code_list_is_listed(ward):
    by_version = {
        version: {one.request_id for one in ward.scored if one.version == version}
        for version in LISTS
    }
    found = recalling.recall(ward.desk, Recall(model=MODEL, version="v3"), purpose=WHY)
    assert ids(found) == by_version["v3"]
    listed = recalling.recall(ward.desk, Recall(model=MODEL, code_list="kidney@7"), purpose=WHY)
    assert ids(listed) == by_version["v2"] | by_version["v3"]
    # Control: the version's name alone does not say which list it read.
    assert ids(found) != ids(listed)
    unread = recalling.recall(ward.desk, Recall(model=MODEL, code_list="unread@7"), purpose=WHY)
    assert unread.num_rows == 0
    # Who asked and why stands in the ledger, and no patient does.
    entry = ward.desk.home.ledger.search(action="recall.list")[0]
    assert (entry.actor, entry.details["purpose"]) == ("clara", WHY)
    with pytest.raises(NotFound):
        recalling.recall(ward.desk, Recall(model=MODEL, version="v9"), purpose=WHY)
    for asked, why in (
        (Recall(model=MODEL), WHY),
        (Recall(model=MODEL, version="v1", code="X"), WHY),
        (Recall(model=MODEL, version="v1"), "why"),
    ):
        with pytest.raises(BadInput):
            recalling.recall(ward.desk, asked, purpose=why)


def test_a_list_that_could_not_be_complete_is_refused(ward, tmp_path):
    desk = papers(tmp_path / "home").desk
    with pytest.raises(NotFound) as refusal:
        recalling.recall(desk, Recall(model=MODEL, code=ward.code), purpose=WHY)
    assert refusal.value.code == "recall.features"
    desk.home.close()


def cells(data):
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


@pytest.mark.fault("X44")
def test_x44_no_cell_of_an_exported_list_is_a_formula(ward, tmp_path):
    hostile = [
        "=1+1", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1+1", "\uff0b1",
        "\u3000=1", "a;=1+1", 'a";=1+1', 'x",=1', "\ufeff=1", "\u22121", "=cmd|' /C calc'!A0",
    ]  # fmt: skip
    # Control: the plain writer hands them over as they are.
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([one] for one in hostile)
    assert any(row and row[0][:1] in STARTS for row in cells(stream.getvalue().encode()))
    data = csv_bytes(["=name"], [[one] for one in hostile])
    (name,), *rows = cells(data)
    assert name == "'=name"
    assert [row[0].removeprefix("'") for row in rows] == hostile
    assert not [row for row in rows if row[0].strip(" \u3000\ufeff")[:1] in STARTS]
    # Other separators cannot cut a text in two, for every text stands in quotes.
    assert all(line.startswith(b'"') for line in csv_bytes(["a"], [["b;c"]]).splitlines())
    # Numbers stay numbers, the negative ones too.
    assert csv_bytes(["n"], [[-1.5], [3], [None]]) == b'"n"\r\n-1.5\r\n3\r\n""\r\n'
    # The one export of the command line that writes CSV.
    found = recalling.recall(ward.desk, Recall(model=MODEL, version="v1"), purpose=WHY)
    recalling.write(found, tmp_path / "list.csv")
    head, *listed = cells((tmp_path / "list.csv").read_bytes())
    assert len(listed) == found.num_rows
    assert {row[head.index("request_id")] for row in listed} == ids(found)
    assert not [cell for row in listed for cell in row if cell[:1] in STARTS]
    with pytest.raises(BadInput):
        recalling.write(found, tmp_path / "list.csv")


@pytest.mark.requirement("J12")
def test_five_questions_have_their_answers_and_an_unknown_model_is_refused(tmp_path):
    desk = papers(tmp_path / "home").desk
    found = auditing.ask(desk, model=MODEL)
    (approved,) = found["approved"]
    assert approved.startswith("2026-03-02T06:00:00Z Dr Clara Moss, clinical_lead: approval of")
    (pulled,) = found["data_pulled"]
    assert pulled.endswith("from ward, known up to 2026-03-02T06:00:00Z")
    assert "AUROC 0.74" in found["metrics"][0]
    said = "v1 stale_feature (medium harm): Creatinine was a day old: notify by omar at"
    assert found["incidents"] == [f"2026-03-02T06:00:00Z {said} 2026-03-02T06:00:00Z; open"]
    assert found["retired"] == ["v1 at 2026-03-02T06:00:00Z by clara: Replaced by v2."]
    fitted = desk.home.catalog.all(Run, model=MODEL)[0]
    pulled = desk.home.catalog.get(fitted.snapshot, Snapshot)
    relative = keep(desk, pulled.model_copy(update={"time_zone": "relative"}), action="snapshot.x")
    keep(desk, fitted.model_copy(update={"snapshot": relative}), action="run.fit",
         keys={"model": MODEL})  # fmt: skip
    dated, undated = auditing.ask(desk, model=MODEL)["data_pulled"]
    assert "known up to 2026" in dated
    assert undated.endswith("from ward, on a relative calendar: no real dates")
    with pytest.raises(NotFound):
        auditing.ask(desk, model="nobody")
    desk.home.close()
