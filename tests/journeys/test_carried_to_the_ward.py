"""A carried model that fits badly here is recalibrated, and walks gate by gate to *live*."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from attending.hospital import risk
from attending.lifecycle import simulating
from attending.lifecycle.desk import open_desk
from attending.lifecycle.examples import copy_example
from attending.stores.bundle_files import unpacked
from attending.times import format_instant, parse_instant
from tests.faults.conftest import AT, Said
from tests.journeys.conftest import commit
from tests.journeys.test_carry import Other
from tests.lifecycle.study import Study

if TYPE_CHECKING:
    from pathlib import Path

#: Each hospital's own.
_OWN = ("contract", "release", "monitoring", "deployer", "card")
_CLARA, _CARO = ("clara", "clinical_lead"), ("caro", "compliance_officer")
_OMAR, _ERIK, _NORA = ("omar", "operator"), ("erik", "data_engineer"), ("nora", "nurse_leader")
_CORA = ("cora", "clinical_lead")


class Second(Other):
    """The second hospital; every verb is a minute later than the one before."""

    hospital = ("--patients", "900", "--seed", "27", "--years", "3", "--until", AT)

    def __init__(self, folder: Path) -> None:
        self.now = parse_instant(AT)
        super().__init__(folder)
        with open_desk(self.home, at=self.now) as desk:
            self.secrets |= simulating.add_persons(desk, simulating.TOUR_PERSONS)

    def asked(self, *args: str, code: int = 0) -> Said:
        """Run one verb on this home and project, by the command line."""
        self.now += timedelta(minutes=1)
        where = ["--home", str(self.home), "--at", format_instant(self.now)]
        if args[0] not in {"ingest", "sign"}:
            where += ["--project", str(self.project)]
        return self.run(*args, *where, "--json", code=code)

    def sign(self, digest: str, who: tuple[str, str], meaning: str = "approval") -> None:
        """Sign a document with a passphrase of one's own."""
        person, role = who
        self.asked(
            "sign", digest, "--as", person, "--role", role, "--meaning", meaning,
            "--statement", "I have read it.", "--passphrase-file", self.secret(person),
        )  # fmt: skip

    def secret(self, person: str) -> str:
        """Return where a person's passphrase stands."""
        secret = self.folder / f"{person}.secret"
        secret.write_text(self.secrets[person])
        secret.chmod(0o600)
        return str(secret)

    def day(self, at: str) -> str:
        """Score and watch on a later day, on what the hospital gave by then; return the answer."""
        self.now = parse_instant(at)
        folder = self.folder / f"extract-{at[:10]}"
        self.run("hospital", "write", str(folder), *self.hospital, "--until", at)
        self.ingest(folder)
        assert self.asked("score", "--by", "omar").json["batch"]["n"] > 0
        return str(self.asked("monitor", "run", "--by", "omar").json["verdict"]["answer"])

    def open(self, stage: str) -> set[str]:
        """Return what the gate before a stage still asks."""
        said = self.asked("gate", "check", stage, code=3).json
        return {one["name"] for one in said["conditions"] if one["status"] != "met"}

    def refused(self, stage: str, condition: str) -> None:
        """See a stage refused, with the condition named that is not met."""
        told = self.asked("release", "advance", stage, "--by", "omar", code=3).err
        assert "gate.refused" in told and condition in told

    def advance(self, stage: str) -> str:
        """Return the version that entered a stage."""
        stands = self.asked("release", "advance", stage, "--by", "omar").json
        assert stands["stage"] == stage
        return str(stands["version"])


@pytest.fixture
def bundle(tmp_path):
    """A model's file and the keys of the hospital that made it."""
    ward = Study(tmp_path / "first", patients=900)
    ward.ingest(ward.extract())
    ward.commit()
    ward.fit()
    ward.asked("validate", "model")
    ward.asked("card", "build")
    ward.stand_at_trained()
    path, keys = tmp_path / "model.tar", tmp_path / "keys.txt"
    ward.asked("release", "bundle", "export", str(path))
    keys.write_bytes(unpacked(path.read_bytes())["keys.txt"])
    return path, keys


