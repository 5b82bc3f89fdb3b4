"""A model in use comes under governance: proposed, signed, entered, and watched from then on."""

from __future__ import annotations

import csv
import json
import os
import pickle
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from attending.lifecycle import credentials
from attending.lifecycle.desk import open_desk
from attending.lifecycle.intake import open_intake
from attending.lifecycle.scoring import contents_of, request_of
from attending.models.xgboost_json import read_xgboost
from attending.times import parse_instant
from attending.web.front_desk import FrontDesk
from tests.lifecycle.outside import AT, Unit, rows, write
from tests.lifecycle.test_nothing_unpickled import CONTROL, WATCH
from tests.web.visitor import visitor_of

LATER, SPRING = "2026-03-02T06:00:00Z", "2026-05-02T06:00:00Z"


@pytest.fixture
def unit(tmp_path):
    return Unit(tmp_path)


def test_it_enters_by_one_act_of_two_persons_who_did_not_propose_it(unit):
    adoption, _ = unit.adopt("--model", str(unit.model))
    assert adoption["parity"] == {"rows": 1500, "differing": 0, "largest": 0.0, "within": 1e-6}
    shown = {one["name"]: one for one in adoption["accepts"]}
    assert shown["run.replayed"]["status"] == "not_shown"
    assert "validation.gates" not in shown and "release.complete" not in shown
    page = Path(adoption["pages"]["card"]).read_text(encoding="utf-8")
    assert "a replay gave the same digests" in page and "run.replayed" not in page
    assert "accepted until 2026-08-28" in page and "Signed exception" not in page
    # Unsigned, signed by who proposed it, by one of two, under a plan that moved: closed.
    assert "adopt.unsigned" in unit.run("release", "enter", "--by", "omar", code=3)[1]
    unit.sign(adoption["digest"], "dana", "clinical_lead", code=6)
    unit.sign(adoption["digest"], "clara", "clinical_lead")
    unit.sign(adoption["digest"], "caro", "compliance_officer")
    assert "release plan" in unit.run("release", "enter", "--by", "omar", code=3)[1]
    unit.sign(adoption["release"], "omar", "operator")
    unit.spec("release", lambda text: text.replace("value: 0.3", "value: 0.4"))
    assert "adopt.stale" in unit.run("release", "enter", "--by", "omar", code=3)[1]
    unit.spec("release", lambda text: text.replace("value: 0.4", "value: 0.3"))
    stands, _ = unit.run("release", "enter", "--by", "omar")
    assert (stands["version"], stands["stage"], stands["act"]) == ("v1", "silent", "adopt")
    # Later it is shown by another act, once its silent period is over.
    unit.spec("adopt", lambda text: text.replace("stage: silent", "stage: limited"))
    assert "silent.complete failed" in unit.adopt("--model", str(unit.model), code=3)[1]
    unit.enter("--model", str(unit.model), at=SPRING)
    status, _ = unit.run("release", "status", project=False, at=SPRING)
    assert [(one["version"], one["stage"]) for one in status] == [("v1", "limited")]
    # The gate says what it would still ask; a later stage is another adoption.
    live, said = unit.run("gate", "check", "live", code=3, at=SPRING)
    assert "gate.refused" in said and live["from_stage"] == "limited"
    assert "not_shown" in {one["status"] for one in live["conditions"]}
    of = {one["name"]: one for one in live["conditions"]}
    assert of["time.availability_recorded"]["status"] == "not_shown"
    assert "the adoption accepts it until 2026-10-29" in of["time.availability_recorded"]["note"]
    assert "adopt.no_run" in unit.run("release", "advance", "live", code=3, at=SPRING)[1]


