"""The monitoring policy: read from YAML, refused where it would be quieter than it may be."""

import pytest

from attending.errors import BadInput
from attending.specs.monitoring import MonitoringSpec
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
