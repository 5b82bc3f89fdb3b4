"""What every reader of a report is told first: a fit on too few rows, and what stays closed."""

from __future__ import annotations

from types import SimpleNamespace

from attending.lifecycle.validating import notes_of


def notes(*, rows, real=True):
    snapshot = SimpleNamespace(real_clock=real, assumed_tables=())
    run = SimpleNamespace(
        outcome_type="binary", exceptions=(), sample_size=SimpleNamespace(rows=rows, needed=23_698)
    )
    return notes_of(snapshot, 4000, run)


def test_too_few_rows_for_the_inputs_are_told_with_both_counts():
    (said,) = notes(rows=2649)
    assert "2,649 rows, where 23,698 are asked for" in said
    assert notes(rows=23_698) == ()


def test_without_a_calendar_it_is_the_gate_to_validated_that_stays_closed():
    (said,) = notes(rows=30_000, real=False)
    assert "gate before validated stays closed" in said
    assert "beyond validated" not in said
