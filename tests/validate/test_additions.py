"""The model beside a baseline: added to it, and beside decisions that people took."""

from dataclasses import replace

import numpy as np
import pytest

from attending.errors import BadInput
from attending.specs.validation import ValidationSpec
from attending.validate.data import Baseline
from attending.validate.model import validate
from tests.validate.conftest import N, expit

ASK = {
    "thresholds": [0.2],
    "decision_curve": {"low": 0.2, "high": 0.2},
    "bootstrap": {"draws": 100},
}
LACE = {**ASK, "baselines": ["lace"]}
EITHER = {"gate": "better_or_adds", "baseline": "lace"}


def either(data, **more):
    report = validate(ValidationSpec(**LACE, gates=[{**EITHER, **more}]), data)
    return report.gates[0].outcome, report.gates[0].reason


@pytest.fixture(scope="module")
def two_causes():
    """An outcome of two causes: the baseline sees the stronger, the model only the weaker."""
    rng = np.random.default_rng(12)
    strong, weak = rng.normal(0, 1.2, N), rng.normal(0, 0.7, N)
    outcome = (rng.random(N) < expit(-1.8 + strong + weak)).astype(np.int8)
    lace = Baseline(np.round(9 + 2 * strong), expit(-1.8 + strong), "LACE")
    from attending.validate.data import ValidationData

    return ValidationData(outcome, expit(-1.6 + weak), np.arange(N), baselines={"lace": lace})


@pytest.mark.requirement("E1")
def test_a_model_that_is_worse_but_adds_passes_and_the_gate_says_so(two_causes, ward):
    beaten = {"gate": "beats_baseline", "baseline": "lace"}
    worse = validate(ValidationSpec(**LACE, gates=[beaten]), two_causes)
    assert worse.gates[0].outcome == "failed"
    assert either(two_causes) == ("met", "adds_to_the_baseline")
    assert either(ward) == ("met", "beats_and_adds")
    copy = replace(two_causes, risk=two_causes.baselines["lace"].risk)
    assert either(copy)[0] == "not_shown"
    noise = replace(two_causes, risk=np.random.default_rng(1).uniform(0.05, 0.4, N))
    assert either(noise)[0] != "met"


def test_the_addition_is_shown_with_its_interval_and_its_net_benefit(two_causes):
    row = validate(ValidationSpec(**LACE), two_causes).increments[0]
    assert row.auroc_both > row.auroc_alone
    assert 0 < row.auroc_gained.low < row.auroc_gained.value < row.auroc_gained.high
    assert row.brier_gained.low > 0
    assert row.net_benefit_gained["0.2"].value > 0
    assert row.p < 1e-6
    assert row.coefficient.low > 0


def test_a_baseline_with_one_value_has_no_fit_and_shows_nothing(ward):
    flat = Baseline(np.full(N, 3.0), None, "LACE")
    row = validate(ValidationSpec(**LACE), replace(ward, baselines={"lace": flat})).increments[0]
    assert row.auroc_gained.value is None


DECIDED = {**ASK, "baselines": [{"name": "called", "decision": True}]}


@pytest.fixture(scope="module")
def called(ward):
    """Whom the ward called: those with a high LACE, four in five of the time."""
    chance = np.random.default_rng(2).random(N) < 0.8
    acted = ((ward.baselines["lace"].score >= 12) & chance).astype(float)
    acted[:40] = np.nan
    return replace(ward, baselines={"called": Baseline(acted, None, "called", decision=True)})


def test_decisions_are_met_at_as_many_alerts_and_at_as_many_found(called):
    report = validate(ValidationSpec(**DECIDED), called)
    alerts, found = report.decisions
    known = ~np.isnan(called.baselines["called"].score)
    acted = called.baselines["called"].score[known] == 1
    outcome, risk = called.outcome[known], called.risk[known]
    assert np.count_nonzero(risk >= alerts.threshold) <= acted.sum()
    assert alerts.decision_value == pytest.approx(acted[outcome == 1].mean())
    assert alerts.model_value == pytest.approx((risk[outcome == 1] >= alerts.threshold).mean())
    assert (alerts.verdict, found.verdict) == ("better", "better")
    assert (risk[outcome == 1] >= found.threshold).mean() >= alerts.decision_value
    assert found.model_value < found.decision_value == pytest.approx(acted.mean())
    assert alerts.rows == N - 40


def test_the_gate_passes_on_decisions_and_a_model_that_guesses_is_refused(called):
    gate = {"gate": "better_or_adds", "baseline": "called"}
    report = validate(ValidationSpec(**DECIDED, gates=[gate]), called)
    assert (report.gates[0].outcome, report.gates[0].reason) == ("met", "beats_and_adds")
    guess = replace(called, risk=np.random.default_rng(3).permutation(called.risk))
    assert validate(ValidationSpec(**DECIDED, gates=[gate]), guess).gates[0].outcome != "met"


def test_the_net_benefit_of_decisions_is_weighed_at_the_agreed_threshold(called):
    report = validate(ValidationSpec(**DECIDED), called)
    row = next(
        c for c in report.comparisons if c.measure == "net_benefit" and c.baseline == "called"
    )
    known = ~np.isnan(called.baselines["called"].score)
    acted, outcome = called.baselines["called"].score[known] == 1, called.outcome[known]
    by_hand = ((acted & (outcome == 1)).sum() - (acted & (outcome == 0)).sum() * 0.25) / acted.size
    assert row.baseline_value == pytest.approx(by_hand)
    assert row.threshold == 0.2


def test_decisions_that_are_not_zero_or_one_are_refused(called):
    wrong = Baseline(np.full(N, 2.0), None, "called", decision=True)
    with pytest.raises(BadInput, match="6000 of its values are not 0 or 1"):
        validate(ValidationSpec(**DECIDED), replace(called, baselines={"called": wrong}))
