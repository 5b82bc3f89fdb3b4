"""Validation of numbers: gates that are met, failed or not shown, and what may not be seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from attending.documents.validation_report import validation_report
from attending.errors import BadInput
from attending.specs.validation import ValidationSpec
from attending.statistics.number_bootstrap import Predicted
from attending.validate.number_baseline import score_as_number, unit_mean
from attending.validate.number_data import NumberBaseline, NumberData
from attending.validate.numbers import validate_numbers

GATES: list[dict[str, Any]] = [
    {"gate": "minimum_rows", "rows": 200, "clusters": 50},
    {"gate": "beats_baseline", "baseline": "unit_mean", "measure": "mae"},
    {"gate": "calibration_slope", "low": 0.8, "high": 1.2},
    {"gate": "observed_expected", "low": 0.9, "high": 1.1},
    {"gate": "interval_coverage", "low": 0.7, "high": 0.9},
    {"gate": "subgroup_not_worse", "measure": "mae", "margin": 0.0},
]


def spec(**more):
    return ValidationSpec.model_validate(
        {
            "primary": "mae",
            "baselines": ["unit_mean"],
            "subgroups": ["ward"],
            "high_risk_subgroups": ["ward=ICU"],
            "bootstrap": {"draws": 200},
            "gates": GATES,
            **more,
        }
    )


def stays(n=1200, seed=0):
    """Return lengths of stay of 600 patients, foretold well; the baseline knows the ward alone."""
    rng = np.random.default_rng(seed)
    ward = rng.choice(["ICU", "MEDICINE"], n, p=[0.25, 0.75])
    mean = np.where(ward == "ICU", 8.0, 4.0) * rng.lognormal(0, 0.5, n)
    observed = rng.gamma(8.0, mean / 8.0)
    spread = 1.2815 * mean / np.sqrt(8.0)
    return NumberData(
        observed,
        Predicted(mean, np.maximum(mean - spread, 0.0), mean + spread, 0.8),
        rng.integers(0, n // 2, n),
        baselines={"unit_mean": NumberBaseline(np.where(ward == "ICU", 9.0, 4.5), "Unit mean")},
        groups={"ward": ward.tolist()},
    )


def answers(report):
    return {gate.gate: gate.outcome for gate in report.gates}


def test_a_model_that_foretells_well_meets_every_gate():
    report = validate_numbers(spec(), stays())
    assert answers(report) == dict.fromkeys([str(gate["gate"]) for gate in GATES], "met")
    assert report.gates_met
    assert report.summary[0].verdict == "better"
    assert report.estimate("interval_coverage").value == pytest.approx(0.8, abs=0.05)
    assert report.events is None
    assert validate_numbers(spec(), stays()) == report


@pytest.mark.requirement("E3", "E20")
def test_a_model_on_shuffled_numbers_never_passes_and_a_failed_ward_is_named():
    data = stays()
    for seed in range(5):
        mixed = np.random.default_rng(seed).permutation(len(data.observed))
        report = validate_numbers(spec(), replace(data, observed=data.observed[mixed]))
        assert answers(report)["beats_baseline"] == "failed"
        assert not report.gates_met
    icu = np.array(data.groups["ward"]) == "ICU"
    wrong = data.observed.copy()
    wrong[icu] = np.where(np.arange(icu.sum()) % 2, 9.0, 8.9)
    report = validate_numbers(spec(), replace(data, observed=wrong))
    gate = report.gate("subgroup_not_worse")
    assert (gate.outcome, gate.checks[0].group) == ("failed", "ward=ICU")
    assert not report.gates_met


def test_too_few_rows_or_patients_are_not_shown_and_never_met():
    data = stays()
    few = np.arange(20)
    thin = take(data, few)
    report = validate_numbers(spec(subgroups=[], high_risk_subgroups=[], gates=GATES[:5]), thin)
    assert set(answers(report).values()) == {"not_shown"}
    assert report.estimate("mae") is None
    assert not report.number.bins
    one = replace(data, cluster=np.zeros(len(data.observed), np.int64))
    report = validate_numbers(spec(gates=GATES[:2]), one)
    assert answers(report) == {"minimum_rows": "not_shown", "beats_baseline": "not_shown"}


def take(data, rows):
    """Return some rows of the data."""
    return replace(
        data,
        observed=data.observed[rows],
        predicted=data.predicted._replace(
            value=data.predicted.value[rows],
            low=data.predicted.low[rows],
            high=data.predicted.high[rows],
        ),
        cluster=data.cluster[rows],
        baselines={
            name: NumberBaseline(each.value[rows], each.label)
            for name, each in data.baselines.items()
        },
        groups={name: [held[at] for at in rows] for name, held in data.groups.items()},
    )


def test_a_small_group_is_hidden_with_another_so_that_it_cannot_be_had_by_subtraction():
    data = stays()
    ward = ["SMALL" if at < 5 else name for at, name in enumerate(data.groups["ward"])]
    report = validate_numbers(
        spec(high_risk_subgroups=[], gates=[]), replace(data, groups={"ward": ward})
    )
    rows = {row.group: row for row in report.number.groups}
    assert rows["SMALL"].n is None
    assert rows["SMALL"].status == "insufficient"
    assert sum(row.n is None for row in rows.values()) >= 2
    page = validation_report(report, synthetic=True).decode()
    assert "hidden" in page
    assert "SYNTHETIC" in page


def test_a_count_is_clustered_by_unit_and_few_units_are_not_shown():
    rng = np.random.default_rng(1)
    unit = np.repeat(np.arange(12), 100)
    mean = 2.0 + unit * 0.3 + rng.normal(0, 0.2, len(unit)).clip(-1, 1)
    observed = rng.poisson(mean).astype(float)
    data = NumberData(
        observed,
        Predicted(mean, mean - 2, mean + 2, 0.8),
        unit,
        outcome_type="count",
        unit="patients",
        baselines={"unit_mean": NumberBaseline(np.full(len(unit), observed.mean()), "Unit mean")},
    )
    asked = {"subgroups": [], "high_risk_subgroups": [], "primary": "poisson_deviance"}
    gate = {"gate": "beats_baseline", "baseline": "unit_mean", "measure": "poisson_deviance"}
    few = validate_numbers(spec(**asked, gates=[gate]), data)
    assert answers(few) == {"beats_baseline": "not_shown"}  # 12 units, and 20 are asked for
    told = validate_numbers(spec(**asked, gates=[gate], minimum_clusters=10), data)
    assert answers(told) == {"beats_baseline": "met"}
    assert (told.patients, told.number.cluster) == (None, "units")
    # Rows of one unit are not independent: clustered by row, the interval would be narrower.
    width = {}
    for name, cluster in (("unit", unit), ("row", np.arange(len(unit)))):
        report = validate_numbers(
            spec(**asked, gates=[], minimum_clusters=10), replace(data, cluster=cluster)
        )
        held = report.estimate("mae", model="unit_mean")
        width[name] = held.high - held.low
    assert width["unit"] > 1.5 * width["row"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"predicted": Predicted(np.ones(1200))}, "validate.no_interval"),
        ({"observed": np.full(1200, -1.0)}, "validate.number"),
        ({"cluster": np.arange(3)}, "validate.lengths"),
        ({"baselines": {}}, "validate.no_baseline"),
        ({"groups": {}}, "validate.unknown_attribute"),
    ],
)
def test_data_that_cannot_answer_are_refused(change, code):
    with pytest.raises(BadInput) as refused:
        validate_numbers(spec(), replace(stays(), **change))
    assert refused.value.code == code


def test_gates_and_measures_of_risks_are_refused_by_name():
    with pytest.raises(BadInput, match="alert_burden"):
        validate_numbers(spec(gates=[{"gate": "alert_burden", "per_100_at_most": 5}]), stays())
    with pytest.raises(BadInput, match="auroc"):
        validate_numbers(spec(measures=["mae", "auroc"]), stays())


def test_baselines_are_learnt_on_the_training_rows_alone():
    observed = np.array([1.0, 3.0, 5.0, 7.0, 100.0, 200.0])
    units = ["a"] * 6
    train, test = np.arange(4), np.array([4, 5])
    assert unit_mean(observed, units, train=train, test=test).tolist() == [4.0, 4.0]
    score = np.array([0.0, 1.0, np.nan, 3.0, 2.0, np.nan])
    found = score_as_number(score, observed, train=train, test=test)
    assert found[0] == pytest.approx(5.0)
    assert np.isnan(found[1])
    with pytest.raises(BadInput):
        score_as_number(np.full(6, np.nan), observed, train=train, test=test)
    with pytest.raises(BadInput):
        unit_mean(observed, units, train=np.array([], np.int64), test=test)