def test_a_score_is_explained_by_the_file_of_its_model_to_the_share(unit):
    unit.enter("--model", str(unit.model))
    file = write(unit.folder / "day.csv", rows(40, seed=9))
    told = unit.folder / "requests.csv"
    words = ("intake", "scores", str(file), "--requests", str(told), "--by", "omar")
    unit.run(*words, at=LATER)
    assert "adopt.requests" in unit.run(*words, at=LATER, code=2)[1]  # nothing is written over
    assert told.stat().st_mode & 0o077 == 0 and b"\r" not in told.read_bytes()
    with told.open(newline="", encoding="utf-8") as stream:
        ids = list(csv.DictReader(stream))
    assert [one["patient_id"] for one in ids] == [one["patient_id"] for one in rows(40, seed=9)]
    fitted = read_xgboost(unit.model.read_bytes())
    with open_desk(unit.home, at=parse_instant(LATER), actor="omar") as desk:
        here = {request_of(one): one for one in contents_of(desk, "icu-mortality")}
    assert {name: one["score"] for name, one in here.items()} == {
        one["request_id"]: float(one["risk"]) for one in ids
    }
    held = here[ids[3]["request_id"]]
    # Told again with the outcomes, the same scores have the same ids.
    again = unit.folder / "again.csv"
    unit.run("intake", "scores", str(file), "--requests", str(again), "--by", "omar", at=LATER)
    assert again.read_text() == told.read_text()
    found, _ = unit.run("explain", "prediction", request_of(held), "--by", "omar", at=LATER)
    values = [held["inputs"][name] for name in fitted.names]
    x = np.array([[np.nan if value is None else value for value in values]])
    shares = dict(zip(fitted.names, fitted.contributions(x)[0, :-1], strict=True))
    assert found["same_score"] and found["risk"] == pytest.approx(held["score"], abs=1e-6)
    for one in found["factors"]:
        assert one["contribution"] == pytest.approx(shares[one["feature"]], abs=1e-6)
    assert {one["feature"] for one in found["missing"]} == {
        name for name, value in held["inputs"].items() if value is None
    }
    assert found["sensitivity"] and "measured and known is not shown" in found["unknown"]
    assert unit.run("explain", "prediction", "none", "--by", "omar", at=LATER, code=2)


def test_a_feed_of_scores_says_that_no_explanation_is_shown(unit):
    unit.enter()
    file = write(unit.folder / "day.csv", rows(40, seed=9))
    unit.run("intake", "scores", str(file), "--by", "omar", at=LATER)
    with open_desk(unit.home, at=parse_instant(LATER), actor="omar") as desk:
        asked = request_of(next(contents_of(desk, "icu-mortality")))
    found, _ = unit.run("explain", "prediction", asked, "--by", "omar", at=LATER)
    assert found["outcome"] == "not_shown" and "only scores come here" in found["why"]


def test_scores_and_outcomes_of_later_days_give_a_verdict_every_day(unit):
    unit.enter("--model", str(unit.model))
    day = rows(260, seed=9)
    for at, row in enumerate(day):
        row["patient_id"] = f"D{at}"
    file = write(
        unit.folder / "day.csv", [{k: v for k, v in r.items() if k != "died"} for r in day]
    )
    taken, _ = unit.run("intake", "scores", str(file), "--by", "omar", at=LATER)
    assert (taken["new"], taken["matured"], taken["parity_rows"]) == (260, 0, 260)
    assert unit.run("intake", "scores", str(file), "--by", "omar", at=LATER)[0]["new"] == 0
    found, _ = unit.run("monitor", "run", "--by", "omar", at=LATER)
    assert found["verdict"]["answer"] == "continue"
    assert found["report"]["n_predictions"] == 260
    known = write(unit.folder / "outcomes.csv", day)
    taken, _ = unit.run("intake", "scores", str(known), "--by", "omar", at="2026-03-03T06:00:00Z")
    assert (taken["new"], taken["known"], taken["matured"]) == (0, 260, 260)
    # A score that the file of the model does not give stops the whole file, and names nobody.
    wrong = [dict(row) for row in day]
    wrong[7] |= {"patient_id": "SECRET7", "risk": "0.123456"}
    _, said = unit.run(
        "intake", "scores", str(write(unit.folder / "wrong.csv", wrong)), "--by", "omar",
        at="2026-03-03T06:00:00Z", code=3,
    )  # fmt: skip
    assert "1 of 260 scores differ" in said and "SECRET" not in said
    # A broken feed is seen in the inputs: nothing came for one of them.
    blind = [{**row, "patient_id": f"B{row['patient_id']}", "age": ""} for row in rows(260, seed=4)]
    for row in blind:
        del row["risk"], row["died"]  # without old scores ours stand in
    unit.run(
        "intake", "scores", str(write(unit.folder / "blind.csv", blind)), "--by", "omar",
        at="2026-03-04T06:00:00Z",
    )  # fmt: skip
    found, _ = unit.run("monitor", "run", "--by", "omar", at="2026-03-04T07:00:00Z")
    assert {"age"} <= {one["subject"] for one in found["report"]["findings"]}
    assert found["verdict"]["answer"] != "continue"


