"""What a day's pictures show: inputs then and now, outcomes by month, work by week."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from attending.monitor.drawn import drawn
from attending.records.base import from_content
from attending.records.watch_picture import WatchPicture
from tests.monitor import deployed as d


def seen(x, risk, **more):
    current = d.current(x, risk, **more)
    return drawn(d.SPEC, d.HELD, current, of=d.report(), work=current.predictions)


def test_an_input_that_moved_comes_first_with_its_shares_of_then_and_now():
    x, risk = d.rows(1150, seed=9)
    moved = x.copy()
    moved[:, 0] *= 3
    made = seen(moved, risk)
    first = made.inputs[0]
    assert (first.name, made.n) == ("creatinine", 1150)
    assert first.psi > 1 > made.inputs[1].psi
    assert first.then == next(one.shares for one in d.HELD.features if one.name == "creatinine")
    assert np.isclose(sum(first.now), 1.0)
    assert seen(x, risk).inputs[0].psi < 0.1  # the control: nothing moved
    assert from_content(WatchPicture, made.content()) == made


def test_a_few_patients_are_not_drawn_because_they_look_like_drift():
    few = d.SPEC.data.minimum_rows - 1
    made = seen(*d.rows(few, seed=9))
    assert (made.n, made.inputs) == (few, ())


def test_a_month_says_how_much_of_it_is_mature_and_counts_only_that():
    x, risk = d.rows(1150, seed=9)
    label = np.random.default_rng(1).random(1150) < risk
    mature = np.arange(1150) < 800
    made = seen(x, risk, outcomes=d.outcomes(risk, label, mature=mature))
    assert sum(one.scored for one in made.months) == 1150
    assert sum(one.matured for one in made.months) == 800
    assert sum(one.events for one in made.months) == int(label[:800].sum())
    assert made.months[0].maturity == 1.0
    assert made.months[-1].maturity < 1.0
    whole = made.months[0]
    assert whole.low < whole.ratio < whole.high
    assert np.isclose(whole.ratio, whole.events / whole.expected)
    assert seen(x, risk).months == ()


def test_weeks_count_predictions_alerts_and_those_without_a_score_and_leave_none_out():
    x, risk = d.rows(1150, seed=9)
    kind = np.where(np.arange(1150) % 10 == 0, "no_score", "live")
    bare = d.predictions(risk, kind=pa.array(kind))
    made = seen(x, risk, made=bare)
    assert sum(one.predictions for one in made.weeks) == 1150
    assert sum(one.without_score for one in made.weeks) == 115
    days = np.array([one.begins for one in made.weeks], "datetime64[D]")
    assert set(np.diff(days).astype(int)) == {7}
    assert all(one.alerts <= one.predictions for one in made.weeks)
