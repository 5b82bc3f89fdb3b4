"""What the files hold: only what was recorded by a moment, with control totals, the same twice."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pytest

from attending.digests import digest_file
from attending.errors import BadInput
from attending.hospital.extract import write_extract
from attending.hospital.generate import generate
from attending.hospital.truth import write_truth
from attending.hospital.visible import TABLES
from attending.times import format_instant, parse_instant
from tests.hospital.reading import rank_auroc, readmissions, rows

_RECORDED = {
    "encounters": "admitted_recorded_at",
    "labs": "resulted_at",
    "vitals": "charted_at",
    "diagnoses": "coded_at",
    "procedures": "coded_at",
    "medications": "ordered_at",
    "notes": "signed_at",
}
_LATER = {
    "patients": ("death_time", "death_recorded_at"),
    "encounters": ("discharged_at", "disposition", "discharged_recorded_at"),
}


def test_the_same_plan_gives_the_same_bytes(plan, extract, tmp_path):
    write_extract(generate(plan), tmp_path, until=plan.end)
    write_truth(generate(plan), tmp_path / "truth")
    for name in (*(f"{table}.csv" for table in TABLES), "manifest.json"):
        assert (tmp_path / name).read_bytes() == (extract / name).read_bytes(), name


def test_control_totals_match_the_files(extract):
    manifest = json.loads((extract / "manifest.json").read_bytes())
    assert manifest["synthetic"] is True
    assert manifest["time_zones"]["VALLEY"] == "America/Chicago"
    assert set(manifest["files"]) == {f"{name}.csv" for name in TABLES}
    for name, stated in manifest["files"].items():
        assert stated["sha256"] == digest_file(extract / name)
        assert stated["rows"] == len(rows(extract, name.removesuffix(".csv")))
        assert stated["rows"] > 0


@pytest.fixture(scope="module")
def half_way(hospital, plan, tmp_path_factory):
    folder = tmp_path_factory.mktemp("half")
    until = plan.start + timedelta(days=300, hours=7)
    counts = write_extract(hospital, folder, until=until)
    return folder, until, counts


def test_an_extract_holds_only_what_was_recorded_by_then(half_way):
    folder, until, counts = half_way
    for name, column in _RECORDED.items():
        found = rows(folder, name)
        assert len(found) == counts[name]
        assert max(row[column] for row in found) <= format_instant(until), name


def test_the_past_does_not_change_but_for_stays_that_close_and_deaths(half_way, extract):
    folder, _, _ = half_way
    for name in TABLES:
        before, after = rows(folder, name), rows(extract, name)
        for old, new in zip(before, after[: len(before)], strict=True):
            later = [c for c in _LATER.get(name, ()) if old[c] == ""]
            assert all(old[column] == new[column] for column in old if column not in later), name


def test_a_stay_that_is_not_over_has_no_discharge(half_way, extract):
    folder, until, _ = half_way
    opened = [row for row in rows(folder, "encounters") if not row["discharged_at"]]
    final = {row["encounter_id"]: row for row in rows(extract, "encounters")}
    assert opened
    for row in opened:
        assert row["disposition"] == row["discharged_recorded_at"] == ""
        assert parse_instant(final[row["encounter_id"]]["discharged_recorded_at"]) > until


def test_the_planted_note_looks_like_a_perfect_feature_and_is_signed_after_the_discharge(
    extract, plan
):
    outcome = readmissions(rows(extract, "encounters"), end=plan.end)
    left = {row["encounter_id"]: row["discharged_at"] for row in rows(extract, "encounters")}
    reviews = [
        row
        for row in rows(extract, "notes")
        if row["type"] == "READMISSION_REVIEW" and row["encounter_id"] in outcome
    ]
    labels = np.array([outcome[row["encounter_id"]] for row in reviews])
    scores = np.array([float(row["score"]) for row in reviews])
    assert rank_auroc(labels, scores) > 0.9
    assert all(row["written_for"] <= left[row["encounter_id"]] for row in reviews)
    assert all(row["signed_at"] > left[row["encounter_id"]] for row in reviews)


@pytest.mark.parametrize("days", [-1, 10_000])
def test_a_moment_outside_the_plan_is_refused_and_nothing_is_written(
    hospital, plan, tmp_path, days
):
    with pytest.raises(BadInput) as refusal:
        write_extract(hospital, tmp_path / "x", until=plan.start + timedelta(days=days))
    assert refusal.value.code == "hospital.until"
    assert not (tmp_path / "x").exists()


def test_truth_is_written_apart_and_never_beside_an_extract(hospital, extract, tmp_path):
    path = write_truth(hospital, tmp_path / "truth")
    assert path.read_text().splitlines()[0] == "encounter_id,true_risk"
    died = {r["encounter_id"] for r in rows(extract, "encounters") if r["disposition"] == "DIED"}
    assert died.isdisjoint(row["encounter_id"] for row in rows(path.parent, "truth"))
    with pytest.raises(BadInput) as refusal:
        write_truth(hospital, extract)
    assert refusal.value.code == "hospital.truth_beside_extract"
