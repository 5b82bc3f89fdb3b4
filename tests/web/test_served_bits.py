"""What is served over HTTP is what anybody computes again from it, to the bit."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import UTC, timedelta

import numpy as np
import pytest

from attending.lifecycle import credentials, scoring
from attending.lifecycle.cohorts import build_cohort, project_snapshot
from attending.lifecycle.engines import engine_over
from attending.lifecycle.training import bundle_of
from attending.times import format_instant
from attending.web.front_desk import FrontDesk
from tests.lifecycle.ward import SECOND, make_ward
from tests.web.visitor import visitor_of

PATIENTS = 5
LEAVE = ("subject_id", "source", "source_row")


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("served-bits"))
    yield made
    made.desk.home.close()


@pytest.fixture
def machine(ward):
    house = FrontDesk.open(ward.desk.home.root, clock=lambda: SECOND, projects=[ward.project])
    token = credentials.give_token(
        ward.desk, "omar", ward.secrets["omar"],
        label="machine", scopes=("work", "patients"), keeps=timedelta(days=1),
    )  # fmt: skip
    found = visitor_of(house)
    found.headers["authorization"] = f"Bearer {token}"
    found.headers["accept"] = "application/json"
    yield found
    house.answering.home.close()


def instant(value):
    return format_instant(value.replace(tzinfo=UTC))


def body(row, events):
    """A request as a record system sends it, from the rows of a snapshot."""
    sent = []
    for one in events:
        said = {k: v for k, v in one.items() if v is not None and k not in LEAVE}
        said |= {k: instant(v) for k, v in said.items() if hasattr(v, "tzinfo")}
        if "encounter_id" in said:
            said["encounter_id"] = str(said["encounter_id"])
        sent.append(said)
    return {
        "subject_id": str(row["subject_id"]),
        "encounter_id": str(row["encounter_id"]),
        "prediction_time": instant(row["prediction_time"]),
        "index_start": instant(row["index_start"]),
        "events": sent,
    }


@pytest.mark.requirement("G2")
def test_scores_served_over_http_are_computed_again_offline_equal_to_the_bit(ward, machine):
    engine = engine_over(ward.desk, project_snapshot(ward.desk, ward.project))
    bundle = bundle_of(ward.desk, ward.run)
    due = scoring._make(
        scoring.served_version(ward.desk, ward.project),
        build_cohort(ward.desk, ward.project).table.slice(0, 40),
        engine,
    ).table.to_pylist()
    scored = [row for row in due if row["kind"] == "live"][:PATIENTS]
    assert len(scored) == PATIENTS
    for row in scored:
        asked = body(row, engine.rows(row["subject_id"]).to_pylist())
        path = f"/v1/models/{ward.run.model}/predictions"
        answer = machine.post(path, json=asked)
        assert answer.status_code == 201, answer.text
        kept = machine.get(answer.json()["provenance"]).json()
        # By the batch, from the shards of the snapshot.
        assert kept["score"].hex() == row["score"].hex()
        # By the model's files, from the inputs that stand with the prediction.
        x = np.array([[np.nan if one["value"] is None else one["value"] for one in kept["inputs"]]])
        assert float(bundle.risk(x)[0]).hex() == kept["score"].hex()
        again = machine.post(path, json=asked).json()
        assert (again["made_before"], again["request_id"]) == (
            True,
            answer.json()["request_id"],
        )
        asked["events"][-1]["numeric_value"] = 3.25
        assert machine.post(path, json=asked).status_code == 409  # from other events: refused


def test_the_process_that_scores_loads_no_library_for_fitting_or_drawing():
    program = (
        "import json, sys\n"
        "import attending.cli.app, attending.engines.kernel\n"
        "import attending.web.app, attending.web.front_desk, attending.web.draining\n"
        "import attending.web.listen, attending.web.slow_clients\n"
        "from attending.models.lightgbm_library import library\n"
        "library()\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    loaded = set(json.loads(done.stdout))
    assert {"fastapi", "numba", "sqlalchemy"} <= loaded
    unwanted = {"duckdb", "lightgbm", "matplotlib", "mlflow", "onnx", "onnxruntime", "pandas"}
    unwanted |= {"numpy.f2py", "pyspark", "scipy.special", "shap", "sklearn"}
    assert not loaded & unwanted
