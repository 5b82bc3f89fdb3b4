"""Interrupted time series: a planted change is found, none is claimed, short ones not shown."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from attending.errors import BadInput
from attending.statistics.interrupted_series import interrupted_series

MONTHS, CUT = 36, 18


def series(rng, *, ratio=1.0):
    month = np.arange(MONTHS)
    wave = 0.2 * np.sin(2 * np.pi * month / 12)
    rate = 0.2 * np.exp(wave) * np.where(month >= CUT, ratio, 1.0)
    return rng.poisson(400 * rate), np.full(MONTHS, 400)


def test_a_planted_fall_is_found():
    events, rows = series(np.random.default_rng(1), ratio=0.5)
    found = interrupted_series(events, rows, first_after=CUT)
    assert found.seasonal
    assert found.level.low < 0.5 < found.level.high < 1.0


def test_no_change_is_claimed_where_there_is_none_and_intervals_cover():
    rng = np.random.default_rng(2)
    held = [interrupted_series(*series(rng), first_after=CUT).level for _ in range(300)]
    assert 0.92 <= np.mean([one.low <= 1.0 <= one.high for one in held]) <= 0.99


def test_it_agrees_with_a_general_minimiser():
    events, rows = series(np.random.default_rng(3), ratio=0.7)
    month = np.arange(MONTHS)
    after, since, turn = month >= CUT, (month - CUT) / 12, 2 * np.pi * month / 12
    x = np.column_stack([after * 0 + 1, since, after, since * after, np.sin(turn), np.cos(turn)])

    def loss(beta):
        return float(np.sum(rows * np.exp(x @ beta) - events * (x @ beta)))

    theirs = minimize(loss, np.array([-1.6, 0, 0, 0, 0, 0]), method="BFGS").x
    ours = interrupted_series(events, rows, first_after=CUT)
    told = np.log([ours.level.value, ours.slope.value])
    assert told == pytest.approx(theirs[2:4], abs=1e-4)


def test_too_short_or_too_few_is_not_shown():
    short = interrupted_series([30] * 12, [90] * 12, first_after=6)
    rare = interrupted_series([1] * 30, [90] * 30, first_after=15)
    assert short.level is None and "months" in short.not_shown
    assert rare.level is None and "events" in rare.not_shown


@pytest.mark.parametrize(
    ("events", "rows", "cut"), [([1, 2], [3], 1), ([1], [0], 0), ([-1], [5], 0), ([1], [5], 2)]
)
def test_what_is_no_series_is_refused(events, rows, cut):
    with pytest.raises(BadInput):
        interrupted_series(events, rows, first_after=cut)
