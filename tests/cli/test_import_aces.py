"""`cohort import-aces`: a task of ACES becomes a cohort that a project builds, or is refused."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from attending.lifecycle.cohorts import built_cohort
from attending.lifecycle.desk import open_desk
from attending.lifecycle.projects import open_project
from attending.times import parse_instant
from tests.faults.conftest import AT, Ward

TASKS = Path(__file__).parents[2] / "benchmarks"
THIRTY_DAYS = timedelta(days=30)


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = Ward(tmp_path_factory.mktemp("aces"))
    folder, _ = made.write()
    made.ingest(folder)
    return made


def instants(ward, code):
    """Return when a code stands for each patient, as it is known at last."""
    found: dict[int, set[Any]] = {}
    for row in ward.events().to_pylist():
        if row["code"] == code and row["superseded_at"] is None:
            found.setdefault(row["subject_id"], set()).add(row["time"])
    return found


def counted_by_hand(ward):
    """Return each live inpatient discharge, and whether an inpatient stay began in 30 days."""
    came, left, died = (
        instants(ward, code)
        for code in (
            "ENCOUNTER//ADMISSION//INPATIENT",
            "ENCOUNTER//DISCHARGE//INPATIENT",
            "MEDS_DEATH",
        )
    )
    return {
        (who, at): any(at < back <= at + THIRTY_DAYS for back in came.get(who, ()))
        for who, ends in left.items()
        for at in ends
        if not any(death <= at for death in died.get(who, ()))
    }


def test_a_task_that_maps_is_built_and_gives_the_labels_that_it_asks_for(ward):
    spec = ward.project / "cohort.yaml"
    before = spec.read_bytes()
    task = str(TASKS / "aces_readmission.yaml")
    # A file that is there is kept.
    refused = ward.run("cohort", "import-aces", task, "--to", str(spec), "--json", code=2)
    assert "aces.exists" in refused.err
    assert spec.read_bytes() == before
    spec.unlink()
    said = ward.run("cohort", "import-aces", task, "--to", str(spec), "--json").json
    assert spec.read_text() == said["cohort"]
    built = ward.asked("cohort", "build").json
    assert (built["name"], built["label"]["kind"]) == ("aces_readmission", "readmission")
    with open_desk(ward.home, at=parse_instant(AT)) as desk:
        table = built_cohort(desk, open_project(ward.project)).table
    labels = {
        (row["subject_id"], row["prediction_time"]): row["label"]
        for row in table.to_pylist()
        if row["label"] is not None
    }
    by_hand = counted_by_hand(ward)
    assert len(labels) > 200
    assert sum(labels.values()) > 20
    assert {key: bool(label) for key, label in labels.items()} == {
        key: by_hand[key] for key in labels
    }
    # Only what is not mature yet has no label; every live discharge has a row.
    assert {(row["subject_id"], row["prediction_time"]) for row in table.to_pylist()} == set(
        by_hand
    )


@pytest.mark.parametrize(
    ("was", "written", "named"),
    [
        ("discharge: (None, 0)", "discharge: (1, None)", "windows.gap.has.discharge"),
        ("expr: or(discharge, death)", "expr: and(discharge, death)", "discharge_or_death"),
        ("trigger: admission\n", "trigger: death\n", "trigger"),
    ],
)
def test_a_task_that_does_not_map_is_refused_by_name_and_nothing_is_written(
    tmp_path, ward, was, written, named
):
    text = (TASKS / "aces_mortality.yaml").read_text()
    assert was in text
    task, to = tmp_path / "mortality.yaml", tmp_path / "cohort.yaml"
    task.write_text(text)
    asked = ("cohort", "import-aces", str(task), "--to", str(to))
    ward.run(*asked)  # as it is, it maps
    to.unlink()
    task.write_text(text.replace(was, written))
    said = ward.run(*asked, "--json", code=2)
    assert said.json["code"] == "aces.unmapped"
    assert named in said.json["message"]
    assert "cohort.yaml" in said.json["hint"]
    assert not to.exists()


ODD = [
    "- a\n- list\n",
    "trigger: [\n",
    "windows: 3\n",
    "windows: {a: 3}\n",
    "windows: {a: {label: [x], index_timestamp: {}}}\n",
    "windows: {a: {has: 3, label: x, index_timestamp: end}}\n",
    "predicates: []\n",
    "{}\n",
    (TASKS / "aces_readmission.yaml").read_text().replace("start + 30d", "start + 0d"),
    (TASKS / "aces_readmission.yaml").read_text().replace("trigger: discharge", "trigger: {a: 1}"),
]


@pytest.mark.parametrize("text", ODD)
def test_a_file_that_is_no_task_is_refused_without_a_traceback(tmp_path, ward, text):
    task = tmp_path / "task.yaml"
    task.write_text(text)
    said = ward.run("cohort", "import-aces", str(task), "--json", code=2)
    assert said.json["code"].startswith(("aces.", "spec.", "yaml."))
    assert "aces.missing" in ward.run(
        "cohort", "import-aces", str(tmp_path / "none.yaml"), "--json", code=2
    ).err  # fmt: skip
