"""The laws that every registered estimator keeps."""

import numpy as np
import pytest

from attending.errors import BadInput, Refused
from attending.models.registered import MODELS
from tests.models import onnx_files
from tests.models.hospital_rows import NAMES, rows

SMALL = {
    "logistic": {},
    "lightgbm": {"num_iterations": 20, "min_data_in_leaf": 10},
    "additive": {"knots": 3},
    "onnx": {},
}
X, Y = rows()


def fitted(kind, **more):
    if kind == "onnx" and not more:
        return MODELS.get(kind).read(onnx_files.whole(), names=NAMES)
    return MODELS.get(kind).fit(X, Y, names=NAMES, parameters=SMALL[kind] | more, seed=7)


@pytest.fixture(scope="module", params=MODELS.names())
def kind(request):
    return request.param


@pytest.fixture(scope="module")
def model(kind):
    return fitted(kind)


def test_contributions_sum_to_the_margin(kind, model):
    if kind == "onnx":
        # Nothing inside the file tells them: the bundle samples them, see test_onnx.
        with pytest.raises(Refused) as refused:
            model.contributions(X)
        assert refused.value.code == "explain.not_available"
        return
    parts = model.contributions(X)
    assert parts.shape == (len(X), len(NAMES) + 1)
    np.testing.assert_allclose(parts.sum(axis=1), model.margin(X), atol=1e-6)


def test_risks_are_probabilities_that_rank_the_outcome(model):
    risk = model.risk(X)
    assert ((risk > 0) & (risk < 1)).all()
    assert risk[Y == 1].mean() > risk[Y == 0].mean() + 0.1


def test_two_fits_give_the_same_bytes(kind, model):
    assert fitted(kind).write() == model.write()


def test_what_was_written_is_read_back_with_the_same_scores(kind, model):
    back = MODELS.get(kind).read(model.write(), names=NAMES)
    assert back.names == NAMES
    np.testing.assert_array_equal(back.margin(X), model.margin(X))
    assert back.write() == model.write()


def test_one_row_scores_as_it_does_among_many(model):
    alone = np.concatenate([model.margin(X[k : k + 1]) for k in range(20)])
    np.testing.assert_allclose(alone, model.margin(X)[:20], rtol=1e-12)


def test_no_rows_give_no_risks(model):
    assert model.risk(X[:0]).shape == (0,)


def test_an_unknown_parameter_is_refused_with_the_nearest(kind):
    with pytest.raises(BadInput) as refused:
        fitted(kind, num_leavez=3)
    assert refused.value.code == ("model.brought" if kind == "onnx" else "model.parameter")


def test_another_feature_list_is_refused(kind, model):
    with pytest.raises(Refused) as refused:
        MODELS.get(kind).read(model.write(), names=("x", *NAMES[1:]))
    assert refused.value.code == ("model.onnx" if kind == "onnx" else "model.format")


@pytest.mark.parametrize("value", ["many", True, -1.0])
def test_a_parameter_out_of_range_is_refused(value):
    with pytest.raises(BadInput):
        fitted("logistic", l2=value)
    with pytest.raises(BadInput):
        fitted("lightgbm", learning_rate=value)
