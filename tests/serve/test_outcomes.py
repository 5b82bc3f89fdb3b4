"""Outcomes join when they are mature; what is not mature never counts as "no event"."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from attending.errors import BadInput
from attending.serve.outcomes import join
from attending.times import DAY

N = 600
HORIZON = 30 * DAY


def tables(today, *, n=N, seed=3):
    """Predictions of 60 days, a tenth of whom have the event; outcomes as known on `today`."""
    rng = np.random.default_rng(seed)
    time = np.sort(rng.integers(0, 60, n)) * DAY
    event_after = np.where(rng.random(n) < 0.1, rng.integers(1, 30, n) * DAY, 10**15)
    keys = {
        "subject_id": pa.array(np.arange(n) + 1),
        "encounter_id": pa.array([None if k % 7 == 0 else k for k in range(n)], pa.int64()),
        "prediction_time": pa.array(time, pa.timestamp("us")),
    }
    mature = time + HORIZON <= today * DAY
    event = event_after < HORIZON
    cohort = pa.table(
        keys
        | {
            "label": pa.array(event.astype(np.int8), mask=~mature),
            "status": np.where(mature, np.where(event, "event", "no_event"), "immature"),
            "matured_at": pa.array(time + HORIZON, pa.timestamp("us"), mask=~mature),
        }
    )
    predictions = pa.table(
        keys | {"score": np.full(n, 0.1), "flagged": np.zeros(n, np.bool_), "kind": ["live"] * n}
    )
    return predictions, cohort, event


@pytest.mark.fault("D30")
def test_immature_outcomes_are_never_negatives():
    predictions, cohort, event = tables(60)
    # Control: read as "no event", the last month makes the rate fall and the model look too high.
    naive = np.nan_to_num(cohort["label"].to_numpy(zero_copy_only=False).astype(float))
    assert naive.mean() < 0.7 * event.mean()
    record, joined = join(predictions, cohort)
    rate = record.n_events / record.n_matured
    assert abs(rate - event.mean()) < 0.03
    assert record.n_immature > 250
    assert record.n == record.n_matured + record.n_immature
    unripe = joined.filter(pc.equal(joined["status"], "immature"))
    assert unripe["label"].null_count == unripe.num_rows == record.n_immature


def test_a_label_without_a_maturity_does_not_count():
    predictions, cohort, _ = tables(60)
    eager = cohort.set_column(3, "label", pa.array(np.ones(N, np.int8)))
    record, _ = join(predictions, eager)
    assert record.n_matured == join(predictions, cohort)[0].n_matured


def test_rows_keep_their_order_and_unknown_stays_join():
    predictions, cohort, _ = tables(400)
    mixed = cohort.take(np.random.default_rng(1).permutation(N))
    record, joined = join(predictions, mixed, snapshot="s" * 64)
    assert joined["subject_id"] == predictions["subject_id"]
    assert joined["encounter_id"] == predictions["encounter_id"]
    assert record.n_matured == N
    np.testing.assert_array_equal(joined["label"].to_numpy(), cohort["label"].to_numpy())


def test_a_subject_who_is_gone_is_lost_and_a_new_one_is_counted():
    predictions, cohort, _ = tables(400)
    record, joined = join(predictions.slice(10), cohort.slice(0, N - 5))
    assert (record.n_lost, record.n_not_predicted) == (5, 10)
    assert joined["status"].to_pylist()[-5:] == ["lost"] * 5


def test_two_outcomes_for_one_prediction_are_refused():
    predictions, cohort, _ = tables(400)
    with pytest.raises(BadInput, match="two outcomes"):
        join(predictions, pa.concat_tables([cohort, cohort.slice(0, 1)]))
    with pytest.raises(BadInput, match="no column"):
        join(predictions, cohort.drop_columns(["matured_at"]))
