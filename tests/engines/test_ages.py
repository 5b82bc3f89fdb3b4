"""Age turns on the birthday, also for those born on a leap day."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from attending.engines.ages import years_between


def years(born, at):
    def micros(text):
        return np.array([datetime.fromisoformat(text)], "M8[us]").astype(np.int64)

    return years_between(micros(born), micros(at)).item()


@pytest.mark.parametrize(
    ("born", "before", "on", "age"),
    [
        ("2008-06-15", "2026-06-14T23:59:59.999999", "2026-06-15", 18),
        ("2008-02-29", "2026-02-28T23:59:59", "2026-03-01", 18),
        ("2008-02-29", "2028-02-28T23:59:59", "2028-02-29", 20),
        ("2008-02-29T10:00", "2026-03-01T09:59", "2026-03-01T10:00", 18),
        ("1961-01-31", "2026-01-30T23:59:59", "2026-01-31", 65),
        ("1900-12-31", "2000-12-30T23:00", "2000-12-31", 100),
    ],
)
def test_the_year_is_full_on_the_birthday_and_not_before(born, before, on, age):
    assert years(born, before) < age
    assert years(born, on) == age


def test_age_grows_within_the_year_and_is_zero_at_birth():
    assert years("2000-01-01", "2000-01-01") == 0
    assert 0.49 < years("2001-01-01", "2001-07-02T12:00") < 0.51
    assert years("2000-01-02", "2000-01-01") < 0
