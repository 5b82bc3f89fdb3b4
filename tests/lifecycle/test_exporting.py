"""A run read by MLflow's own client, and its lineage by OpenLineage's own types."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from attending.digests import digest_bytes
from tests import openlineage_types
from tests.lifecycle.study import Study

READS = """
import json, sys
from mlflow.tracking import MlflowClient
client = MlflowClient(tracking_uri=sys.argv[1])
(experiment,) = client.search_experiments()
(run,) = client.search_runs([experiment.experiment_id])
files, folders = [], [""]
while folders:
    for one in client.list_artifacts(run.info.run_id, folders.pop() or None):
        (folders if one.is_dir else files).append(one.path)
record = client.download_artifacts(run.info.run_id, "run.json")
print(json.dumps({
    "experiment": experiment.name, "status": run.info.status, "name": run.info.run_name,
    "start": run.info.start_time, "params": run.data.params, "metrics": run.data.metrics,
    "tags": run.data.tags, "files": sorted(files), "record": open(record).read(),
}))
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    made = Study(tmp_path_factory.mktemp("exporting"))
    made.ingest(made.extract())
    made.specs("model", lambda spec: spec.update(parameters={"l2": 2.5}))
    made.commit()
    made.fit()
    return made


def export(study, to, name, code=0):
    return study.told(
        "run", "export", study.run_digest, str(study.folder / name), "--to", to, code=code
    )


def test_mlflow_reads_the_run_with_its_figures_parameters_and_files(study):
    export(study, "mlflow", "mlruns")
    done = subprocess.run(
        [sys.executable, "-c", READS, (study.folder / "mlruns").as_uri()],
        env={**os.environ, "MLFLOW_ALLOW_FILE_STORE": "true"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    read = json.loads(done.stdout)
    run = study.asked("run", "show", study.run_digest).json
    (model,) = run["candidates"]
    assert (read["experiment"], read["status"]) == ("readmission-30d", "FINISHED")
    assert read["metrics"] == {f"test_{name}": value for name, value in model["test"].items()}
    assert read["params"] == {
        "estimator": "logistic", "seed": "20260101", "calibration": "none", "split": "temporal",
        "l2": "2.5",
    }  # fmt: skip
    assert read["tags"]["attending.run"] == study.run_digest
    assert read["tags"]["mlflow.source.git.commit"] == run["project_commit"]
    assert read["files"] == [
        "model/bundle.json", "model/model.json", "run.json",
        "specs/cohort.json", "specs/contract.json", "specs/features.json", "specs/model.json",
        "specs/validation.json",
    ]  # fmt: skip
    # The record that lies beside the figures is the original, to the byte.
    assert digest_bytes(read["record"].encode()) == study.run_digest


def test_a_run_is_never_written_over_and_another_form_is_refused(study):
    export(study, "mlflow", "twice")
    again = export(study, "mlflow", "twice", code=2)
    assert "export.exists" in again.err
    other = export(study, "wandb", "other", code=2)
    assert "expected one of mlflow, openlineage" in other.err
    assert not (study.folder / "other").exists()


def test_an_export_that_is_cut_off_stands_under_no_name_and_is_begun_anew(study, monkeypatch):
    def cut(_path, _target):
        raise OSError(errno.EIO, "cut")

    with monkeypatch.context() as off:
        off.setattr(Path, "rename", cut)
        assert "export.io" in export(study, "mlflow", "cut", code=5).err
    assert {path.name[0] for path in (study.folder / "cut").glob("*/*/")} == {"."}
    export(study, "mlflow", "cut")
    assert not list((study.folder / "cut").glob("*/.*"))


def test_lineage_leads_from_the_snapshot_to_the_models_files(study):
    said = export(study, "openlineage", "lineage").out
    path = Path(said.split(" written to ")[1].strip())
    events = [json.loads(line) for line in path.read_text().splitlines()]
    for event in events:
        openlineage_types.read(event)
    run = study.asked("run", "show", study.run_digest).json

    def versions(datasets):
        return {one["facets"]["version"]["datasetVersion"] for one in datasets}

    cohort, features, fit = events
    assert versions(cohort["inputs"]) == {run["snapshot"]}
    assert versions(cohort["outputs"]) == {run["cohort"]}
    assert versions(features["inputs"]) == {run["snapshot"], run["cohort"]}
    assert versions(fit["inputs"]) == versions(cohort["outputs"]) | versions(features["outputs"])
    assert versions(fit["outputs"]) == {item["digest"] for item in run["artifacts"]}
    assert fit["run"]["facets"]["attending_run"]["run"] == study.run_digest
    # The check can fail: a field that the schema does not know, and an id in another form.
    wrong = json.loads(json.dumps(fit))
    wrong["job"]["facets"]["jobType"]["colour"] = "red"
    with pytest.raises(TypeError):
        openlineage_types.read(wrong)
    wrong = {**fit, "run": {**fit["run"], "runId": "seven"}}
    with pytest.raises(ValueError):
        openlineage_types.read(wrong)


def test_an_export_stands_in_the_ledger_and_sends_nothing(study):
    trail = study.run(
        "audit", "trail", study.run_digest, "--home", str(study.home),
        "--at", "2024-03-01T06:00:00Z", "--json",
    ).json  # fmt: skip
    assert "run.export" in {entry["action"] for entry in trail}
