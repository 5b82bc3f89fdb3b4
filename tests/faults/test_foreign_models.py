"""X06: a stored model that was changed for a file that runs code is never opened."""

from __future__ import annotations

import pickle

import pytest

from tests.lifecycle.study import Study
from tests.models.test_bundle import Payload, foreign


@pytest.mark.fault("X06")
def test_x06_a_stored_model_that_was_changed_for_code_is_named_and_runs_nothing(tmp_path):
    study, marker = Study(tmp_path), tmp_path / "marker"
    study.ingest(study.extract())
    digest = study.fit()
    run = study.asked("run", "show", digest).json
    (model,) = [one["digest"] for one in run["artifacts"] if one["name"] == "model.json"]
    path = study.home / "artifacts" / model[:2] / model[2:]
    path.chmod(0o600)
    # Control: who opens the file as it lies there runs what it holds.
    path.write_bytes(pickle.dumps(Payload(marker)))
    pickle.loads(path.read_bytes()).close()  # noqa: S301 - the bad outcome, once
    assert marker.exists()
    marker.unlink()
    # Guard: whatever it was changed for, its name is not its digest; nothing of it is opened.
    files = foreign(marker)
    for what in ("pickle", "joblib", "torch", "polyglot zip"):
        path.write_bytes(files[what])
        export = ("run", "export", digest, str(tmp_path / "out"), "--to", "mlflow")
        assert model[:12] in study.told(*export, code=4).err, what
    assert not marker.exists()
    assert not (tmp_path / "out").exists()
