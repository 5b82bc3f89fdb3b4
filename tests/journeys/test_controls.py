"""Negative controls as a user makes them: what must never pass.

That a plan without its high-risk groups is not the plan that was signed is shown in
`test_validation`.
"""

from __future__ import annotations

import contextlib
import csv
import io
import json

import numpy as np
import pytest

from attending.cli.app import app
from attending.cli.door import through
from tests.validate.conftest import make_ward

PLAN = """
baselines: [lace]
thresholds: [0.2]
subgroups: [age]
high_risk_subgroups: ["age=80+"]
decision_curve: {low: 0.2, high: 0.2}
bootstrap: {draws: 60}
gates:
  - {gate: beats_baseline, baseline: lace}
  - {gate: adds_to_baseline, baseline: lace}
  - {gate: better_or_adds, baseline: lace}
  - {gate: calibration_slope}
  - {gate: subgroup_not_worse}
"""


@pytest.fixture(scope="module")
def ward():
    return make_ward()


def judged(folder, ward, *, outcome=None, risk=None, kept=None):
    """Return what the command says of a file of the ward: its gates, and its words by gate."""
    outcome = ward.outcome if outcome is None else outcome
    risk = ward.risk if risk is None else risk
    lace = ward.baselines["lace"]
    path = folder / "scores.csv"
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["patient_id", "risk", "outcome", "baseline_lace", "group_age"])
        for k in range(outcome.size) if kept is None else kept:
            cells = [f"{risk[k]:.6f}", int(outcome[k]), int(lace.score[k]), ward.groups["age"][k]]
            writer.writerow([ward.cluster[k], *cells])
    (folder / "plan.yaml").write_text(PLAN, encoding="utf-8")
    out, asked = io.StringIO(), ["validate", "predictions", str(path)]
    asked += ["--spec", str(folder / "plan.yaml")]
    with contextlib.redirect_stdout(out):
        assert through(lambda: app(asked, standalone_mode=False), argv=asked) == 0
    report = json.loads((folder / "scores.validation.json").read_text(encoding="utf-8"))["report"]
    gates = {gate["gate"]: gate for gate in report["gates"]}
    lines = out.getvalue().splitlines()
    return gates, {name: " ".join(line for line in lines if name in line) for name in gates}


def old(ward):
    return np.array([age == "80+" for age in ward.groups["age"]])


def test_the_labels_of_one_high_risk_group_spoilt_refuse_it_by_its_name(tmp_path, ward):
    sound, _ = judged(tmp_path, ward)
    assert {name: gate["outcome"] for name, gate in sound.items()} == dict.fromkeys(sound, "met")
    # Those whom only the model takes for likely to come back are said not to have, and so on.
    lace = ward.baselines["lace"].risk
    spoilt = old(ward) & (np.abs(ward.risk - lace) > 0.15)
    labels = np.where(spoilt, np.where(ward.risk > lace, 0, 1), ward.outcome)
    found, said = judged(tmp_path, ward, outcome=labels)
    group = found["subgroup_not_worse"]
    assert (group["outcome"], group["reason"]) == ("failed", "shown_worse")
    assert [check["group"] for check in group["checks"]] == ["age=80+"]
    # Control: over all patients the model still wins, so no other gate of comparison stops it.
    assert found["beats_baseline"]["outcome"] == "met"
    assert "failed" in said["subgroup_not_worse"]
    assert "age=80+" in said["subgroup_not_worse"]


def test_the_group_thinned_to_eight_events_is_not_shown(tmp_path, ward):
    events = np.flatnonzero(old(ward) & (ward.outcome == 1))[8:]
    kept = np.setdiff1d(np.arange(ward.outcome.size), events)
    found, said = judged(tmp_path, ward, kept=kept)
    group = found["subgroup_not_worse"]
    assert (group["outcome"], group["reason"]) == ("not_shown", "too_few_events")
    assert "not_shown" in said["subgroup_not_worse"]
    assert "age=80+" in said["subgroup_not_worse"]


def test_risks_dealt_to_other_patients_pass_no_gate(tmp_path, ward):
    mixed = np.random.default_rng(1).permutation(ward.risk)
    found, _ = judged(tmp_path, ward, risk=mixed)
    assert "met" not in {gate["outcome"] for gate in found.values()}
