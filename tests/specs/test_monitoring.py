"""The monitoring policy: read from YAML, refused where it would be quieter than it may be."""

from typing import get_args

import pytest
from pydantic import ValidationError

from attending.errors import BadInput
from attending.specs.change_control import FITTED_AGAIN, RemedyName, Retraining
from attending.specs.monitoring import MonitoringSpec, Rung
from attending.specs.read_yaml import parse_spec

POLICY = b"""
risk_level: high
expires: 24h
data:
  window: 14d
  psi_watch: 0.1
  psi_act: 0.2
trust:
  - {name: calibrated, measure: oe, at_least: 0.8, at_most: 1.25, severity: stop}
retraining:
  cadence: every quarter
reviews:
  - {name: outcomes, every: 90d, owner: clinical, covers: [outcomes, harms]}
"""


def read(text):
    return parse_spec(text, MonitoringSpec, name="monitoring.yaml")


def test_a_policy_is_read_with_lengths_and_defaults():
    spec = read(POLICY)
    assert spec.expires == 24 * 3600 * 1_000_000
    assert spec.data.psi_act == 0.2
    assert spec.concept.alpha == 0.005
    assert spec.reviews[0].covers == ("outcomes", "harms")
    assert spec.digest == read(POLICY).digest
    assert read(b"risk_level: low").expires == 36 * 3600 * 1_000_000


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("data: {psi_watch: 0.3, psi_act: 0.2}", "rise with severity"),
        ("concept: {oe_low: 1.1}", "oe_low lies under 1"),
        ("concept: {tolerance: 2.0}", "above the tolerance"),
        ("concept: {alpha: 0.05}", "smaller than watch_alpha"),
        ("expires: 0h", "hold for some time"),
        ("trust: [{name: a, measure: oez, at_most: 1}]", "expected 'oe'"),
        ("trust: [{name: a, measure: oe}]", "at_least or at_most"),
        ("ladder: [{severity: watch, answer: watch, action: a, owner: b}]", "no rung"),
        ("colour: red", "unknown field"),
        ("reviews: [{name: a, every: 1d, owner: b}, {name: a, every: 2d, owner: b}]", "one name"),
    ],
)
def test_what_cannot_be_meant_is_refused(text, words):
    with pytest.raises(BadInput, match=words):
        read(f"risk_level: low\n{text}".encode())


def test_a_missing_rung_takes_the_stricter_one():
    rungs = "".join(
        f"\n  - {{severity: {severity}, answer: {answer}, action: a, owner: b}}"
        for severity, answer in (
            ("info", "continue"),
            ("watch", "watch"),
            ("act", "restrict"),
            ("stop", "stop"),
        )
    )
    spec = read(f"risk_level: low\nladder:{rungs}".encode())
    assert spec.rung("concept", "act").answer == "restrict"
    assert spec.rung("data", "stop").answer == "stop"


@pytest.mark.requirement("I1")
def test_the_policy_of_change_is_held_against_label_latency_and_volatility():
    def gaps(**said):
        return Retraining.model_validate({"look_every": "90d", "latency": "31d", **said}).gaps

    assert gaps() == ()
    assert gaps(look_every="30d") == (
        "look_every is shorter than latency, so no new outcome could be known",
    )
    assert gaps(volatility="high", look_every="120d") == (
        "look_every is too rare for a place of high volatility",
    )
    with pytest.raises(ValidationError, match="one bound under 1"):
        Retraining(oe_outside=(1.1, 1.3))


@pytest.mark.requirement("I2")
def test_each_drift_has_its_own_remedies_and_workflow_is_never_fitted_away():
    spec = MonitoringSpec(risk_level="medium")
    named = {
        one
        for drift in ("data", "concept", "workflow", "unknown")
        for severity in ("info", "watch", "act", "stop")
        for one in spec.remedies(drift, severity)
    }
    assert named == set(get_args(RemedyName))
    assert "recalibrate" in spec.remedies("concept", "act")
    assert not FITTED_AGAIN & set(spec.remedies("workflow", "stop"))
    own = {"severity": "act", "answer": "freeze", "action": "Talk.", "owner": "clinical owner"}
    rung = Rung(drift="concept", remedies=("threshold",), **own)
    changed = spec.model_copy(update={"ladder": (rung, *spec.ladder)})
    assert changed.remedies("concept", "act") == ("threshold",)
    with pytest.raises(ValidationError, match="not mended by fitting"):
        Rung(drift="workflow", remedies=("retrain",), **own)
