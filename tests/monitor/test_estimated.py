"""Performance before labels: it foretells what comes, and is silent where scores lost meaning."""

import numpy as np
import pytest

from attending.monitor.estimated import NAME
from attending.monitor.run import run
from attending.monitor.sequence import tilt
from attending.statistics.auroc import auroc_interval
from attending.statistics.confidence_based import estimated_auroc
from tests.monitor import deployed as d


def estimated(x, risk, **more):
    report = run(d.SPEC, d.HELD, d.current(x, risk, **more), at=d.AT)
    return report, report.measure(NAME)


def outcomes(risk, odds=1.0, seed=4):
    y = (np.random.default_rng(seed).random(len(risk)) < tilt(risk, odds)).astype(np.int8)
    return d.outcomes(risk, y)


def test_the_interval_holds_what_comes_at_least_as_often_as_it_says():
    rng = np.random.default_rng(5)
    held = []
    for _ in range(200):
        risk = rng.beta(1.2, 6, 800)
        y = (rng.random(800) < risk).astype(np.int8)
        foretold = estimated_auroc(risk)
        held.append(foretold.low <= auroc_interval(y, risk).value <= foretold.high)
    assert np.mean(held) >= 0.93


@pytest.mark.requirement("H2")
def test_an_estimate_speaks_while_outcomes_agree_and_is_silent_when_they_do_not():
    x, risk = d.rows(1150, seed=9)
    _, alone = estimated(x, risk)
    assert alone.state == "shown"
    assert "not checked yet" in alone.why
    seen = d.rows(2500, seed=10)[1]
    report, checked = estimated(x, risk, outcomes=outcomes(seen))
    assert "agrees with what came" in checked.why
    assert checked.low < report.measure("auroc").value < checked.high
    # Calibration drifts: the estimate would still say 0.7something, and says nothing.
    _, drifted = estimated(x, risk, outcomes=outcomes(seen, odds=2.5))
    assert (drifted.state, drifted.value) == ("not_shown", None)
    assert "no longer follow the scores" in drifted.why
    # The order is lost while the mean is right: calibration in the large sees nothing.
    mixed = np.random.default_rng(6).permutation(seen)
    y = (np.random.default_rng(7).random(len(mixed)) < mixed).astype(np.int8)
    _, lost = estimated(x, risk, outcomes=d.outcomes(seen, y))
    assert lost.state == "not_shown"
    assert "no longer follow" in lost.why or "chance does not explain" in lost.why


def test_patients_who_are_harder_to_tell_apart_are_foretold_before_outcomes():
    x, risk = d.rows(6000, seed=11)
    alike = (risk > 0.12) & (risk < 0.2)  # nearly everybody of medium risk
    report, measure = estimated(x[alike], risk[alike])
    assert measure.value < d.HELD.auroc - 0.05
    found = next(one for one in report.findings if one.name == NAME)
    assert (found.drift, found.severity) == ("data", "watch")
    calm, _ = estimated(x, risk)
    assert NAME not in {one.name for one in calm.findings}
