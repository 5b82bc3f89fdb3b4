"""Fitting: what is learnt from which rows, and that it is the same each time."""

import numpy as np
import pyarrow as pa
import pytest

from attending.errors import BadInput, Refused
from attending.models.bundle import read_bundle
from attending.train.fit import fit
from attending.train.run_record import artifacts
from attending.train.split import split
from tests.models.hospital_rows import NAMES
from tests.train.cohort_rows import DELAY, HORIZON, cohort, spec

TABLE, FEATURES = cohort()
FEW = {"num_iterations": 15, "min_data_in_leaf": 10}
BOTH = spec(compare=[{"estimator": "lightgbm", "parameters": FEW}])


def fitted(asked, features=FEATURES, *, names=NAMES, exception=False):
    parts = split(asked, TABLE, horizon_us=HORIZON, delay_us=DELAY, exception=exception)
    made = fit(asked, TABLE, features, split=parts, names=names, feature_set="f" * 64)
    return parts, made


@pytest.fixture(scope="module")
def both():
    return fitted(BOTH)


def test_the_model_is_the_one_that_was_named_and_others_are_reported(both):
    parts, trained = both
    assert list(trained.bundles) == ["logistic", "lightgbm"]
    assert trained.chosen.estimator == "logistic"
    assert [item.chosen for item in trained.candidates] == [True, False]
    for name in trained.bundles:
        assert trained.test_risks[name].shape == parts.test.shape
    assert all(item.test.auroc > 0.7 for item in trained.candidates)


def test_two_fits_give_the_same_files(both):
    assert artifacts(fitted(BOTH)[1]) == artifacts(both[1])


def test_the_files_score_the_test_as_the_fit_did(both):
    parts, trained = both
    x = np.column_stack([FEATURES[name].to_numpy() for name in NAMES])[parts.test]
    for name, bundle in trained.bundles.items():
        np.testing.assert_array_equal(read_bundle(bundle.files()).risk(x), trained.test_risks[name])


def test_nothing_is_learnt_from_test_rows():
    parts, trained = fitted(BOTH)
    changed = FEATURES
    for k, name in enumerate(NAMES):
        values = FEATURES[name].to_numpy().copy()
        values[parts.test] = 1e6
        changed = changed.set_column(3 + k, name, pa.array(values))
    assert artifacts(fitted(BOTH, changed)[1]) == artifacts(trained)


def test_folds_predict_every_labelled_row_from_a_model_without_its_patient():
    asked = spec({"kind": "group_random", "reason": "the data have no calendar", "folds": 3})
    parts, trained = fitted(asked, exception=True)
    assert trained.out_of_fold is not None and parts.fold is not None
    risk = trained.out_of_fold["logistic"]
    np.testing.assert_array_equal(np.isnan(risk), parts.fold < 0)
    measured = trained.candidates[0].out_of_fold
    assert measured is not None and 0.7 < measured.auroc < 0.95


def test_early_stopping_uses_the_tuning_slice():
    asked = spec(
        {"kind": "temporal", "test_fraction": 0.3, "tuning_fraction": 0.2},
        estimator="lightgbm",
        parameters=FEW | {"num_iterations": 200, "early_stopping_rounds": 5},
    )
    assert fitted(asked)[1].chosen.files()["model.txt"].count(b"\nTree=") < 200


@pytest.mark.fault("D05")
def test_a_feature_that_is_the_outcome_in_disguise_stops_the_fit():
    rng = np.random.default_rng(5)
    label = np.nan_to_num(TABLE["label"].to_numpy().astype(float))
    leak = FEATURES.append_column("cost", pa.array(label + rng.normal(0, 0.2, len(label))))
    # Control: without the leak the same fit goes through.
    assert fitted(spec())[1].candidates[0].test.auroc < 0.95
    with pytest.raises(Refused) as refused:
        fitted(spec(), leak, names=(*NAMES, "cost"))
    assert (refused.value.code, refused.value.exit_code) == ("leak.too_good", 3)
    assert "cost" in refused.value.message and "age" not in refused.value.message


def test_a_gap_that_tells_the_outcome_stops_the_fit_too():
    label = np.nan_to_num(TABLE["label"].to_numpy().astype(float))
    gap = FEATURES.append_column("autopsy", pa.array(np.where(label == 1, 1.0, np.nan)))
    with pytest.raises(Refused) as refused:
        fitted(spec(), gap, names=(*NAMES, "autopsy"))
    assert "autopsy" in refused.value.message


def test_features_of_another_cohort_are_refused():
    with pytest.raises(BadInput) as refused:
        fitted(spec(), FEATURES.take(pa.array(np.arange(TABLE.num_rows)[::-1])))
    assert refused.value.code == "train.rows"
    with pytest.raises(BadInput) as refused:
        fitted(spec(), names=("aeg",))
    assert "'age'" in refused.value.hint


def test_infinite_values_are_refused():
    values = FEATURES["age"].to_numpy().copy()
    values[3] = np.inf
    with pytest.raises(BadInput) as refused:
        fitted(spec(), FEATURES.set_column(3, "age", pa.array(values)))
    assert refused.value.code == "train.infinite"


def test_imputing_is_written_into_the_bundle():
    asked = spec(missing="impute", estimator="lightgbm", parameters=FEW)
    parts, trained = fitted(asked)
    fill = trained.chosen.references[1].at(0.5)
    seen = FEATURES["creatinine"].to_numpy()[parts.train]
    assert fill == pytest.approx(np.nanmedian(seen), rel=1e-8)
    assert read_bundle(trained.chosen.files()).missing == "impute"
