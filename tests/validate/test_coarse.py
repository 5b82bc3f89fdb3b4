"""What an attacker with the whole report can find out of small groups: nothing exact."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from attending.specs.validation import ValidationSpec
from attending.validate import model
from attending.validate.data import Baseline, ValidationData
from attending.validate.model import validate

SIZES = {"a": (3000, 600), "b": (400, 30), "c": (200, 5)}


@pytest.fixture(scope="module")
def rows():
    """Three groups: of `c` five have the event, which hides the events of `b` beside it."""
    rng = np.random.default_rng(8)
    outcome = np.concatenate([np.arange(n) < events for n, events in SIZES.values()]).astype(
        np.int8
    )
    group = np.repeat(list(SIZES), [n for n, _ in SIZES.values()])
    risk = np.clip(rng.beta(2, 6, outcome.size) + 0.12 * outcome, 0.001, 0.999)
    return ValidationData(
        outcome, risk, np.arange(outcome.size),
        baselines={"lace": Baseline(rng.random(outcome.size), None, "LACE")},
        groups={"ward": group.tolist()},
    )  # fmt: skip


SPEC = ValidationSpec(
    baselines=["lace"],
    subgroups=["ward"],
    high_risk_subgroups=["ward=b"],
    bootstrap={"draws": 50},
    gates=[{"gate": "subgroup_auroc_at_least", "value": 0.5, "judged_by": "estimate"}],
)


def events_that_fit(auroc, rows, *, digits):
    """Return every number of events for which the AUROC is a whole number of half pairs."""
    fits = []
    for events in range(1, rows):
        pairs = 2 * events * (rows - events)
        nearest = round(auroc * pairs) / pairs
        if round(nearest, digits) == round(auroc, digits):
            fits.append(events)
    return fits


def aurocs_of(report, name):
    """Return every AUROC that the report tells of a group."""
    told = [row.auroc.value for row in report.subgroups if row.group == name]
    told += [c.model_value for c in report.comparisons if c.group == f"ward={name}"]
    told += [c.value for gate in report.gates for c in gate.checks if c.group == f"ward={name}"]
    return [value for value in told if value is not None]


@pytest.mark.fault("X43")
def test_x43_no_ratio_tells_the_events_of_a_small_group(rows, monkeypatch):
    with monkeypatch.context() as guard_off:
        guard_off.setattr(model, "coarse", lambda report: report)
        told = validate(SPEC, rows)
    hidden = {row.group: row for row in told.subgroups}
    assert (hidden["b"].n, hidden["b"].events, hidden["c"].events) == (400, None, None)
    found = events_that_fit(hidden["b"].auroc.value, 400, digits=12)
    assert 30 in found  # the control: the ratio leaves next to nothing else
    assert len(found) < 5
    report = validate(SPEC, rows)
    values = aurocs_of(report, "b")
    assert len(values) >= 3
    for value in values:
        assert value == round(value, 3)
        assert len(events_that_fit(value, 400, digits=3)) > 100
    assert aurocs_of(report, "c") == []


def test_a_hidden_rate_of_all_rows_is_told_by_no_net_benefit():
    rng = np.random.default_rng(3)
    outcome = (np.arange(1000) < 10).astype(np.int8)
    risk = np.clip(rng.beta(1, 30, 1000) + 0.05 * outcome, 1e-4, 0.9)
    data = ValidationData(
        outcome, risk, np.arange(1000),
        baselines={"lace": Baseline(rng.random(1000), None, "LACE")},
    )  # fmt: skip
    report = validate(SPEC.model_copy(update={"subgroups": (), "gates": (),
                                              "high_risk_subgroups": ()}), data)  # fmt: skip
    assert report.events is None
    assert {row.treat_all for row in report.decision_curve} == {None}
    found = report.estimate("auroc")
    assert found is not None
    assert found.value == round(found.value, 3)


def test_figures_of_groups_that_hide_nothing_keep_their_digits(rows):
    report = validate(SPEC, rows)
    found = next(row for row in report.subgroups if row.group == "a")
    assert found.auroc.value != round(found.auroc.value, 3)


@pytest.mark.fault("X43")
def test_x43_no_two_points_of_a_curve_tell_a_small_band_between_them(rows):
    events = int(rows.outcome.sum())
    others = rows.outcome.size - events

    def bands(report):
        points = [
            (p.threshold, round(p.sensitivity * events), round((1 - p.specificity) * others))
            for p in report.curves[0].points
        ] + [
            (t.threshold, round(t.sensitivity.value * events), round(t.alert_rate.value
             * rows.outcome.size) - round(t.sensitivity.value * events))
            for t in report.thresholds if t.model == "model"
        ]  # fmt: skip
        points.sort()
        steps = [(abs(a[1] - b[1]), abs(a[2] - b[2])) for a, b in pairwise(points)]
        return [gap for step in steps for gap in step if 0 < gap < 11]

    shown = validate(SPEC.model_copy(update={"suppress_counts_up_to": 0}), rows)
    assert bands(shown)  # the control: with nothing hidden, neighbours differ by a few patients
    assert bands(validate(SPEC, rows)) == []
