"""Stepped comparison: the planted difference is found, and sites too few are not shown."""

from __future__ import annotations

import numpy as np
import pytest

from attending.errors import BadInput
from attending.statistics.stepped_comparison import stepped_comparison

SITES, MONTHS = 8, 24
ROWS = np.full((SITES, MONTHS), 300.0)
LIVE = np.arange(MONTHS)[None, :] >= np.arange(6, 6 + 2 * SITES, 2)[:, None]


def drawn(rng, *, change=0.0):
    site = rng.uniform(0.15, 0.3, (SITES, 1))
    trend = np.linspace(0.0, 0.05, MONTHS)[None, :]
    return rng.binomial(300, site + trend + change * LIVE).astype(np.float64)


def test_a_planted_difference_is_found_beside_the_trend_of_all():
    found = stepped_comparison(drawn(np.random.default_rng(1), change=-0.08), ROWS, LIVE)
    assert found.low < -0.08 < found.high < 0.0


def test_no_difference_is_claimed_where_there_is_none():
    rng = np.random.default_rng(2)
    held = [stepped_comparison(drawn(rng), ROWS, LIVE) for _ in range(400)]
    assert np.mean([one.low <= 0.0 <= one.high for one in held]) >= 0.90


def test_it_agrees_with_least_squares_on_dummies():
    events = drawn(np.random.default_rng(3), change=-0.05)
    site, month = (at.ravel() for at in np.indices((SITES, MONTHS)))
    x = np.column_stack([LIVE.ravel(), np.eye(SITES)[site], np.eye(MONTHS)[month][:, 1:]])
    theirs = np.linalg.lstsq(x.astype(float), (events / ROWS).ravel(), rcond=None)[0][0]
    assert stepped_comparison(events, ROWS, LIVE).value == pytest.approx(theirs, abs=1e-10)


def test_few_sites_or_all_at_once_are_not_shown():
    events = drawn(np.random.default_rng(4))
    together = np.broadcast_to(LIVE[0], LIVE.shape)
    assert stepped_comparison(events[:4], ROWS[:4], LIVE[:4]) is None
    assert stepped_comparison(events, ROWS, together) is None


def test_a_month_without_rows_is_refused():
    with pytest.raises(BadInput):
        stepped_comparison(ROWS, ROWS * 0, LIVE)
