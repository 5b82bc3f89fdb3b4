"""Two models on two runs' rows: one set of draws for all cells, and parts that add up in each."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from attending.statistics.bootstrap import draw_weights
from attending.statistics.number_bootstrap import Predicted
from attending.train import across
from attending.train.across import Rows, drawn, measures_across
from attending.train.attribution import attributed, orders, shares

SEED, DRAWS = 7, 60


def rows(seed: int, *, n: int = 400, patients: int = 150, shift: float = 0.0) -> Rows:
    """Return rows of a run; the second model is noisier than the first."""
    rng = np.random.default_rng(seed)
    risk = rng.beta(2, 5, n)
    outcome = (rng.random(n) < np.clip(risk + shift, 0, 1)).astype(np.float64)
    noisy = np.clip(risk + rng.normal(0, 0.15, n), 0.01, 0.99)
    return Rows(outcome, (Predicted(risk), Predicted(noisy)), rng.integers(0, patients, n))


def asked(found: Rows, *names: str, kind="yes_no"):
    return drawn(found, names, outcome_type=kind, draws=DRAWS, seed=SEED)


def cells(*names: str):
    """Return by measure the values in all eight cells; the label of both runs is the same."""
    sides = (asked(rows(1), *names), asked(rows(2, shift=0.1), *names))
    return {
        name: {
            (bool(r), bool(lab), bool(m)): sides[r][name][m]
            for r, lab, m in product((0, 1), repeat=3)
        }
        for name in names
    }


def repeated(found: Rows, draw: int):
    """Return the places of rows, each as often as its patient weighs in a draw."""
    owners, owner = np.unique(found.cluster, return_inverse=True)
    weight = draw_weights(owners, draw=draw, seed=SEED)[owner]
    return np.repeat(np.arange(len(found.outcome)), weight)


def test_a_draw_is_the_same_whether_sums_are_kept_or_rows_are_repeated():
    found = rows(1)
    made = asked(found, "brier", "log_loss", "calibration_slope")
    for draw in (1, 17, DRAWS):
        at = repeated(found, draw)
        y, p = found.outcome[at], found.said[1].value[at]
        assert made["brier"][1][draw] == pytest.approx(np.mean((y - p) ** 2), abs=1e-12)
        loss = -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
        assert made["log_loss"][1][draw] == pytest.approx(loss, abs=1e-12)
    assert all(len(values) == DRAWS + 1 for values in made["calibration_slope"])


def test_a_draw_of_numbers_weighs_whole_patients():
    found = rows(1)
    days = found._replace(outcome=found.outcome * 9.0)
    made = asked(days, "mae", kind="number")
    for draw in (1, DRAWS):
        at = repeated(days, draw)
        mae = np.mean(np.abs(days.outcome[at] - days.said[0].value[at]))
        assert made["mae"][0][draw] == pytest.approx(mae, abs=1e-12)


def test_parts_add_up_to_the_change_in_the_data_and_in_every_draw():
    for figures in cells("auroc", "brier", "calibration_slope").values():
        parts = shares(figures, orders())
        change = figures[True, True, True] - figures[False, False, False]
        assert np.abs(sum(parts.values()) - change).max() < 1e-12
        assert np.abs(parts["label"]).max() == 0.0


def test_an_interval_is_of_paired_draws_and_so_narrower_than_of_two_apart():
    found = rows(1)
    made = asked(found, "auroc")["auroc"]
    same = {
        (bool(r), bool(lab), bool(m)): made[m] for r, lab, m in product((0, 1), repeat=3)
    }  # the same rows in both runs: only the model differs
    shown = attributed("auroc", same, orders())
    ends = shown.intervals
    assert (ends["population"].low, ends["population"].high) == (0.0, 0.0)
    assert ends["change"].low == pytest.approx(ends["model"].low, abs=1e-12)
    width = {name: one.high - one.low for name, one in ends.items()}
    assert width["change"] < 0.8 * np.hypot(width["before"], width["after"])
    assert ends["model"].low < shown.model < ends["model"].high < 0


def test_a_part_that_few_draws_define_has_no_interval():
    figures = cells("auroc")["auroc"]
    key = (True, True, True)
    figures[key] = np.where(np.arange(DRAWS + 1) % 5 == 1, np.nan, figures[key])
    ends = attributed("auroc", figures, orders()).intervals
    assert (ends["change"].low, ends["change"].high) == (None, None)
    assert 0 < ends["change"].draws < DRAWS
    assert ends["before"].low is not None


def test_a_measure_that_is_not_defined_in_the_data_has_no_parts():
    figures = cells("auroc")["auroc"]
    figures[False, True, True] = np.full(DRAWS + 1, np.nan)
    assert attributed("auroc", figures, orders()) is None


def test_one_class_or_equal_risks_leave_a_measure_undefined():
    flat = rows(1)._replace(said=(Predicted(np.full(400, 0.2)), Predicted(np.full(400, 0.2))))
    assert np.isnan(asked(flat, "calibration_slope")["calibration_slope"][0]).all()
    quiet = rows(1)._replace(outcome=np.zeros(400))
    assert np.isnan(asked(quiet, "auroc")["auroc"][1]).all()


def test_no_rows_leave_every_measure_undefined():
    none = np.zeros(0)
    empty = Rows(none, (Predicted(none), Predicted(none)), np.zeros(0, np.int64))
    assert np.isnan(asked(empty, "auroc", "ici")["auroc"][0]).all()


def test_above_many_rows_a_fitted_measure_has_no_draws_and_others_have(monkeypatch):
    monkeypatch.setattr(across, "MOST_FITTED_ROWS", 399)
    made = asked(rows(1), "calibration_slope", "auroc")
    assert [len(values) for values in made["calibration_slope"]] == [1, 1]
    assert len(made["auroc"][0]) == DRAWS + 1
    same = dict.fromkeys(product((False, True), repeat=3), made["calibration_slope"][0])
    assert attributed("calibration_slope", same, orders()).intervals == {}


def test_only_measures_of_the_outcomes_kind_are_scored_across():
    assert measures_across(["auroc", "net_benefit"], "yes_no") == ["auroc"]
    assert measures_across(["mae", "poisson_deviance"], "count") == ["mae", "poisson_deviance"]
