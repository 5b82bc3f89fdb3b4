"""Follow-up in files of predictions: horizon, loss, competing events, and what is refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from attending.errors import BadInput
from attending.ingest.predictions import read_predictions
from attending.ingest.predictions_columns import Asked
from attending.ingest.predictions_followed import followed_outcomes, horizon_of
from attending.lifecycle.recorded import Ways, judge

N = 400
HEAD = "PatientID,Risk,Died,Follow-up days,Competing event"
RISK = np.linspace(0.05, 0.6, N)


def write(folder, *, died, days, head=HEAD, more=None):
    last = more or [""] * N
    lines = [f"P{k},{RISK[k]:.4f},{died[k]},{days[k]},{last[k]}" for k in range(N)]
    path = folder / "registry.csv"
    path.write_text("\n".join([head, *lines]), encoding="utf-8")
    return path


@pytest.fixture
def plain():
    """Every fourth died on day 5, every fourth was lost on day 9; the others reached day 30."""
    place = np.arange(N) % 4
    return (place == 0).astype(int), np.select([place == 0, place == 1], [5, 9], 30)


def test_no_event_before_the_horizon_is_a_loss_and_not_a_survivor(tmp_path, plain):
    died, days = plain
    found = read_predictions(write(tmp_path, died=died, days=days), Asked())
    assert found.horizon == 30
    outcome = found.table["outcome"].to_pylist()
    assert outcome[:4] == [1, None, 0, 0]
    assert found.table["followed"].to_pylist()[:4] == [5, 9, 30, 30]
    (read,) = [one for one in found.file.columns if one.taken_as == "follow-up"]
    assert (read.column, read.found) == ("Follow-up days", "by its name")
    assert read.reading == "horizon 30; lost before it: 100"
    report = judge(found, Ways(draws=50)).report
    shown = {row.measure: row for row in report.censoring}
    # Control: without the lost a third died; a quarter of all did, and some of the lost will not.
    assert shown["prevalence"].complete == pytest.approx(1 / 3)
    assert shown["prevalence"].weighted.value == pytest.approx(1 / 4)


def test_a_competing_event_ends_the_following_and_is_no_loss(tmp_path, plain):
    died, days = plain
    others = ["yes" if days[k] == 9 and k % 8 == 1 else "no" for k in range(N)]
    path = write(tmp_path, died=died, days=days, more=others)
    found = read_predictions(path, Asked())
    outcome = found.table["outcome"].to_pylist()
    assert (outcome[1], outcome[5]) == (0, None)
    assert {one.taken_as for one in found.file.columns} >= {"follow-up", "competing event"}
    shown = {row.measure: row for row in judge(found, Ways(draws=50)).report.censoring}
    assert shown["prevalence"].censored == 50
    assert shown["prevalence"].weighted.value == pytest.approx(1 / 4)


def test_a_shorter_horizon_than_the_following_turns_late_events_into_none(tmp_path, plain):
    died, days = plain
    found = read_predictions(write(tmp_path, died=died, days=days), Asked(horizon=4.0))
    assert set(found.table["outcome"].to_pylist()) == {0}  # nobody died, and nobody was lost yet
    found = read_predictions(write(tmp_path, died=died, days=days), Asked(horizon=9.0))
    assert found.table["outcome"].to_pylist()[:4] == [1, 0, 0, 0]


def test_ids_as_text_and_as_numbers_give_the_same_weights(tmp_path, plain):
    died, days = plain
    text = judge(read_predictions(write(tmp_path, died=died, days=days), Asked()), Ways(draws=50))
    path = tmp_path / "registry.csv"
    path.write_text(path.read_text().replace("P", "").replace("atientID", "PatientID"))
    number = judge(read_predictions(path, Asked()), Ways(draws=50))
    assert [row.weighted.value for row in text.report.censoring] == [
        row.weighted.value for row in number.report.censoring
    ]


def test_words_and_dates_under_such_a_name_are_no_follow_up(tmp_path, plain):
    died, _ = plain
    dates = ["2025-01-31"] * N
    found = read_predictions(write(tmp_path, died=died, days=dates), Asked())
    assert found.horizon is None
    assert "Follow-up days" in found.file.unused


@pytest.mark.parametrize(
    ("asked", "change", "code"),
    [
        (Asked(follow_up="Weeks"), lambda days: days, "predictions.unknown_column"),
        (Asked(horizon=30.0, follow_up="Follow-up days"), lambda days: -days,
         "predictions.follow_up"),
        (Asked(), lambda days: days + np.arange(N) / N, "predictions.which_horizon"),
        (Asked(), lambda days: ["" if k == 7 else d for k, d in enumerate(days)],
         "predictions.follow_up_missing"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_one_way_is_refused(tmp_path, plain, asked, change, code):
    died, days = plain
    with pytest.raises(BadInput) as refused:
        read_predictions(write(tmp_path, died=died, days=change(days)), asked)
    assert refused.value.code == code


def test_a_horizon_without_following_and_both_events_at_once_are_refused(tmp_path, plain):
    died, days = plain
    path = write(tmp_path, died=died, days=days, head="PatientID,Risk,Died,Weight,Note")
    with pytest.raises(BadInput) as refused:
        read_predictions(path, Asked(horizon=30.0))
    assert refused.value.code == "predictions.no_follow_up"
    with pytest.raises(BadInput) as refused:
        followed_outcomes(pa.array([1]), np.array([3.0]), np.array([True]), horizon=30.0)
    assert refused.value.code == "predictions.competing"
    with pytest.raises(BadInput) as refused:
        horizon_of(np.zeros(3), None, name="days")
    assert refused.value.code == "predictions.which_horizon"
