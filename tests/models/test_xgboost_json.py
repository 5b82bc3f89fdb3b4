"""XGBoost's JSON is read without XGBoost, and gives XGBoost's own risks and shares."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pytest

from attending.errors import Refused
from attending.models.xgboost_json import read_xgboost

FROZEN = json.loads((Path(__file__).parent / "xgboost.json").read_text(encoding="utf-8"))
KINDS = sorted(FROZEN["kinds"])


def rows():
    return np.array(FROZEN["rows"], dtype=np.float64)


def model(kind="plain", change=lambda said: None):
    said = copy.deepcopy(FROZEN["kinds"][kind]["model"])
    change(said)
    return json.dumps(said).encode()


@pytest.mark.parametrize("kind", KINDS)
def test_risks_and_shares_are_those_of_xgboost_itself(kind):
    fitted = read_xgboost(model(kind))
    held = FROZEN["kinds"][kind]
    np.testing.assert_allclose(fitted.risk(rows()), held["risk"], rtol=0, atol=1e-6)
    shares = fitted.contributions(rows())
    np.testing.assert_allclose(shares, held["shares"], rtol=0, atol=1e-6)
    np.testing.assert_allclose(shares.sum(axis=1), fitted.margin(rows()), rtol=0, atol=1e-12)


def test_one_row_alone_has_the_bits_of_the_table():
    fitted, x = read_xgboost(model("deep")), rows()
    assert fitted.risk(x).tolist() == [float(fitted.risk(x[k : k + 1])[0]) for k in range(len(x))]


def test_a_value_at_a_bound_goes_right_in_single_precision():
    fitted = read_xgboost(model())
    tree = fitted.trees[0]
    x = np.full((3, len(fitted.names)), np.nan)
    bound = tree.bound[0]
    x[:, tree.feature[0]] = [np.nextafter(bound, np.float32(-np.inf)), bound, float(bound) - 1e-12]
    assert tree.goes_left(0, x.astype(np.float32)).tolist() == [True, False, False]


def _booster(said):
    return said["learner"]["gradient_booster"]["model"]


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said["learner"]["objective"].update(name="reg:squarederror"),
        lambda said: said["learner"]["gradient_booster"].update(name="dart"),
        lambda said: said["learner"].update(feature_names=[]),
        lambda said: said["learner"]["attributes"].update(best_iteration="2"),
        lambda said: _booster(said)["trees"][0].update(split_type=[1] * 15),
        lambda said: _booster(said)["trees"][0]["left_children"].__setitem__(0, 0),
        lambda said: _booster(said)["trees"][0]["left_children"].__setitem__(0, 10_000),
        lambda said: _booster(said)["trees"][0]["split_indices"].__setitem__(0, 99),
        lambda said: _booster(said)["trees"][0]["split_conditions"].__setitem__(0, float("nan")),
        lambda said: _booster(said)["trees"][0]["sum_hessian"].pop(),
        lambda said: _booster(said).update(trees=[]),
        lambda said: said.pop("learner"),
    ],
)
def test_what_is_no_such_model_is_refused(change):
    with pytest.raises(Refused) as refused:
        read_xgboost(model(change=change))
    assert refused.value.code == "model.xgboost"