def test_a_recalibrated_carried_model_walks_this_hospitals_gates_and_is_shown_to_nobody_before(
    bundle, tmp_path, monkeypatch
):
    # More patients come back here than where the model was made.
    monkeypatch.setattr(risk, "_INTERCEPT", -3.0)
    there = Second(tmp_path / "second")
    path, keys = bundle
    into = ("--keys", str(keys), "--into", str(there.project), "--by", "dana")
    where = ("--home", str(there.home), "--at", AT)
    there.run("release", "bundle", "import", str(path), *into, *where)
    for name in _OWN:
        source = copy_example("readmission-synthetic", tmp_path / name) / f"{name}.yaml"
        (there.project / f"{name}.yaml").write_bytes(source.read_bytes())
    there.specs("validation", _small)
    there.specs("monitoring", _few)
    there.specs("release", lambda spec: spec["stages"][1].update(at_least="14d"))
    run, held = _recalibrated(there)
    _trained(there, run, held)
    card = _validated(there)
    _silent(there, held)
    silent = _silent_days(there)
    _limited(there, held, silent)
    _live(there, card)


def _small(spec: Any) -> None:
    """Ask of a small hospital what it can show, calibration among it."""
    told = {"low": 0.05, "high": 50.0, "judged_by": "estimate"}
    gates = [{"gate": name, **told} for name in ("calibration_slope", "observed_expected")]
    spec["gates"] = [{"gate": "minimum_events", "events": 10, "non_events": 10}, *gates]
    few = "too few patients"
    spec["explanations"] = {"leave_out": {"bootstrap_refits": few, "half_refits": few}}


def _few(spec: Any) -> None:
    spec["retraining"].update(minimum_events=20)


def _recalibrated(there: Second) -> tuple[str, dict[str, str]]:
    """Fit the carried model moved along the signed line; return its run and the specs to sign."""
    there.asked("validate", "later")
    line = there.asked("run", "recalibrate").json
    assert line["update"] == "intercept" and line["intercept"] > 0.2
    there.sign(line["digest"], _CLARA)

    def moved(spec: Any) -> None:
        spec.update(YAML().load(line["block"]))
        spec["split"].update(test_from=line["until"][:10] + "T23:59:59Z", tuning_fraction=0.35)

    there.specs("model", moved)
    commit(there.project)
    assert "agreement.signers" in there.asked("agree", "--by", "dana", code=2).err
    plan = there.asked("agree", "--signer", "clara", "--by", "dana").json
    there.sign(plan["digest"], _CLARA)
    there.study()
    run = there.asked("train", "fit").json
    # The model came along to the byte; only its line is new.
    assert not run["exploratory"]
    for verb in (("validate", "model"), ("run", "replay"), ("features", "parity")):
        there.asked(*verb)
    return str(run["digest"]), dict(there.asked("release", "propose", "--by", "dana").json)


def _trained(there: Second, run: str, held: dict[str, str]) -> None:
    assert there.open("trained") == {"data.access_reviewed", "signed.run.data_engineer"}
    there.sign(held["data_access"], _CARO)
    there.sign(run, _ERIK, "review")
    assert there.advance("trained") == "v2"


def _validated(there: Second) -> str:
    """Return the digest of the card that the clinical sign-off rests on."""
    stable = there.asked("explain", "stability").json["digest"]
    card = there.asked("card", "build").json
    assert card["missing"] == []
    # The card says that only a line was fitted here, and of whose model.
    (said,) = [one["says"] for one in card["training"] if one["label"] == "Recalibrated"]
    assert said.startswith("The model that came from another hospital is kept as it was (run ")
    assert {one["owner"] for one in card["inputs"]} == {"Dana Reyes"}
    report = there.asked("validate", "model").json["digest"]
    threshold = there.asked("release", "propose", "--by", "dana").json["threshold"]
    assert "threshold.agreed" in there.open("validated")
    for digest in (stable, threshold, report, card["digest"]):
        there.sign(digest, _CLARA)
    there.sign(report, _CARO, "review")
    # No input of the carried model shows on so few patients that it weighs more than chance.
    assert there.open("validated") == {"explanation.stable"}
    exception = there.asked(
        "gate", "except", "explanation.stable", "--reason", "900 patients are too few to tell",
        "--compensation", "It is tried again each quarter", "--expires", "2026-01-01T00:00:00Z",
        "--by", "dana",
    ).json["digest"]  # fmt: skip
    there.sign(exception, _CLARA)
    assert there.open("validated") == {"explanation.stable"}
    there.sign(exception, _CARO)
    there.advance("validated")
    return str(card["digest"])


def _silent(there: Second, held: dict[str, str]) -> None:
    assert "calibration.here" not in there.open("silent")
    there.asked("release", "drill", "--by", "caro")
    there.asked("monitor", "reference", "--by", "omar")
    there.sign(held["release"], _OMAR, "responsibility")
    there.sign(held["release"], _CARO)
    assert "release.not_serving" in _pack(there, code=3)
    there.advance("silent")
    assert "refused" in _pack(there, code=3)


