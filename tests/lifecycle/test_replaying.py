"""A run repeats to the byte from its snapshot on, whatever lies around it."""

from __future__ import annotations

import numpy as np
import pytest

from attending.hospital import extract
from tests.journeys import replays
from tests.journeys.conftest import ROOT
from tests.lifecycle.study import Study


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    made = Study(tmp_path_factory.mktemp("replaying"))
    made.ingest(made.extract())
    made.commit()
    made.fit()
    return made


def where(study):
    return ("--project", str(study.project), "--at", "2024-03-01T06:00:00Z")


def test_it_repeats_in_a_fresh_environment_that_holds_no_more_than_it_needs(study, tmp_path):
    python = replays.fresh_environment(tmp_path / "venv")
    here = {"PYTHONPATH": str(ROOT / "src")}
    again = replays.replayed(study.home, where(study), place=here, python=python)
    assert again["same_files"] and again["same_result"]
    # It is another place indeed: what only tests need is not there, and the record tells.
    assert "packages.pytest.version" in again["differences"]


def test_rows_that_arrive_in_another_order_give_the_same_model(study, tmp_path, monkeypatch):
    write = extract._write_csv
    order = np.random.default_rng(5)

    def shuffled(table, path):
        return write(table.take(order.permutation(table.num_rows)), path)

    monkeypatch.setattr(extract, "_write_csv", shuffled)
    other = Study(tmp_path)
    folder = other.extract()
    assert (folder / "labs.csv").read_bytes() != (study.folder / "extract/labs.csv").read_bytes()
    other.ingest(folder)
    was, now = (
        one.asked("run", "show", digest).json
        for one, digest in ((study, study.run_digest), (other, other.fit()))
    )
    assert now["snapshot"] != was["snapshot"]
    assert now["artifacts"] == was["artifacts"]
    assert now["feature_table"] == was["feature_table"]


@pytest.mark.requirement("C4", "C5")
def test_a_run_names_its_features_and_label_and_they_are_found_again_when_the_folder_moved_on(
    study,
):
    digest = study.run_digest
    run = study.asked("run", "show", digest).json
    cohort = study.asked("cohort", "build").json
    assert run["feature_version"] == "1"
    assert run["label"] == cohort["label_digest"]
    for name in ("feature_set", "feature_table", "label", "cohort_spec"):
        assert len(run[name]) == 64
    # Another label and other features are asked now; the run still repeats with its own.
    study.specs("cohort", lambda spec: spec["label"].update(horizon="60d"))
    study.specs("features", lambda spec: spec.update(version="2"))
    again = study.asked("run", "replay", digest).json
    assert again["same_files"] and again["same_result"]
    now = study.asked("run", "show", study.fit()).json
    assert now["label"] != run["label"]
    assert (now["feature_version"], now["feature_set"]) != (
        run["feature_version"],
        run["feature_set"],
    )
    # One byte of what was kept is altered: the label that the run used cannot be shown.
    kept = study.home / "artifacts" / run["specs"]["cohort"][:2] / run["specs"]["cohort"][2:]
    text = kept.read_text()
    kept.chmod(0o600)
    kept.write_text(text.replace('"30d"', '"31d"'))
    refused = study.told("run", "replay", digest, code=4)
    assert "artifact.changed" in refused.err
    kept.write_text(text)


def test_a_snapshot_that_was_let_go_cannot_be_replayed_and_says_so(tmp_path):
    study = Study(tmp_path)
    study.ingest(study.extract())
    digest = study.fit()
    snapshot = study.asked("run", "show", digest).json["snapshot"]
    folder = study.home / "snapshots" / snapshot
    folder.rename(tmp_path / "gone")
    refused = study.told("run", "replay", digest, code=2)
    assert "there is no snapshot" in refused.err