def test_what_is_not_shown_is_accepted_until_a_day_and_no_longer(unit):
    adoption = unit.enter("--model", str(unit.model))
    day = write(unit.folder / "day.csv", rows(220, seed=5))
    unit.run("intake", "scores", str(day), "--by", "omar", at="2026-08-20T06:00:00Z")
    assert adoption["expires_at"] == "2026-08-28T06:00:00Z"
    before, _ = unit.run("monitor", "run", "--by", "omar", at="2026-08-27T06:00:00Z")
    assert "acceptance_ended" not in {one["name"] for one in before["report"]["findings"]}
    after, _ = unit.run("monitor", "run", "--by", "omar", at="2026-08-28T06:00:00Z")
    assert "acceptance_ended" in {one["name"] for one in after["report"]["findings"]}
    assert after["verdict"]["answer"] == "fallback"  # restrict, and the plan names no site
    unit.spec("adopt", lambda text: text.replace("180d", "400d"))
    longer = unit.adopt("--model", str(unit.model), code=2, at="2026-08-28T06:00:00Z")
    assert "adopt.expiry" in longer[1]


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        (lambda row: {**row, "risk": repr(float(row["risk"]) * 0.9)}, 3, "adopt.parity"),
        (lambda row: {k: v for k, v in row.items() if k != "age"}, 2, "adopt.input"),
        (lambda row: {k: v for k, v in row.items() if k != "patient_id"}, 2, "adopt.no_patient"),
    ],
)
def test_a_file_that_is_not_the_models_is_refused_by_counts(unit, change, code, told):
    unit.history = write(unit.history, [change(row) for row in rows()])
    _, said = unit.adopt("--model", str(unit.model), code=code)
    assert told in said and "P0" not in said


def test_what_was_shown_to_fail_is_not_accepted_by_a_signature(unit):
    risks = [float(row["risk"]) for row in rows()]
    worse = np.random.default_rng(2).permutation(risks)  # ranks nobody
    unit.history = write(
        unit.history,
        [{"patient_id": row["patient_id"], "risk": repr(float(p)), "died": row["died"]}
         for row, p in zip(rows(), worse, strict=True)],
    )  # fmt: skip
    _, said = unit.adopt(code=3)
    assert "adopt.condition" in said and "validation.gates failed" in said
    unit.spec("adopt", lambda text: text.replace("stage: silent", "stage: trained"))
    adoption, _ = unit.adopt()  # before the gate that asks it, it may enter
    assert adoption["parity"] is None
    # A plan whose owner is nobody here is a gap that no signature fills.
    unit.history = write(unit.history, rows())
    unit.spec("adopt", lambda text: text.replace("stage: trained", "stage: live"))
    unit.spec("release", lambda text: text.replace("clinical: clara", "clinical: nobody"))
    assert "incidents.owners_named failed" in unit.adopt(code=3)[1]


def _mlflow(folder, files):
    """Write a run as MLflow's file store does."""
    for name, text in (
        ("meta.yaml", "run_id: 3f9a\n"), ("metrics/auc", "1 0.70 0\n2 0.81 1\n"),
        ("params/eta", "0.3"), ("tags/mlflow.user", "x"), ("tags/team", "icu"),
        ("artifacts/model/MLmodel", "flavors: {}\n"), ("artifacts/model/conda.yaml", "a: b\n"),
    ):  # fmt: skip
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for name, data in files.items():
        (folder / "artifacts" / "model" / name).write_bytes(data)
    return folder


