"""P17 to P19: a run repeats wherever it is made, says what it lacks, and finds a changed cell."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import metadata

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attending.hospital import extract
from attending.models.registered import MODELS
from tests.faults.conftest import AT, Ward
from tests.journeys.conftest import commit
from tests.models.hospital_rows import NAMES, rows

#: Trees that draw rows and features, a search, and curves: all that could go otherwise.
TREES = {
    "estimator": "lightgbm",
    "parameters": {
        "num_iterations": 30, "min_data_in_leaf": 20, "bagging_fraction": 0.6, "bagging_freq": 1,
        "feature_fraction": 0.7,
    },
    "search": {"trials": 3, "folds": 1, "over": {"num_leaves": [3, 5, 7]}},
    "compare": [
        {"estimator": "additive", "parameters": {"knots": 3}},
        {"estimator": "logistic", "parameters": {"knots": 3, "l1": 1.0}},
    ],
}  # fmt: skip
PLACES = (
    {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "1", "TZ": "UTC"},
    {
        "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2", "PYTHONHASHSEED": "99",
        "TZ": "America/Chicago", "LC_ALL": "C",
    },
    {"OMP_NUM_THREADS": "2", "PYTHONHASHSEED": "7", "TZ": "Asia/Kathmandu", "LC_ALL": "C.UTF-8"},
)  # fmt: skip


def files_of(run):
    """Return the digests of what a run made."""
    return {item["name"]: item["digest"] for item in run["artifacts"]}


def turned(table, drawn):
    """Return a table with its rows in another order."""
    return table.take(drawn.permutation(table.num_rows))


def replayed(ward, place):
    """Return what a replay in a process of its own said."""
    done = subprocess.run(
        [
            sys.executable, "-m", "attending", "run", "replay", "--json", "--at", AT,
            "--home", str(ward.home), "--project", str(ward.project),
        ],
        env=os.environ | place,
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.mark.fault("P17")
def test_p17_a_run_gives_the_same_files_whatever_the_place_and_the_order_of_rows(
    tmp_path, monkeypatch
):
    # Control: the library alone gives other trees for the same rows in another order.
    x, y = rows()
    order = np.random.default_rng(1).permutation(len(x))
    plain = {"names": NAMES, "parameters": TREES["parameters"], "seed": 7}
    fit = MODELS.get("lightgbm").fit
    assert fit(x, y, **plain).write() != fit(x[order], y[order], **plain).write()
    # Guard: rows in another order, and other places, give the same bytes.
    made = []
    write, drawn = extract._write_csv, np.random.default_rng(5)
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        ward = Ward(tmp_path / name)
        ward.specs("model", lambda spec: spec.update(TREES))
        ward.ingest(ward.write()[0])
        ward.study()
        made.append(ward.asked("train", "fit").json)
        monkeypatch.setattr(
            extract, "_write_csv", lambda table, path: write(turned(table, drawn), path)
        )
    assert made[0]["snapshot"] != made[1]["snapshot"]
    assert files_of(made[0]) == files_of(made[1])
    assert len(files_of(made[0])) == 6
    assert made[0]["candidates"][0]["search"] == made[1]["candidates"][0]["search"]
    for place in PLACES:
        said = replayed(ward, place)
        assert said["same_files"] and said["same_result"], said["differences"]


@pytest.fixture
def trained(ward):
    """A ward whose plan is signed, whose project is committed, and which has a run."""
    persons(ward)
    ward.ingest(ward.write()[0])
    ward.study()
    commit(ward.project)
    agree(ward)
    return ward


def persons(ward):
    """Add who writes the plan and who signs it."""
    for person, role in (("dana", "data_scientist"), ("clara", "clinical_lead")):
        secret = ward.folder / f"{person}.secret"
        secret.write_text(f"a sentence for {person} to remember\n")
        secret.chmod(0o600)
        ward.asked(
            "user", "add", person, "--name", person.title(), "--role", role,
            "--passphrase-file", str(secret),
        )  # fmt: skip


def agree(ward):
    """Propose the plan as it stands and have it signed."""
    plan = ward.asked("agree", "--signer", "clara", "--by", "dana").json["digest"]
    ward.asked(
        "sign", plan, "--as", "clara", "--role", "clinical_lead", "--meaning", "approval",
        "--statement", "I have read it.", "--passphrase-file", str(ward.folder / "clara.secret"),
    )  # fmt: skip


def standing(ward):
    """Return what the gate before trained says of the newest run."""
    conditions = ward.asked("gate", "check", "trained", code=3).json["conditions"]
    return {item["name"]: (item["status"], item["note"]) for item in conditions}


def promoted(ward):
    """Return why the newest run is not promoted: exit 3, as it stands."""
    newest = ward.asked("run", "show").json["digest"]
    return ward.asked("run", "promote", newest, code=3).err


@pytest.mark.fault("P18")
def test_p18_a_run_that_lacks_its_origin_says_so_and_is_not_promoted(trained, monkeypatch):
    # Control: with a clean commit, a signed plan and released packages nothing is said.
    whole = trained.asked("train", "fit").json
    assert not whole["exploratory"] and whole["reasons"] == []
    assert standing(trained)["run.not_exploratory"][0] == "met"
    # A package that is installed from a folder: its version does not say what it holds.
    there = trained.folder / "site" / "homemade-1.0.dist-info"
    there.mkdir(parents=True)
    (there / "METADATA").write_text("Metadata-Version: 2.1\nName: homemade\nVersion: 1.0\n")
    (there / "direct_url.json").write_text('{"url": "file:///x", "dir_info": {}}')
    monkeypatch.syspath_prepend(str(there.parent))
    assert metadata.version("homemade") == "1.0"
    trained.asked("train", "fit")
    assert standing(trained)["run.not_exploratory"] == (
        "failed",
        "homemade is installed from a folder, not a release",
    )
    assert "homemade" in promoted(trained)
    (there / "direct_url.json").unlink()
    # A changed file, then no repository at all.
    (trained.project / "note.txt").write_text("tried something")
    assert trained.asked("train", "fit").json["exploratory"]
    assert "not committed" in standing(trained)["run.not_exploratory"][1]
    assert "[run.not_clean]" in promoted(trained)
    (trained.project / "note.txt").unlink()
    (trained.project / ".git").rename(trained.folder / "git")
    trained.asked("train", "fit")
    assert "not under version control" in standing(trained)["run.not_exploratory"][1]
    assert "version control" in promoted(trained)
    (trained.folder / "git").rename(trained.project / ".git")
    # A snapshot that is gone: the run cannot be repeated, and the gate asks for that.
    run = trained.asked("train", "fit").json
    folder = trained.home / "snapshots" / run["snapshot"]
    folder.rename(trained.folder / "gone")
    assert "refused [store.no_snapshot]" in trained.asked("run", "replay", code=2).err
    (trained.folder / "gone").rename(folder)
    assert standing(trained)["run.replayed"][0] == "missing"


@pytest.mark.fault("P19")
def test_p19_one_altered_cell_of_the_snapshot_is_named_and_refused(trained):
    run = trained.asked("train", "fit").json
    # Control: as it was, the run repeats.
    assert trained.asked("run", "replay").json["same_result"]
    shard = min((trained.home / "snapshots" / run["snapshot"]).rglob("shard-*.parquet"))
    table = pq.read_table(shard)
    at = table.column_names.index("numeric_value")
    values = table["numeric_value"].to_pylist()
    first = next(k for k, value in enumerate(values) if value is not None)
    values[first] = values[first] + 1.0
    shard.chmod(0o644)
    altered = table.set_column(at, "numeric_value", pa.array(values, table.schema.field(at).type))
    pq.write_table(altered, shard)
    # Control: it is a table like any other, with one other cell.
    assert pq.read_table(shard).num_rows == table.num_rows
    said = trained.asked("run", "replay", code=4)
    assert shard.name in said.err
    assert "Traceback" not in said.err


@pytest.mark.requirement("E2")
def test_training_without_the_signed_plan_is_exploratory_and_closes_the_gate(ward):
    persons(ward)
    ward.ingest(ward.write()[0])
    ward.study()
    commit(ward.project)
    # Proposed and not signed is not agreed.
    ward.asked("agree", "--signer", "clara", "--by", "dana")
    loose = ward.asked("train", "fit").json
    reason = "baselines and measures were not agreed and signed before the fit"
    assert loose["exploratory"] and loose["reasons"] == [reason]
    assert loose["agreement"] is None
    told = standing(ward)
    assert told["run.not_exploratory"] == ("failed", reason)
    assert told["agreement.before_fit"][0] != "met"
    # Repeating it agrees to nothing.
    assert "have the plan signed, `attending agree`" in promoted(ward)
    # Signed afterwards, the old run stays what it was; a new fit has standing.
    agree(ward)
    assert standing(ward)["run.not_exploratory"][0] == "failed"
    again = ward.asked("train", "fit").json
    assert not again["exploratory"] and again["agreement"]
    assert files_of(again) == files_of(loose)
    # Another plan is not the one that was signed.
    ward.specs("validation", lambda spec: spec["bootstrap"].update(draws=100))
    assert ward.asked("train", "fit").json["exploratory"]


def test_the_sample_size_is_said_before_anything_is_fitted(ward, monkeypatch):
    ward.ingest(ward.write()[0])
    ward.study()
    where = ("--home", str(ward.home), "--project", str(ward.project), "--at", AT)
    said = ward.run("train", "fit", *where).out
    assert said.index("sample size: ") < said.index("AUROC on test") < said.index("run ")
    assert "(Riley 2020)" in said
    # By the policy to refuse, nothing is fitted at all.
    ward.specs(
        "model", lambda spec: spec.update(sample_size={"policy": "refuse", "cox_snell_r2": 0.001})
    )

    def fitted(*_args, **_more):
        raise AssertionError("something was fitted")

    monkeypatch.setattr("attending.lifecycle.training.fit", fitted)
    refused = ward.run("train", "fit", *where, code=3)
    assert "train.sample_size" in refused.err
    refused = ward.run("train", "fit", *where, "--json", code=3)
    assert "train.sample_size" in refused.err
