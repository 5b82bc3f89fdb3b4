"""Instants read by the compiled loop are those of the calendar."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from attending.engines.whole_seconds import whole_seconds

EPOCH = dt.datetime(1970, 1, 1)  # noqa: DTZ001 - every instant here is UTC
FIRST, LAST = (EPOCH.replace(year=year) for year in (1000, 2999))


def text(at):
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


@given(st.lists(st.none() | st.datetimes(FIRST, LAST).map(lambda at: at.replace(microsecond=0))))
def test_every_instant_is_that_of_the_calendar(instants):
    found = whole_seconds([None if at is None else text(at) for at in instants], null=-7)
    micro = dt.timedelta(microseconds=1)
    assert found.tolist() == [-7 if at is None else (at - EPOCH) // micro for at in instants]


def test_every_day_of_four_centuries():
    days = [EPOCH.replace(year=1900) + dt.timedelta(days=n) for n in range(400 * 365)]
    found = whole_seconds(list(map(text, days)), null=0)
    assert found.tolist() == [(day - EPOCH).days * 86_400_000_000 for day in days]


@pytest.mark.parametrize(
    "said",
    [
        "2023-02-29T00:00:00Z", "1900-02-29T00:00:00Z", "2024-02-30T00:00:00Z",
        "2024-04-31T00:00:00Z", "2024-13-01T00:00:00Z", "2024-00-01T00:00:00Z",
        "2024-01-00T00:00:00Z", "2024-01-01T24:00:00Z", "2024-01-01T00:60:00Z",
        "2024-01-01T00:00:60Z", "2024-01-01 00:00:00Z", "2024-01-01T00:00:00z",
        "0999-01-01T00:00:00Z", "3000-01-01T00:00:00Z", "2024-01-01T00:00:00+", "2024-01-01T00:00Z",
        "2024-01-01T00:00:0\u0660Z", "2024/01-01T00:00:00Z", "202:-01-01T00:00:00Z", "",
    ],
)  # fmt: skip
def test_any_other_text_is_left_to_others(said):
    assert whole_seconds(["2024-01-01T00:00:00Z", said], null=0) is None
