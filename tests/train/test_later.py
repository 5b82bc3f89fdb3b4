"""Parts in time within the training rows: no outcome, patient or stay crosses between them."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attending.times import DAY
from attending.train.later import Gaps, folds_of, latest_part
from attending.train.split import read_rows, split
from tests.train.cohort_rows import CUT, DELAY, HORIZON, cohort, spec

TABLE, _ = cohort(900, patients=500)
ROWS = read_rows(TABLE)
GAPS = Gaps(delay=DELAY, embargo=HORIZON + DELAY, calendar=True)


def apart(found, gaps):
    """Assert that nothing of the later rows was known or seen before they begin."""
    assert (ROWS.horizon_end[found.earlier] + gaps.delay <= found.begins).all()
    assert (ROWS.time[found.earlier] <= found.begins - gaps.embargo).all()
    assert (ROWS.time[found.later] >= found.begins).all()
    for key in (ROWS.subject, ROWS.encounter):
        assert not np.intersect1d(key[found.earlier], key[found.later]).size


@settings(max_examples=40)
@given(
    seed=st.integers(0, 99),
    count=st.integers(1, 6),
    delay=st.integers(0, 20),
    embargo=st.integers(0, 90),
)
def test_every_fold_judges_later_rows_of_other_patients(seed, count, delay, embargo):
    at = np.random.default_rng(seed).permutation(TABLE.num_rows)[:600]
    gaps = Gaps(delay * DAY, embargo * DAY, calendar=True)
    found = folds_of(ROWS, at, count=count, gaps=gaps, seed=seed)
    assert len(found) == count
    for fold in found:
        apart(fold, gaps)
        assert np.isin(np.concatenate([fold.earlier, fold.later]), at).all()
    judged = np.concatenate([fold.later for fold in found])
    assert len(np.unique(judged)) == len(judged)
    begins = [fold.begins or 0 for fold in found]
    assert begins == sorted(begins)


def test_without_a_calendar_patients_are_drawn_by_hash():
    gaps = replace(GAPS, calendar=False)
    found = folds_of(ROWS, np.arange(900), count=3, gaps=gaps, seed=1)
    for fold in found:
        assert fold.begins is None
        assert not np.intersect1d(ROWS.subject[fold.earlier], ROWS.subject[fold.later]).size
    assert sorted(np.concatenate([fold.later for fold in found]).tolist()) == list(range(900))


def test_the_latest_share_is_the_latest_share():
    found = latest_part(ROWS, np.arange(900), share=0.2, gaps=GAPS, seed=1)
    apart(found, GAPS)
    assert len(found.later) == pytest.approx(180, abs=5)


def test_early_stopping_may_look_at_the_latest_training_rows_alone():
    asked = {
        "kind": "temporal", "test_from": CUT, "tuning_fraction": 0.2, "tuning_rows": "latest",
        "patient_overlap": "drop_from_train",
    }  # fmt: skip
    parts = split(spec(asked), TABLE, horizon_us=HORIZON, delay_us=DELAY, exception=False)
    begins = ROWS.time[parts.tuning].min()
    assert (ROWS.horizon_end[parts.train] + DELAY <= begins).all()
    assert parts.facts.tuning_rows == "latest" and parts.facts.tuning_gap_rows > 0
    by_hash = split(
        spec(asked | {"tuning_rows": "by_patient"}), TABLE,
        horizon_us=HORIZON, delay_us=DELAY, exception=False,
    )  # fmt: skip
    # Calibration and test are the same rows either way; what is dropped is counted.
    np.testing.assert_array_equal(parts.calibration, by_hash.calibration)
    np.testing.assert_array_equal(parts.test, by_hash.test)
    kept = len(parts.train) + len(parts.tuning) + parts.facts.tuning_gap_rows
    assert kept == len(by_hash.train) + len(by_hash.tuning)