def test_an_mlflow_run_gives_its_figures_and_its_model_where_that_runs_nothing(unit):
    run = _mlflow(unit.folder / "run", {"model.xgb": unit.model.read_bytes()})
    adoption, _ = unit.adopt("--mlflow", str(run))
    assert adoption["parity"]["rows"] == 1500
    page = Path(adoption["pages"]["card"]).read_text(encoding="utf-8")
    assert "0.81" in page and "metric auc" in page and "XGBoost JSON" in page
    told = unit.adopt("--mlflow", str(unit.folder), code=2)[1]
    assert "adopt.mlflow" in told


class _Payload:
    """Touches a file when it is unpickled."""

    def __init__(self, marker):
        self.marker = str(marker)

    def __reduce__(self):
        return (os.mkdir, (self.marker,))


@pytest.mark.fault("X06")
def test_x06_a_pickle_is_refused_with_a_recipe_and_never_read(unit):
    marker = unit.folder / "ran"
    evil = pickle.dumps(_Payload(marker))
    pickle.loads(evil)  # noqa: S301 - control: unpickling it runs code
    assert marker.is_dir()
    marker.rmdir()
    run = _mlflow(unit.folder / "run", {"model.pkl": evil})
    renamed = unit.folder / "model.bin"
    for data in (evil, b"\x1f\x8b" + evil, b"{L\x00\x00" + evil, b"tree\n" + evil):
        renamed.write_bytes(data)
        assert unit.adopt("--model", str(renamed), code=3)[1]
    program = f"""{WATCH}
from attending.cli.app import app
from attending.cli.door import through
where = ["--home", {str(unit.home)!r}, "--project", {str(unit.project)!r}, "--at", {AT!r},
         "--by", "dana"]
codes = []
for more in (["--mlflow", {str(run)!r}], ["--model", {str(unit.model)!r}]):
    words = ["adopt", {str(unit.history)!r}, *more, *where]
    codes.append(through(lambda: app(words, standalone_mode=False), argv=words))
{CONTROL}
print("SEEN", json.dumps({{"codes": codes, "quiet": quiet, "control": control}}))
from attending.cli.leaving import leave
leave(lambda: 0)
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    found = json.loads(done.stdout.partition("SEEN ")[2])
    assert found["codes"] == [3, 0], done.stderr
    assert "got a pickle, which runs code when it is read" in done.stderr
    assert 'save_model("model.json")' in done.stderr
    assert found["quiet"] == [] and "pickle.find_class" in found["control"]
    assert not marker.exists()


def test_an_interface_sends_the_same_files_over_http(unit):
    unit.enter("--model", str(unit.model))
    (unit.home / "policy").mkdir(exist_ok=True)
    (unit.home / "policy" / "intake.yaml").write_text(
        "feeds:\n  - {name: icu, kind: scores, model: icu-mortality}\n  - {name: ehr, kind: fhir}\n"
    )
    day = [{**row, "patient_id": f"D{row['patient_id']}"} for row in rows(220, seed=6)]
    body = write(unit.folder / "day.csv", day).read_bytes()
    secret = (unit.folder / "omar.secret").read_text().strip()
    at = parse_instant(LATER)
    with open_desk(unit.home, at=at, actor="omar") as desk:
        token = credentials.give_token(
            desk, "omar", secret, label="engine", scopes=("intake",), keeps=timedelta(days=1)
        )
    front = FrontDesk(root=unit.home, clock=lambda: at)
    front.intake = open_intake(unit.home, clock=lambda: at)
    try:
        words = {"authorization": f"Bearer {token}", "accept": "application/json"}
        send = partial(visitor_of(front).post, content=body)
        csv = {**words, "content-type": "text/csv"}
        said = send("/v1/intake/icu", headers=csv)
        none = dict.fromkeys(("known", "history", "before", "changed"), 0)
        assert (said.status_code, said.json()) == (200, {"rows": 220, "new": 220, **none})
        assert send("/v1/intake/icu", headers=csv).json()["known"] == 220
        assert send("/v1/intake/ehr", headers=csv).status_code == 422
        wrong = body.replace(b"0.", b"0.9", 1)
        refused = visitor_of(front).post("/v1/intake/icu", content=wrong, headers=csv)
        assert refused.json()["code"] == "adopt.parity"
        assert send("/v1/intake/icu", headers={"content-type": "text/csv"}).status_code == 401
    finally:
        front.intake.home.close()
