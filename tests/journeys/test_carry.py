"""A model goes from one hospital to another in a signed file, and begins anew there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from attending.errors import BadInput, IntegrityBroken, Refused
from attending.govern import bundle_verifier, model_bundle_verifier, standalone_verifier
from attending.lifecycle import simulating
from attending.lifecycle.carrying import verify_model
from attending.lifecycle.desk import create_home, open_desk
from attending.lifecycle.examples import copy_example
from attending.lifecycle.gating import gather
from attending.lifecycle.projects import open_project
from attending.lifecycle.recalibrating import require_owner
from attending.lifecycle.signing import propose_specs, sign
from attending.records.recalibration import RecalibrationProposal
from attending.records.run import Run
from attending.stores.bundle_files import packed, unpacked
from attending.times import parse_instant
from tests.faults.conftest import AT
from tests.lifecycle.study import Study
from tests.lifecycle.ward import enter

if TYPE_CHECKING:
    from pathlib import Path

_VERIFIERS = (model_bundle_verifier, bundle_verifier, standalone_verifier)
#: What is each hospital's own.
_OWN = ("contract", "release", "monitoring")


class Other(Study):
    """Another hospital: its own home, its own patients, and no project yet."""

    hospital: tuple[str, ...] = ("--patients", "900", "--seed", "21")

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self.home, self.project = folder, folder / "home", folder / "project"
        self.patients, self.run_digest = 900, ""
        create_home(self.home, at=parse_instant(AT), seed=8).home.close()
        with open_desk(self.home, at=parse_instant(AT)) as desk:
            self.secrets = simulating.add_persons(desk)
        self.run("hospital", "write", str(folder / "extract"), *self.hospital)
        self.ingest(folder / "extract")

    def signed(self, digest: str, *, person: str, role: str) -> None:
        """Sign a document as one of this home's persons."""
        with open_desk(self.home, at=parse_instant(AT), actor=person) as desk:
            sign(
                replace(desk, actor=person),
                digest,
                person=person,
                passphrase=self.secrets[person],
                role=role,
                statement="I have read it.",
            )


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The first hospital, with a validated report and a card on a trained version."""
    ward = Study(tmp_path_factory.mktemp("first"), patients=900)
    ward.ingest(ward.extract())
    ward.commit()
    ward.fit()
    ward.asked("validate", "model")
    ward.asked("card", "build")
    return ward


def test_a_bundle_is_whole_or_refused_by_us_and_by_python_alone(first, tmp_path):
    path, keys = tmp_path / "model.tar", tmp_path / "keys.txt"
    told = first.asked("release", "bundle", "export", str(path), code=3).err
    assert "carry.not_trained" in told  # a prototype is carried nowhere
    first.stand_at_trained()
    said = first.asked("release", "bundle", "export", str(path)).json
    assert (said["version"], said["stage"]) == ("v1", "trained")
    data = path.read_bytes()
    files = unpacked(data)
    wanted = ("run.json", "model/bundle.json", "specs/features.json", "documents/card.html")
    assert {*wanted, "documents/validation_report.html", "specs/cohort.json"} <= set(files)
    subjects = {str(one) for one in first.events()["subject_id"].to_pylist()}
    text = b"".join(files.values())
    assert len(subjects) > 500 and not any(one.encode() in text for one in subjects)
    keys.write_bytes(files["keys.txt"])
    assert verify_model(path, held=keys).listed.files == said["files"]
    first.run("release", "bundle", "verify", str(path), "--keys", str(keys))
    for module in _VERIFIERS:
        shutil.copy(str(module.__file__), tmp_path)
    command = [sys.executable, "-I", "-S", "model_bundle_verifier.py", str(path), str(keys)]
    alone = subprocess.run(command, cwd=tmp_path, env={}, check=False, capture_output=True)
    assert (alone.returncode, alone.stdout[:9]) == (0, b"verified:")
    # One changed byte, wherever it is: header, padding, end, signature, list or file.
    spoilt = tmp_path / "spoilt.tar"
    drawn = np.random.default_rng(5).integers(0, len(data), 60).tolist()
    places = {0, 130, 300, 511, len(data) - 1, data.index(b"list.sig"), *drawn}
    spoil = model_bundle_verifier.verify
    for place in sorted(places):
        spoilt.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(IntegrityBroken):
            verify_model(spoilt, held=keys)
        with pytest.raises(model_bundle_verifier.BESIDE["Broken"]):
            spoil(spoilt, keys)
    # A file more, and a whole bundle that another key signed.
    spoilt.write_bytes(packed({**files, "model/more.txt": b"x"}))
    with pytest.raises(IntegrityBroken):
        verify_model(spoilt)
    other = tmp_path / "other.txt"
    other.write_text("attending/x+00000000+AQEB\n")
    with pytest.raises(IntegrityBroken) as refused:
        verify_model(path, held=other)
    assert refused.value.code == "bundle.key"
    with pytest.raises(BadInput):
        verify_model(tmp_path / "none.tar")


def test_at_the_second_hospital_it_is_trained_at_most_until_it_is_shown_there(first, tmp_path):
    path, keys = tmp_path / "model.tar", tmp_path / "keys.txt"
    if not first.asked("release", "status").json[0]["version"]:
        first.stand_at_trained()
    first.asked("release", "bundle", "export", str(path))
    keys.write_bytes(unpacked(path.read_bytes())["keys.txt"])
    there = Other(tmp_path / "second")
    where = ["--home", str(there.home), "--at", AT, "--json"]
    spoilt = tmp_path / "spoilt.tar"
    spoilt.write_bytes(path.read_bytes()[:-2000] + b"x" + path.read_bytes()[-1999:])
    into = ["--keys", str(keys), "--into", str(there.project)]
    there.run("release", "bundle", "import", str(spoilt), *into, *where, code=4)
    assert not there.project.exists()
    stands = there.run("release", "bundle", "import", str(path), *into, *where).json
    assert (stands["stage"], stands["act"], stands["serves"]) == ("trained", "import", "none")
    there.run("release", "bundle", "import", str(path), *into, *where, code=3)
    copy_example("readmission-synthetic", tmp_path / "own")
    for name in _OWN:
        shutil.copy(tmp_path / "own" / f"{name}.yaml", there.project)
    # Nothing that was shown elsewhere opens a gate here.
    assert "gate.order" in there.asked("release", "advance", "live", code=3).err
    assert _calibration(there).note == "not validated here yet"
    closed = _open(there)
    assert {"validation.gates", "card.complete", "threshold.agreed"} <= set(closed)
    assert closed["validation.gates"] == "not validated yet"
    assert any(name.startswith("signed.") for name in closed)
    there.specs("validation", _easy)
    # Local validation, on this hospital's patients, with nothing fitted on them.
    there.asked("cohort", "build")
    there.asked("features", "build")
    report = there.asked("validate", "later").json
    assert any("Another hospital than that of the fit" in note for note in report["notes"])
    # A plan that does not ask calibration shows nothing of it to the gate before silent.
    assert _calibration(there).status == "not_shown"
    _refused_where_calibration_fails(there)
    there.specs("validation", _asks_calibration(0.01, 100.0))
    report = there.asked("validate", "later").json
    there.asked("card", "build")
    assert _calibration(there).status == "missing"
    assert "was not chosen on this report" in _open(there)["validation.gates"]
    words = ("release", "bundle", "choose")
    no = there.asked(*words, "not_as_it_is", "--reason", "O:E is 2 here").json
    there.signed(no["digest"], person="clara", role="clinical_lead")
    assert "recalibrate it here" in _open(there)["validation.gates"]
    choice = there.asked(*words, "as_it_is", "--reason", "O:E is near one here").json
    assert choice["report"] == report["digest"]
    assert "not signed by a clinical lead" in _open(there)["validation.gates"]
    there.signed(choice["digest"], person="clara", role="clinical_lead")
    assert _calibration(there).status == "met"
    left = _open(there)
    assert "validation.gates" not in left and "threshold.agreed" in left
    assert "refused [gate.refused]" in there.asked("release", "advance", "validated", code=3).err
    # The silent period asks for a reference, which is of the patients here.
    reference = there.asked("monitor", "reference", "--version", "v1").json
    assert reference["n"] > 0
    status = there.asked("release", "status").json
    assert [one["stage"] for one in status] == ["trained"]
    # In silent it scores this hospital's patients with the files that came.
    _let_in(there)
    scored = there.asked("score", "--since", "2023-06-01T00:00:00Z").json["batch"]
    assert scored["n"] > 0 and scored["run"] == stands["run"]
    trail = there.asked("run", "trail").json
    assert any(one["what"] == "carried_model" for one in trail)
    there.run("audit", "ask", stands["model"], *where)


def _refused_where_calibration_fails(there):
    """See the gate closed by a calibration that fails here, and a line proposed instead."""
    there.specs("validation", _asks_calibration(50.0, 100.0))
    there.asked("validate", "later")
    fact = _calibration(there)
    assert fact.status == "failed" and "run recalibrate" in fact.note
    words = ("release", "bundle", "choose", "as_it_is", "--reason", "it will do")
    assert "carried.calibration" in there.asked(*words, code=3).err
    assert "change.too_few" in there.asked("run", "recalibrate", code=3).err
    there.specs("monitoring", lambda spec: spec["retraining"].update(minimum_events=20))
    line = there.asked("run", "recalibrate").json
    assert (line["version"], line["n"] > 0) == ("v1", True)
    with open_desk(there.home, at=parse_instant(AT)) as desk:
        proposal = desk.home.catalog.get(line["digest"], RecalibrationProposal)
        with pytest.raises(Refused) as unsigned:
            require_owner(desk, proposal)
    assert unsigned.value.code == "change.owner"
    there.signed(line["digest"], person="clara", role="clinical_lead")
    with open_desk(there.home, at=parse_instant(AT)) as desk:
        require_owner(desk, proposal)


def _asks_calibration(low, high):
    """Ask both gates of calibration, by the estimate, within a range."""
    told = {"low": low, "high": high, "judged_by": "estimate"}
    gates = [{"gate": name, **told} for name in ("calibration_slope", "observed_expected")]
    return lambda spec: spec.update(gates=gates)


def _calibration(there):
    """Return how the condition of calibration before silent stands for the carried run."""
    with open_desk(there.home, at=parse_instant(AT)) as desk:
        project = open_project(there.project)
        run = desk.home.catalog.latest(Run, model=project.name)
        return gather(desk, project, run, to_stage="silent").facts["calibration.here"]


def _let_in(there):
    """Put the version into silent under a signed plan, as the gates would have."""
    with open_desk(there.home, at=parse_instant(AT), actor="dana") as desk:
        project = open_project(there.project)
        plan = propose_specs(desk, project)["release"]
        run = desk.home.catalog.latest(Run, model=project.name)
        before = desk.home.deployments.current(project.name).digest
        enter(desk, run, stage="silent", plan=project.release.digest, previous=before)
    there.signed(plan, person="omar", role="operator")


def _easy(spec):
    """Ask little of the validation, so that what stays open is the choice."""
    spec["gates"] = [{"gate": "minimum_events", "events": 10, "non_events": 10}]


def _open(there):
    """Return the open conditions of the gate before *validated*, with their notes."""
    said = there.asked("gate", "check", "validated", code=3).json
    return {one["name"]: one["note"] for one in said["conditions"] if one["status"] != "met"}
