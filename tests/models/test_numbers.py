"""Estimators of numbers: the same bytes again, intervals that hold, files that are checked."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy.optimize import minimize

from attending.errors import BadInput, IntegrityBroken, Refused
from attending.models.number_bundle import NumberBundle, read_number_bundle
from attending.models.number_calibration import NumberCalibration, calibrate, from_json
from attending.models.number_linear import fit_poisson, fit_squares
from attending.models.number_protocol import Asked
from attending.models.number_registered import NUMBER_MODELS
from attending.models.reference import summarise

NAMES = ("age", "haemoglobin", "bed")
KINDS = [
    ("lightgbm", "number", {}),
    ("lightgbm", "number", {"aim": "median"}),
    ("linear", "number", {}),
    ("lightgbm", "count", {}),
    ("poisson", "count", {}),
]
SLICES = {"fit": slice(0, 1500), "calibrate": slice(1500, 2200), "test": slice(2200, 3600)}


def rows(kind, seed=0, n=3600):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    x[rng.random(x.shape) < 0.1] = np.nan
    mean = np.exp(1.0 + 0.4 * np.nan_to_num(x[:, 0]))
    return x, rng.poisson(mean).astype(float) if kind == "count" else rng.gamma(2.0, mean / 2.0)


def bundle(estimator, outcome_type, parameters, *, seed=5):
    x, y = rows(outcome_type)
    asked = Asked(NAMES, seed, 0.8, outcome_type == "count", parameters)
    fitted = NUMBER_MODELS.get(estimator).fit(x[SLICES["fit"]], y[SLICES["fit"]], asked)
    held = SLICES["calibrate"]
    line = calibrate(
        "ratio" if outcome_type == "count" else "linear",
        fitted.value(x[held]),
        fitted.bounds(x[held]),
        observed=y[held],
        level=0.8,
    )
    return NumberBundle(
        estimator=estimator,
        outcome_type=outcome_type,
        level=0.8,
        fitted=fitted,
        calibration=line,
        feature_set="0" * 64,
        missing="native",
        references=tuple(
            summarise(column, name=name)
            for name, column in zip(NAMES, x[SLICES["fit"]].T, strict=True)
        ),
        value_reference=summarise(line.apply(fitted.value(x[held])), name="value"),
    )


@pytest.mark.parametrize(("estimator", "outcome_type", "parameters"), KINDS)
def test_the_same_rows_give_the_same_bytes_and_are_read_as_they_were(
    estimator, outcome_type, parameters
):
    first = bundle(estimator, outcome_type, parameters)
    files = first.files()
    assert bundle(estimator, outcome_type, parameters).files() == files
    again = read_number_bundle(files)
    assert again.files() == files
    x, _ = rows(outcome_type)
    for one, other in zip(first.foretell(x[:50]), again.foretell(x[:50]), strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(("estimator", "outcome_type", "parameters"), KINDS)
def test_the_interval_holds_its_share_of_later_rows_and_the_mean_is_beaten(
    estimator, outcome_type, parameters
):
    x, y = rows(outcome_type)
    test = SLICES["test"]
    found = bundle(estimator, outcome_type, parameters).foretell(x[test])
    inside = np.mean((found.low <= y[test]) & (y[test] <= found.high))
    assert 0.75 <= inside <= (0.9 if outcome_type == "count" else 0.86)
    assert (found.low >= 0).all()
    assert (found.low <= found.high).all()
    mean = y[SLICES["fit"]].mean()
    assert np.abs(found.value - y[test]).mean() < np.abs(mean - y[test]).mean()


def test_without_widening_a_normal_interval_of_skewed_numbers_does_not_hold():
    x, y = rows("number")
    y **= 2
    asked = Asked(NAMES, 5, 0.5)
    fitted = NUMBER_MODELS.get("linear").fit(x[SLICES["fit"]], y[SLICES["fit"]], asked)
    held, test = SLICES["calibrate"], SLICES["test"]
    value, bounds = fitted.value(x[held]), fitted.bounds(x[held])
    line = calibrate("none", value, bounds, observed=y[held], level=0.5)

    def inside(calibration):
        low, high = calibration.ends(fitted.value(x[test]), fitted.bounds(x[test]))
        return np.mean((low <= y[test]) & (y[test] <= high))

    assert inside(NumberCalibration("none")) > 0.58  # the control: too wide by far
    assert 0.45 <= inside(line) <= 0.55


def test_linear_weights_are_those_of_another_optimiser():
    x, y = rows("count", n=400)
    matrix = np.hstack([np.ones((400, 1)), np.nan_to_num(x)])
    penalty = np.array([0.0, 1.0, 1.0, 1.0])

    def poisson(w):
        line = matrix @ w
        return (np.exp(line) - y * line).sum() + 0.5 * (penalty * w**2).sum()

    found = minimize(poisson, np.zeros(4), method="BFGS", options={"gtol": 1e-8}).x
    assert fit_poisson(matrix, y, penalty=penalty) == pytest.approx(found, abs=1e-5)
    by_lstsq = np.linalg.lstsq(matrix, y, rcond=None)[0]
    assert fit_squares(matrix, y, penalty=np.zeros(4)) == pytest.approx(by_lstsq, abs=1e-8)
    with pytest.raises(BadInput):
        fit_poisson(matrix, y - 100.0, penalty=penalty)


def test_calibration_without_rows_or_signal_is_refused():
    few = np.arange(10.0)
    with pytest.raises(Refused) as refused:
        calibrate("linear", few, (few - 1, few + 1), observed=few, level=0.8)
    assert refused.value.code == "model.calibration_rows"
    many = np.arange(100.0)
    with pytest.raises(Refused) as refused:
        calibrate("linear", many, (many - 1, many + 1), observed=100.0 - many, level=0.8)
    assert refused.value.code == "model.calibration_reversed"
    with pytest.raises(ValueError, match="unknown"):
        from_json({"kind": "magic", "intercept": 0, "slope": 1, "widen": 0})


@pytest.mark.parametrize("estimator", ["lightgbm", "linear"])
def test_an_altered_file_is_named_and_not_read(estimator):
    files = bundle(estimator, "number", {}).files()
    name = "model.txt" if estimator == "lightgbm" else "model.json"
    with pytest.raises(IntegrityBroken) as broken:
        read_number_bundle({**files, name: files[name].replace(b"1", b"2", 1)})
    assert broken.value.code == "model.digest"
    moved = json.loads(files["bundle.json"])
    moved["probes"]["value"][0] += 0.5
    text = json.dumps(moved, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
    with pytest.raises((IntegrityBroken, Refused)):
        read_number_bundle({**files, "bundle.json": text.encode()})
    with pytest.raises(Refused) as refused:
        read_number_bundle({**files, name: b"\x80\x04\x95 a pickle"})
    assert refused.value.code == "model.format"
    with pytest.raises(Refused):
        read_number_bundle({name: files[name]})


def test_the_ends_of_an_interval_may_not_be_swapped_for_the_number():
    files = bundle("lightgbm", "number", {}).files()
    with pytest.raises(IntegrityBroken):
        read_number_bundle({**files, "model.txt": files["low.txt"], "low.txt": files["model.txt"]})


@pytest.mark.parametrize(
    "parameters", [{"aim": "mode"}, {"num_leafs": 4}, {"early_stopping_rounds": 5}]
)
def test_a_parameter_that_does_not_fit_is_refused(parameters):
    x, y = rows("number", n=100)
    with pytest.raises(BadInput):
        NUMBER_MODELS.get("lightgbm").fit(x, y, Asked(NAMES, 1, 0.8, parameters=parameters))
