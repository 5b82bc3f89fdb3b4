"""One candidate: signs, weights, brought models, and rows in whatever order."""

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from attending.digests import digest_bytes
from attending.documents.run_facts import run_facts
from attending.errors import BadInput
from attending.train.fit import fit
from attending.train.run_record import artifacts, record
from attending.train.split import split
from tests.models import onnx_files
from tests.models.hospital_rows import NAMES
from tests.models.test_monotone import steepest
from tests.train.cohort_rows import CUT, DELAY, HORIZON, cohort, spec
from tests.train.test_run_record import HERE, OF

TABLE, FEATURES = cohort(1500, patients=1500)
FEW = {"num_iterations": 25, "min_data_in_leaf": 10}
BAGGED = FEW | {"bagging_fraction": 0.6, "bagging_freq": 1, "feature_fraction": 0.7}


def fitted(asked, table=TABLE, features=FEATURES, **more):
    parts = split(asked, table, horizon_us=HORIZON, delay_us=DELAY, exception=False)
    names = more.pop("names", NAMES)
    made = fit(asked, table, features, split=parts, names=names, feature_set="f" * 64, **more)
    return parts, made


def test_the_order_of_the_rows_leaves_no_trace_in_the_files():
    asked = spec(
        {"kind": "temporal", "test_from": CUT, "tuning_fraction": 0.1},
        estimator="lightgbm",
        parameters=BAGGED,
        compare=[
            {"estimator": "logistic", "parameters": {"knots": 3, "l1": 1}},
            {"estimator": "additive"},
        ],
        search={"trials": 3, "folds": 2, "over": {"num_leaves": [3, 5]}},
    )
    order = pa.array(np.random.default_rng(3).permutation(TABLE.num_rows))
    one, other = fitted(asked)[1], fitted(asked, TABLE.take(order), FEATURES.take(order))[1]
    assert artifacts(one) == artifacts(other)
    # Figures on the test are sums over its rows, which may differ in the last bit.
    assert [item.search for item in one.candidates] == [item.search for item in other.candidates]
    for a, b in zip(one.candidates, other.candidates, strict=True):
        assert a.test.auroc == b.test.auroc
        assert a.test.brier == pytest.approx(b.test.brier, rel=1e-12)


def test_signs_of_model_yaml_are_held_by_the_model_that_is_stored():
    signs = {"age": "decreasing", "creatinine": "increasing"}
    others = [{"estimator": "additive"}, {"estimator": "logistic"}]
    asked = spec(estimator="lightgbm", parameters=FEW, monotone=signs, compare=others)
    parts, trained = fitted(asked)
    x = np.column_stack([FEATURES[name].to_numpy() for name in NAMES])
    for name in ("lightgbm", "additive"):
        assert steepest(trained.bundles[name], x, feature=0)[0] <= 1e-9
        assert steepest(trained.bundles[name], x, feature=1)[1] >= -1e-9
    # Control: age raises the risk, so the logistic regression, which holds no sign, shows it.
    assert steepest(trained.bundles["logistic"], x, feature=0)[0] > 1e-3
    made = record(asked, trained, split=parts, provenance=HERE, materials=OF)
    assert made.monotone == signs
    assert {fact.label: fact.says for fact in run_facts(made)}["Signs that are kept"] == (
        "age decreasing, creatinine increasing"
    )


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"estimator": "lightgbm", "monotone": {"aeg": "increasing"}}, "'aeg'"),
        (
            {
                "estimator": "lightgbm",
                "monotone": {"age": "increasing"},
                "parameters": {"monotone_up": "age"},
            },
            "both in monotone and in parameters",
        ),
    ],
)
def test_a_sign_of_nothing_or_said_twice_is_refused(asked, said):
    with pytest.raises(BadInput) as refused:
        fitted(spec(**asked))
    assert refused.value.code == "model.monotone" and said in refused.value.message


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"monotone": {"age": "increasing"}}, "cannot hold a sign"),
        ({"class_weights": "balanced", "calibration": "none"}, "write a calibration"),
        ({"parameters": {"class_weights": "balanced"}}, "a field of model.yaml"),
        ({"estimator": "onnx"}, "onnx takes parameters"),
        (
            {"class_weights": "balanced", "search": {"over": {"l2": [1, 2]}}},
            "judged by auroc alone",
        ),
        (
            {"split": {"kind": "by_group", "column": "site", "test": ["A"], "tuning_rows": "latest",
                       "reason": "the sites are what differs"}},
            "has a calendar",
        ),
    ],
)  # fmt: skip
def test_what_would_not_keep_its_promise_is_refused_when_it_is_read(asked, said):
    with pytest.raises(ValidationError, match=said):
        spec(**asked)


@pytest.mark.parametrize("estimator", ["logistic", "lightgbm", "additive"])
def test_balanced_weights_are_mended_by_the_calibration_and_the_run_says_so(estimator):
    few = FEW if estimator == "lightgbm" else {}
    asked = spec(estimator=estimator, parameters=few, class_weights="balanced", calibration="beta")
    parts, trained = fitted(asked)
    x = np.column_stack([FEATURES[name].to_numpy() for name in NAMES])[parts.calibration]
    rate = TABLE["label"].to_numpy(zero_copy_only=False)[parts.calibration].astype(float).mean()
    raw = trained.chosen.fitted.risk(trained.chosen.prepare(x)).mean()
    # Control: the weights break the risks.
    assert raw > rate + 0.08
    assert trained.chosen.risk(x).mean() == pytest.approx(rate, abs=0.005)
    made = record(asked, trained, split=parts, provenance=HERE, materials=OF)
    assert made.class_weights == "balanced" and made.calibration == "beta"
    said = {fact.label: fact.says for fact in run_facts(made)}["Class weights"]
    assert said == "balanced in the fit; the risks were mended by beta calibration"


def test_a_brought_model_is_calibrated_here_and_keeps_its_bytes():
    data = onnx_files.whole()
    digest = digest_bytes(data)
    asked = spec(estimator="onnx", parameters={"file": "m.onnx", "digest": digest})
    parts, trained = fitted(asked, brought={digest: data})
    made = record(asked, trained, split=parts, provenance=HERE, materials=OF)
    assert {item.name: item.digest for item in made.artifacts}["model.onnx"] == digest
    assert trained.candidates[0].test.auroc > 0.7
    assert trained.chosen.calibration.kind == "platt"
    with pytest.raises(BadInput) as refused:
        fitted(asked)
    assert refused.value.code == "model.brought"
