"""G20: a run whose validation fails, or shows too little, is not promoted, and is told why."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from attending.errors import BadInput
from attending.lifecycle.desk import keep, open_desk
from attending.records.validation import ModelRef
from attending.specs.validation import ValidationSpec
from attending.times import parse_instant
from attending.validate.model import validate
from tests.faults.conftest import AT
from tests.lifecycle.study import Study
from tests.validate.conftest import make_ward

PLAN = {
    "baselines": ["lace"],
    "thresholds": [0.2],
    "subgroups": ["age", "site"],
    "high_risk_subgroups": ["age=80+"],
    "decision_curve": {"low": 0.2, "high": 0.2},
    "bootstrap": {"draws": 100},
}
POOLED = {"gate": "beats_baseline", "baseline": "lace"}
BY_SITE = {"gate": "subgroup_observed_expected", "attributes": ["site"], "judged_by": "estimate"}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    made = Study(tmp_path_factory.mktemp("gates"))
    made.ingest(made.extract())
    made.commit()
    made.fit()
    made.stand_at_trained()
    return made


def at_site(ward, risk):
    """Return the ward with other risks at its smaller site, which the pooled figures hardly see."""
    north = np.array([site == "north" for site in ward.site]) & (np.arange(len(ward.site)) % 4 == 0)
    return replace(
        ward,
        risk=np.where(north, risk(ward.risk), ward.risk),
        groups={**ward.groups, "site": np.where(north, "north", "south").tolist()},
        site=np.where(north, "north", "south").tolist(),
    )


def thinned(ward):
    """Return the ward with eight events left among the oldest."""
    old = np.array([age == "80+" for age in ward.groups["age"]])
    gone = np.flatnonzero(old & (ward.outcome == 1))[8:]
    outcome = ward.outcome.copy()
    outcome[gone] = 0
    return replace(ward, outcome=outcome)


def first(ward, rows):
    lace = ward.baselines["lace"]
    return replace(
        ward,
        outcome=ward.outcome[:rows],
        risk=ward.risk[:rows],
        cluster=ward.cluster[:rows],
        baselines={"lace": replace(lace, score=lace.score[:rows], risk=lace.risk[:rows])},
        groups={name: values[:rows] for name, values in ward.groups.items()},
        prediction_time=ward.prediction_time[:rows],
        site=ward.site[:rows],
    )


def decided(study, data, *gates):
    """Return how the condition on validation stands once a crafted report is the run's newest."""
    with open_desk(study.home, at=parse_instant(AT)) as desk:
        about = ModelRef(name="readmission-30d", run=study.run_digest)
        report = validate(ValidationSpec(**PLAN, gates=gates), data, about=about)
        keep(desk, report, action="validate.model", keys={"run": study.run_digest})
    gate = study.asked("gate", "check", "validated", code=3).json
    (found,) = (one for one in gate["conditions"] if one["name"] == "validation.gates")
    return found["status"], found["note"]


@pytest.mark.fault("G20")
def test_g20_a_failed_or_unshown_validation_stops_the_promotion_by_name_seven_of_seven(study):
    ward = make_ward()
    poor = at_site(ward, lambda risk: np.minimum(2.5 * risk, 0.95))
    extreme = replace(ward, risk=1.0 / (1.0 + np.exp(-2.5 * np.log(ward.risk / (1 - ward.risk)))))
    # Control: whoever asks only whether the pooled model beats LACE lets every one of them pass.
    for data in (ward, poor, extreme, thinned(ward)):
        assert decided(study, data, POOLED) == ("met", "")
    # Guard: each is named, and too little is never "met".
    age = {"gate": "subgroup_not_worse", "groups": ["age=80+"]}
    slope = {"gate": "calibration_slope", "low": 0.8, "high": 1.2}
    within = {"gate": "observed_expected", "low": 0.85, "high": 1.18}
    burden = {"gate": "alert_burden", "per_day_at_most": 1}
    answers = [
        decided(study, ward),
        decided(study, thinned(ward), POOLED, age),
        decided(study, first(ward, 500), within),
        decided(study, poor, POOLED, BY_SITE),
        decided(study, extreme, POOLED, slope),
        decided(study, ward, POOLED, burden),
    ]
    assert answers == [
        ("not_shown", "not shown: no gates"),
        ("not_shown", "not shown: subgroup_not_worse (age=80+)"),
        ("not_shown", "not shown: observed_expected"),
        ("failed", "failed: subgroup_observed_expected (site=north)"),
        ("failed", "failed: calibration_slope"),
        ("failed", "failed: alert_burden"),
    ]
    assert decided(study, ward, within) == ("met", "")
    with pytest.raises(BadInput) as refused:
        validate(ValidationSpec(**PLAN, gates=[POOLED]), replace(ward, baselines={}))
    assert refused.value.code == "validate.no_baseline"
    decided(study, ward, POOLED, burden)
    said = study.told("release", "advance", "validated", code=3)
    assert "validation.gates" in said.err
    assert "alert_burden" in said.err
