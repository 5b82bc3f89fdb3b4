"""Logistic regression: against scikit-learn, and its preprocessing."""

import json

import numpy as np
import pytest

from attending.errors import BadInput
from attending.models.logistic import LogisticEstimator
from tests.models.hospital_rows import NAMES, rows


def test_coefficients_are_those_of_scikit_learn():
    from sklearn.linear_model import LogisticRegression

    x, y = rows()
    x = np.nan_to_num(x, nan=1.0)
    model = LogisticEstimator().fit(x, y, names=NAMES, parameters={"l2": 2.0}, seed=0)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    peer = LogisticRegression(C=0.5, tol=1e-10, max_iter=1000).fit(z, y)
    ours = [column.coefficient for column in model.columns]
    np.testing.assert_allclose(ours, peer.coef_[0], atol=1e-6)
    assert model.intercept == pytest.approx(peer.intercept_[0], abs=1e-6)


def test_medians_come_from_the_training_rows_and_a_gap_has_its_own_coefficient():
    x, y = rows()
    model = LogisticEstimator().fit(x, y, names=NAMES, parameters={}, seed=0)
    creatinine = model.columns[1]
    assert creatinine.median == pytest.approx(np.nanmedian(x[:, 1]), rel=1e-8)
    assert creatinine.missing_share == pytest.approx(np.isnan(x[:, 1]).mean())
    assert creatinine.missing_coefficient != 0.0
    assert model.columns[0].missing_coefficient == 0.0


def test_a_feature_that_was_never_measured_or_never_varied_carries_nothing():
    x, y = rows()
    x = np.column_stack([x, np.full(len(x), np.nan), np.full(len(x), 3.0)])
    names = (*NAMES, "never", "constant")
    model = LogisticEstimator().fit(x, y, names=names, parameters={}, seed=0)
    assert np.abs(model.contributions(x)[:, 5:7]).max() < 1e-9


def test_the_file_is_plain_json_that_a_person_can_read():
    x, y = rows()
    found = json.loads(LogisticEstimator().fit(x, y, names=NAMES, parameters={}, seed=0).write())
    assert found["format"] == "attending.logistic/1"
    assert [column["name"] for column in found["columns"]] == list(NAMES)


def test_a_penalty_bounds_separated_rows_and_none_is_refused():
    x = np.array([[0.0], [1.0], [2.0], [3.0]])
    y = np.array([0, 0, 1, 1], dtype=np.int8)
    model = LogisticEstimator().fit(x, y, names=("a",), parameters={"l2": 1e-6}, seed=0)
    assert np.isfinite(model.margin(x)).all()
    with pytest.raises(BadInput):
        LogisticEstimator().fit(x, y, names=("a",), parameters={"l2": 0}, seed=0)