def _pack(there: Second, *, code: int) -> str:
    """Print what a ward would have in its hand; nothing is shown before *limited*."""
    out = there.folder / f"pack-{there.now:%H%M}.html"
    said = there.asked("document", "downtime", "CITY", "--out", str(out), "--by", "nora", code=code)
    return said.err


def _silent_days(there: Second) -> dict[str, Any]:
    """Live through the silent period; return its report."""
    assert there.day("2024-03-20T06:00:00Z") == "continue"
    assert {"silent.complete", "silent.gates"} <= there.open("limited")
    there.refused("limited", "silent.complete")
    there.day("2024-04-20T06:00:00Z")
    assert there.day("2024-05-20T06:00:00Z") == "continue"
    silent = dict(there.asked("validate", "silent", "--by", "dana").json)
    assert silent["matured"] > 50 and set(silent["gates"].values()) == {"met"}
    return silent


def _limited(there: Second, held: dict[str, str], silent: dict[str, Any]) -> None:
    """Meet what persons, papers and years can; each that is not met is named."""
    there.refused("limited", "policy.tried")
    tried = there.asked("monitor", "simulate", "--years", "20", "--runs", "1", "--by", "omar").json
    assert tried["wrong_stops"] == 0
    # At a patient a day chance asks for more than two acts a year: the home says what it bears.
    assert tried["actionable_per_year"] > 2
    there.refused("limited", "policy.tried")
    (there.home / "policy" / "notify.yaml").write_text("budget: {act: 12}\n")
    papers = {one["paper"]: one["digest"] for one in _papers(there)}
    there.refused("limited", "training.ready")
    for user, role in (("n.okafor", "discharge nurse"), ("l.weber", "care coordinator")):
        there.asked("document", "trained", user, "--role", role, "--by", "nora")
    for digest, who, meaning, before in (
        (held["training_material"], _NORA, "approval", "training.ready"),
        (papers["role_guide"], _NORA, "approval", "training.ready"),
        (held["retraining"], _CLARA, "approval", "change.agreed"),
        (papers["safety_case"], _CLARA, "approval", "safety.argued"),
        (papers["downtime"], _OMAR, "approval", "downtime.ready"),
        (papers["workflow"], _NORA, "approval", "workflow.confirmed"),
        (silent["digest"], _OMAR, "review", "signed.silent_report.operator"),
        (silent["digest"], _CLARA, "approval", "signed.silent_report.clinical_lead"),
        (silent["digest"], _NORA, "review", "signed.silent_report.nurse_leader"),
        (held["release"], _CLARA, "approval", "signed.release.clinical_lead"),
    ):
        # As long as one is not signed, the gate is closed and says which.
        there.refused("limited", before)
        there.sign(digest, who, meaning)
    assert "gate.order" in there.asked("release", "advance", "live", code=3).err
    assert "downtime.not_shown" in _pack(there, code=3)
    assert there.advance("limited") == "v2"
    _pack(there, code=0)


def _live(there: Second, card: str) -> None:
    """Score every night of the limited period; what it left open is closed one by one."""
    there.refused("live", "limited.complete")
    for night in range(1, 16):
        at = parse_instant("2024-05-20T06:00:00Z") + timedelta(days=night)
        answer = there.day(format_instant(at))
    # Nobody recorded a review: it is owed, and seen.
    assert answer == "watch"
    for task, who in (("operation today", "omar"), ("drift and feedback", "dana")):
        there.refused("live", "reviews.current")
        there.asked(
            "review", "record", task, "--as", who, "--finding", "In order",
            "--passphrase-file", there.secret(who),
        )  # fmt: skip
    there.refused("live", "audit.verified")
    there.run("audit", "checkpoint", "--home", str(there.home), "--at", format_instant(there.now))
    # What clara signed before silent is older than this gate takes.
    there.refused("live", "signed.card.clinical_lead")
    there.sign(card, _CORA)
    # Whoever has the report made does not answer for it.
    watched = there.asked("monitor", "run", "--by", "dana").json
    assert watched["verdict"]["answer"] == "continue"
    for signer, meaning in ((_CLARA, "approval"), (_OMAR, "responsibility"), (_CARO, "approval")):
        there.refused("live", f"signed.monitoring_report.{signer[1]}")
        there.sign(watched["digest"], signer, meaning)
    assert there.advance("live") == "v2"
    stands = {one["version"]: one["stage"] for one in there.asked("release", "status").json}
    assert (stands["v1"], stands["v2"]) == ("trained", "live")


def _papers(there: Second) -> list[dict[str, str]]:
    return list(there.asked("document", "write", "--by", "dana").json)
