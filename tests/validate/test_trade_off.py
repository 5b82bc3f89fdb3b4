from __future__ import annotations

import pytest

from attending.records.validation import Curves, Range, RocPoint
from attending.validate.trade_off import at_risk, at_workload, trade_offs
from tests.documents.example_records import report


def small(**changes):
    """A report of 1,000 rows, 200 with the event, 10 rows a day, and two points of its curve."""
    points = (
        RocPoint(threshold=0.5, sensitivity=0.25, specificity=0.975, precision=50 / 70),
        RocPoint(threshold=0.25, sensitivity=0.5, specificity=0.875, precision=0.5),
    )
    one = (
        report()
        .thresholds[0]
        .model_copy(
            update={
                "threshold": 0.25,
                "sensitivity": Range(value=0.5),
                "specificity": Range(value=0.875),
                "ppv": Range(value=0.5),
                "alert_rate": Range(value=0.2),
                "alerts_per_day": 2.0,
                "net_benefit": Range(value=0.2 / 3),
            }
        )
    )
    values = {
        "prevalence": 0.2,
        "thresholds": (one,),
        "curves": (Curves(model="model", points=points),),
    }
    return report().model_copy(update=values | changes)


def test_a_point_of_the_curve_gives_workload_and_net_benefit_by_hand():
    low, high = trade_offs(small())
    assert (low.threshold, low.asked, high.asked) == (0.25, True, False)
    # 50 found and 20 false of 1,000; 10 rows a day; a false alert costs 0.5 / 0.5 = 1.
    assert high.alert_rate == pytest.approx(0.07, abs=1e-12)
    assert high.alerts_per_day == pytest.approx(0.7, abs=1e-12)
    assert high.net_benefit == pytest.approx(0.05 - 0.02, abs=1e-12)


def test_what_the_report_says_of_a_threshold_and_what_follows_from_its_curve_agree():
    asked, *_ = trade_offs(small())
    only = (
        report()
        .thresholds[0]
        .model_copy(
            update={"threshold": 0.9, "alert_rate": Range(value=0.2), "alerts_per_day": 2.0}
        )
    )
    derived = trade_offs(small(thresholds=(only,)))[0]
    assert derived.threshold == asked.threshold
    for name in ("sensitivity", "ppv", "alert_rate", "alerts_per_day", "net_benefit"):
        assert getattr(derived, name) == pytest.approx(getattr(asked, name), abs=1e-12), name


def test_without_a_calendar_or_a_prevalence_nothing_is_made_up():
    row = small().thresholds[0].model_copy(update={"alerts_per_day": None})
    assert [one.alerts_per_day for one in trade_offs(small(thresholds=(row,)))] == [None, None]
    assert [one.threshold for one in trade_offs(small(prevalence=None))] == [0.25]
    assert trade_offs(small(thresholds=(), curves=())) == ()


def test_a_risk_takes_the_nearest_threshold_and_a_workload_what_finds_most_within_it():
    rows = trade_offs(small())
    assert at_risk(rows, 0.3).threshold == 0.25
    assert at_risk(rows, 0.375).threshold == 0.25  # the lower of two that are as near
    assert at_risk((), 0.3) is None
    assert at_workload(rows, 2.0).threshold == 0.25
    assert at_workload(rows, 1.9).threshold == 0.5
    assert at_workload(rows, 0.5) is None
