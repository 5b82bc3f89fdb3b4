"""What lies beyond its bound and may be chance is no finding, and the verdict says so."""

import numpy as np
import pytest

from attending.monitor.data import Week, volume
from attending.monitor.run import run
from attending.monitor.verdict import decide
from attending.records.monitoring import Measure
from attending.specs.monitoring import MonitoringSpec
from tests.monitor.deployed import AT, HELD, SPEC, current, outcomes, predictions, report, rows

MONTHS = MonitoringSpec(risk_level="high", concept={"minimum_events": 20})


NO_WEEKS = HELD.model_copy(update={"weekly_mean": None, "weekly_sd": None})


def seen(*, of_chance, n=250):
    """Return the report of some outcomes, a share of which does not follow the scores at all."""
    x, risk = rows(n, seed=21)
    draw = np.random.default_rng(22)
    follow = np.where(draw.random(n) < of_chance, draw.permutation(risk), risk)
    label = (draw.random(n) < follow).astype(np.int8)
    return run(MONTHS, NO_WEEKS, current(x, risk, outcomes=outcomes(risk, label)), at=AT)


def test_a_fall_that_may_be_chance_is_said_with_what_it_would_need():
    made = seen(of_chance=0.6)
    fell = made.measure("auroc_drop")
    assert fell.bound < fell.value and "auroc" not in {one.name for one in made.findings}
    verdict = decide(MONTHS, made, at=AT)
    assert verdict.answer == "continue"
    assert "beyond its bounds" not in verdict.because
    told = f"AUROC fell by {fell.value:.2f} (bound 0.05); no finding, because with "
    assert told + f"{made.n_events} events a fall up to 0." in verdict.because
    # A fall that chance does not explain is a finding, and no excuse stands beside it.
    worse = seen(of_chance=1.0, n=1200)
    assert {"auroc"} <= {one.name for one in worse.findings}
    assert worse.measure("auroc_drop").why == ""
    assert "no finding" not in decide(MONTHS, worse, at=AT).because
    # Nothing beyond a bound: the plain sentence.
    quiet = seen(of_chance=0.0)
    assert decide(MONTHS, quiet, at=AT).because == "No monitor found anything beyond its bounds."


def test_a_quiet_verdict_does_not_pass_over_outcomes_that_are_not_judged():
    x, risk = rows(250, seed=21)
    label = np.zeros(250, np.int8)
    label[:3] = 1
    few = current(x, risk, outcomes=outcomes(risk[:40], label[:40]))
    because = decide(MONTHS, run(MONTHS, NO_WEEKS, few, at=AT), at=AT).because
    assert because == (
        "No monitor found anything beyond its bounds. Outcomes are not judged: 3 events among 40 "
        "mature outcomes, 20 are needed."
    )


def test_other_figures_that_may_be_chance_are_said_too():
    held = HELD.model_copy(update={"weekly_mean": 6.0, "weekly_sd": 3.0})
    findings, (few,) = volume(SPEC, held, last_week=Week(2))
    assert not findings and few.value < few.bound and "6 are usual; no finding" in few.why
    assert not volume(SPEC, held, last_week=Week(6))[1][0].why
    x, risk = rows(220, seed=3)
    made = current(x, risk, made=predictions(np.where(np.arange(220) < 12, 0.9, 0.1)))
    rare = HELD.model_copy(update={"alert_rate": 0.025, "n": 200})
    rate = run(SPEC, rare, made, at=AT).measure("alert_rate_ratio")
    assert rate.value > SPEC.workflow.alert_ratio_watch and "differ as much by chance" in rate.why


@pytest.mark.parametrize("places", [1, 5])
def test_a_quiet_verdict_names_three_at_most_and_counts_the_rest(places):
    unsure = tuple(
        Measure(name="auroc_drop", subject=f"S{at}", value=0.1, bound=0.05, why=f"fell {at}")
        for at in range(places)
    )
    because = decide(SPEC, report(measures=unsure), at=AT).because
    assert because.startswith("No monitor has a finding. S0: fell 0.")
    assert ("And 2 more." in because) == (places == 5)
