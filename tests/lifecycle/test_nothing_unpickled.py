"""An audit hook watches a process that trains, loads, predicts and replays: it unpickles nothing.

What a model file could bring to life shows as `pickle.find_class` or `marshal.loads`. Two callers
are known and apart: the interpreter reading its own compiled modules, and numba compiling our
kernels and reading those that it cached beside our code. Neither reads what a user can bring.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from attending.digests import digest_bytes
from attending.times import format_instant
from tests.faults.conftest import AT, Ward
from tests.lifecycle.ward import SECOND, make_ward
from tests.models import onnx_files

WATCH = """
import json, pickle, marshal, sys

seen = []
OURS = ("<frozen importlib._bootstrap_external>", "<frozen zipimport>", "numba/core/caching.py",
        "numba/core/serialize.py")

def watch(event, args):
    if event in ("pickle.find_class", "marshal.load", "marshal.loads", "code.__new__"):
        frame, callers = sys._getframe(1), []
        while frame is not None:
            callers.append(frame.f_code.co_filename)
            frame = frame.f_back
        if not any(name.endswith(OURS) for name in callers[:8]):
            seen.append([event, callers[0], str(args[:2])])

sys.addaudithook(watch)
"""

CONTROL = """
quiet = list(seen)
# Control: the hook sees what it is for.
pickle.loads(pickle.dumps(json.JSONDecoder))
marshal.loads(marshal.dumps(compile("1", "x", "eval")))
control = sorted({one[0] for one in seen})
"""

PROGRAM = (
    WATCH
    + """from attending.cli.app import app
from attending.cli.door import through
from attending.lifecycle import training
from attending.lifecycle.desk import open_desk
from attending.lifecycle.projects import open_project
from attending.models.bundle import read_bundle
from attending.models.bundle import probe_rows
from attending.times import parse_instant

home, project, at = sys.argv[1:]
where = ["--home", home, "--project", project, "--at", at]
codes = []
for verb in (["train", "fit"], ["run", "replay"], ["run", "show"]):
    codes.append(through(lambda: app([*verb, *where], standalone_mode=False), argv=verb))
kinds = []
from pathlib import Path
with open_desk(Path(home), at=parse_instant(at)) as desk:
    run = training.latest_run(desk, open_project(Path(project)))
    for folder in ("", *(f"compare/{one.name}/" for one in run.candidates[1:])):
        files = {
            item.name.removeprefix(folder): desk.home.artifacts.read(item.digest)
            for item in run.artifacts
            if item.name.startswith(folder) and "/" not in item.name.removeprefix(folder)
        }
        bundle = read_bundle(files)
        rows = probe_rows(bundle.references)
        assert bundle.risk(rows).shape == bundle.contributions(rows).sum(axis=1).shape
        kinds.append(bundle.estimator)
"""
    + CONTROL
    + """
print("SEEN", json.dumps({"codes": codes, "kinds": kinds, "quiet": quiet, "control": control}))
from attending.cli.leaving import leave
leave(lambda: 0)
"""
)

#: Every other verb that opens a model, on a home with a version in silent.
LATER = (
    WATCH
    + """
from attending.cli.app import app
from attending.cli.door import through

home, project, at, run = sys.argv[1:]
where = ["--home", home, "--project", project, "--at", at]
codes = {}
for verb in (["score"], ["run", "diff", run, run], ["validate", "model"],
             ["explain", "stability"], ["monitor", "run"]):
    codes[" ".join(verb[:2])] = through(lambda: app([*verb, *where], standalone_mode=False),
                                        argv=verb)
"""
    + CONTROL
    + """
print("SEEN", json.dumps({"codes": codes, "quiet": quiet, "control": control}))
from attending.cli.leaving import leave
leave(lambda: 0)
"""
)


@pytest.mark.requirement("C8")
def test_training_loading_predicting_and_replaying_unpickle_nothing(tmp_path):
    ward = Ward(tmp_path)
    names = ("age", "stay_hours", "haemoglobin_last", "sodium_last", "creatinine_last")
    data = onnx_files.whole(names=names)
    (ward.project / "brought.onnx").write_bytes(data)
    brought = {"file": "brought.onnx", "digest": digest_bytes(data)}
    few = {"num_iterations": 10, "min_data_in_leaf": 20}
    ward.specs(
        "model",
        lambda spec: spec.update(
            estimator="lightgbm",
            parameters=few,
            compare=[
                {"estimator": "logistic", "parameters": {"knots": 3}},
                {"estimator": "additive", "parameters": {"knots": 2}},
                {"estimator": "onnx", "parameters": brought},
            ],
        ),
    )
    ward.ingest(ward.write()[0])
    ward.study()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ward.home), str(ward.project), AT],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.partition("SEEN ")[2])
    assert found["codes"] == [0, 0, 0]
    assert found["kinds"] == ["lightgbm", "logistic", "additive", "onnx"]
    assert found["quiet"] == []
    assert {"pickle.find_class", "marshal.loads"} <= set(found["control"])


def test_verbs_after_the_fit_unpickle_nothing(tmp_path):
    ward = make_ward(tmp_path)
    done = subprocess.run(
        [
            sys.executable, "-c", LATER, str(ward.desk.home.root), str(ward.project.folder.root),
            format_instant(SECOND), ward.run.digest,
        ],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout.partition("SEEN ")[2])
    assert found["codes"] == dict.fromkeys(found["codes"], 0), done.stderr
    assert found["quiet"] == []
    assert {"pickle.find_class", "marshal.loads"} <= set(found["control"])


def test_a_brought_file_is_the_one_that_was_agreed_and_lies_in_the_project(tmp_path):
    ward = Ward(tmp_path)
    names = ("age", "stay_hours", "haemoglobin_last", "sodium_last", "creatinine_last")
    data = onnx_files.whole(names=names)
    path = ward.project / "brought.onnx"
    path.write_bytes(data)
    asked = {"file": "brought.onnx", "digest": digest_bytes(data)}
    ward.specs("model", lambda spec: spec.update(estimator="onnx", parameters=asked))
    ward.ingest(ward.write()[0])
    ward.study()
    run = ward.asked("train", "fit").json
    assert {item["name"]: item["digest"] for item in run["artifacts"]}["model.onnx"] == (
        asked["digest"]
    )
    assert run["sample_size"] is None and run["candidates"][0]["test"]["auroc"] > 0
    # Another file under the same name, then a name that leads out of the folder, and a link.
    path.write_bytes(onnx_files.whole(names=names, told=False))
    assert "refused [model.digest]" in ward.asked("train", "fit", code=4).err
    (tmp_path / "outside.onnx").write_bytes(data)
    path.unlink()
    path.symlink_to(tmp_path / "outside.onnx")
    assert "refused [model.brought]" in ward.asked("train", "fit", code=2).err
    for name in ("../outside.onnx", str(tmp_path / "outside.onnx"), "absent.onnx"):
        ward.specs("model", lambda spec, name=name: spec["parameters"].update(file=name))
        assert "refused [model.brought]" in ward.asked("train", "fit", code=2).err
    # A file of another kind, whatever its digest.
    bad = b"\x80\x04\x95evil"
    (ward.project / "evil.onnx").write_bytes(bad)
    ward.specs(
        "model",
        lambda spec: spec["parameters"].update(file="evil.onnx", digest=digest_bytes(bad)),
    )
    assert "refused [model.format]" in ward.asked("train", "fit", code=3).err
