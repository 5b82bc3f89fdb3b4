"""Thresholds, decision curve and workload, and the subgroups, with small counts left out."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from attending.errors import BadInput
from attending.specs.read_yaml import parse_spec
from attending.specs.validation import ValidationSpec
from attending.statistics.threshold_metrics import counts_at
from attending.validate.model import validate

ASK = {
    "baselines": ["lace"],
    "thresholds": [0.2, {"alerts_per_day": 3}, {"alerts_per_100": 15}],
    "subgroups": ["age", "sex", "language"],
    "decision_curve": {"low": 0.1, "high": 0.3, "step": 0.1},
    "bootstrap": {"draws": 100},
}


@pytest.fixture(scope="module")
def report(ward):
    return validate(ValidationSpec(**ASK), replace(ward, patient_days=30_000.0))


@pytest.mark.requirement("E7")
def test_a_threshold_shows_what_it_finds_and_misses(report, ward):
    row = next(r for r in report.thresholds if r.model == "model" and r.rule == "risk")
    found = counts_at(ward.outcome, ward.risk, threshold=0.2)
    assert row.sensitivity.value == pytest.approx(found.tp / (found.tp + found.fn))
    assert row.specificity.value == pytest.approx(found.tn / (found.tn + found.fp))
    assert row.ppv.value == pytest.approx(found.tp / found.flagged)
    assert row.npv.value == pytest.approx(found.tn / (found.tn + found.fn))
    assert row.nne == pytest.approx(found.flagged / found.tp)
    assert row.ppv.low < row.ppv.value < row.ppv.high
    text = b"baselines: [lace]\nthresholds: [20]"
    with pytest.raises(BadInput) as refusal:
        parse_spec(text, ValidationSpec, name="validation.yaml")
    assert "less than 1" in refusal.value.message


@pytest.mark.requirement("E10")
def test_a_capacity_gives_a_threshold_and_says_what_the_ward_will_get(report, ward):
    row = next(r for r in report.thresholds if r.model == "model" and r.rule == "alerts_per_day")
    days = 365
    flagged = np.count_nonzero(ward.risk >= row.threshold)
    assert flagged <= 3 * days
    assert row.alerts_per_day == pytest.approx(flagged / days, rel=0.01)
    assert row.busy_day >= row.alerts_per_day
    assert row.alerts_per_100_patient_days == pytest.approx(flagged / 300)
    share = next(r for r in report.thresholds if r.rule == "alerts_per_100")
    assert share.alert_rate.value == pytest.approx(0.15, abs=1e-3)
    gate = {"gate": "alert_burden", "per_day_at_most": 1.0}
    blocked = validate(ValidationSpec(**ASK, gates=[gate]), ward)
    assert blocked.gates[0].outcome == "failed"


@pytest.mark.requirement("E8")
def test_the_decision_curve_stands_against_all_none_and_the_score(report, ward):
    assert [row.threshold for row in report.decision_curve] == [0.1, 0.2, 0.3]
    for row in report.decision_curve:
        assert row.model.value > max(row.treat_all, 0.0)
        assert row.model.value > row.baselines["lace"]
        assert row.model.low < row.model.value < row.model.high
        assert row.treat_none == 0.0
    with pytest.raises(BadInput, match="expected high"):
        parse_spec(
            b"baselines: [lace]\ndecision_curve: {low: 0.5, high: 0.1}",
            ValidationSpec,
            name="validation.yaml",
        )


def test_curves_and_histogram_cover_all_rows(report, ward):
    points = report.curves[0].points
    assert len(points) <= 200
    assert points[-1].sensitivity == 1.0
    assert all(a.sensitivity <= b.sensitivity for a, b in pairwise(points))
    assert sum(bar.events or 0 for bar in report.histogram) <= ward.outcome.sum()


@pytest.mark.requirement("E9")
def test_every_group_is_measured_and_one_too_small_is_called_insufficient(report, ward):
    rows = {(row.attribute, row.group): row for row in report.subgroups}
    assert set(rows) == {
        *(("age", age) for age in ("18-64", "65-79", "80+")),
        *(("sex", sex) for sex in ("F", "M")),
        *(("language", language) for language in ("ENGLISH", "missing")),
    }
    old, young = rows["age", "80+"], rows["age", "18-64"]
    mask = np.array([age == "80+" for age in ward.groups["age"]])
    assert (old.n, old.events) == (int(mask.sum()), int(ward.outcome[mask].sum()))
    assert old.auroc.low < old.auroc.value < old.auroc.high
    assert young.reference
    assert old.auroc_gap.value == pytest.approx(old.auroc.value - young.auroc.value)
    assert old.sensitivity_gap.low < 0 < old.sensitivity_gap.high
    few = rows["language", "missing"]
    assert (few.status, few.n, few.events, few.auroc.value) == ("insufficient", None, None, None)
    with pytest.raises(BadInput, match="attribute 'colour'"):
        validate(ValidationSpec(**{**ASK, "subgroups": ["colour"]}), ward)


def test_what_a_small_group_hides_cannot_be_had_from_the_other(report):
    english = next(row for row in report.subgroups if row.group == "ENGLISH")
    assert (english.n, english.events, english.suppressed) == (None, None, True)
    assert english.prevalence is None
    assert english.auroc.value is not None  # a ranking tells no count


def numbers(value):
    """Every whole number of a report, with the field that holds it."""
    if isinstance(value, dict):
        for key, item in value.items():
            if isinstance(item, int) and not isinstance(item, bool):
                yield key, item
            yield from numbers(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from numbers(item)


def small_counts(report):
    counts = {"n", "events", "non_events", "rows", "missing", "patients", "clipped"}
    return [(k, v) for k, v in numbers(report.content()) if k in counts and 1 <= v <= 10]


def test_no_count_from_one_to_ten_stands_anywhere_in_a_report(ward):
    rows = slice(0, 400)
    lace = ward.baselines["lace"]
    some = replace(
        ward,
        outcome=ward.outcome[rows],
        risk=ward.risk[rows],
        cluster=ward.cluster[rows],
        baselines={"lace": replace(lace, score=lace.score[rows], risk=lace.risk[rows])},
        groups={name: values[rows] for name, values in ward.groups.items()},
        prediction_time=ward.prediction_time[rows],
        site=ward.site[rows],
    )
    shown = validate(ValidationSpec(**ASK, suppress_counts_up_to=0), some)
    assert small_counts(shown)  # without the guard they are there
    hidden = validate(ValidationSpec(**ASK), some)
    assert small_counts(hidden) == []
    events = hidden.events
    for row in hidden.thresholds:
        if row.sensitivity.value is not None:
            assert round(row.sensitivity.value * events) > 10
