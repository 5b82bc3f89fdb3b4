"""Times in a source's own form: what no calendar has is none, and a date is a whole day."""

from __future__ import annotations

import pyarrow as pa
import pytest

from attending.ingest.mapped_times import read_times


@pytest.mark.parametrize("zone", ["floating", "Europe/Berlin"])
@pytest.mark.parametrize(
    ("form", "bad", "good"),
    [
        ("%d/%m/%Y %H:%M", "31/02/2026 10:00", "28/02/2026 10:00"),
        ("%m/%d/%Y %H:%M", "02/29/2026 10:00", "2/28/2026 10:00"),
        ("%Y%m%d", "20260431", "20260430"),
        ("%d-%b-%Y", "31-Apr-2026", "30-Apr-2026"),
    ],
)
def test_a_day_that_no_calendar_has_is_no_time(zone, form, bad, good):
    found = read_times(pa.chunked_array([[bad, good, None]]), form=form, zone=zone)
    assert found.unreadable.tolist() == [True, False, False]
    assert found.at.is_valid().to_pylist() == [False, True, False]


def test_a_form_without_an_hour_is_a_whole_day():
    texts = pa.chunked_array([["05/01/2026"]])
    assert read_times(texts, form="%d/%m/%Y", zone="floating").date_only.tolist() == [True]
    clocked = pa.chunked_array([["05/01/2026 00:00"]])
    found = read_times(clocked, form="%d/%m/%Y %H:%M", zone="floating")
    assert found.date_only.tolist() == [False]
