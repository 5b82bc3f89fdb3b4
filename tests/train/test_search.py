"""The search: seeded, in time, every trial kept, and blind to everything but training rows."""

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from attending.errors import BadInput
from attending.specs.search import SearchSpec
from attending.times import DAY
from attending.train.fit import fit
from attending.train.run_record import artifacts
from attending.train.search import trials_of
from attending.train.split import split
from tests.models.hospital_rows import NAMES
from tests.train.cohort_rows import CUT, DELAY, HORIZON, cohort, spec

TABLE, FEATURES = cohort(1500, patients=1500)
OVER = {"l2": {"low": 0.01, "high": 3000, "scale": "log"}, "knots": [0, 3, 4]}
ASKED = {"method": "random", "trials": 6, "folds": 2, "over": OVER}


def fitted(features=FEATURES, *, exception=False, split_asked=None, table=TABLE, **more):
    asked = spec(split_asked, **more)
    horizon = HORIZON if table is TABLE else DAY
    parts = split(asked, table, horizon_us=horizon, delay_us=DELAY, exception=exception)
    return parts, fit(asked, table, features, split=parts, names=NAMES, feature_set="f" * 64)


@pytest.fixture(scope="module")
def found():
    return fitted(search=ASKED)


def test_every_trial_is_kept_and_the_best_is_what_was_fitted(found):
    _, trained = found
    (facts,) = trained.candidates
    means = [trial.mean for trial in facts.search.trials]
    assert len(means) == 6 and facts.search.best == int(np.argmin(means))
    assert facts.parameters == facts.search.trials[facts.search.best].parameters
    assert facts.search.trials[0].parameters == {}
    assert all(len(trial.scores) == 2 for trial in facts.search.trials)
    assert len({trial.mean for trial in facts.search.trials}) > 3
    same = fitted(parameters=facts.parameters)[1]
    assert artifacts(same) == artifacts(trained)


def test_a_fold_is_judged_after_the_embargo_and_before_the_test(found):
    parts, trained = found
    folds = trained.candidates[0].search.folds
    assert [fold.begins for fold in folds] == sorted(fold.begins for fold in folds)
    assert all(fold.begins < parts.facts.cut for fold in folds)
    assert folds[0].fit_rows < folds[1].fit_rows < len(parts.train)


def test_the_search_is_blind_to_calibration_and_test_rows(found):
    parts, trained = found
    changed = FEATURES
    for k, name in enumerate(NAMES):
        values = FEATURES[name].to_numpy().copy()
        values[np.concatenate([parts.test, parts.calibration])] = 1e6
        changed = changed.set_column(3 + k, name, pa.array(values))
    again = fitted(changed, search=ASKED | {"folds": 2}, calibration="none")[1]
    assert again.candidates[0].search == trained.candidates[0].search
    # Control: with other training rows the scores are others.
    values = FEATURES["age"].to_numpy().copy()
    values[parts.train] = 50.0
    other = FEATURES.set_column(3, "age", pa.array(values))
    assert fitted(other, search=ASKED)[1].candidates[0].search != trained.candidates[0].search


def test_the_same_seed_tries_the_same_and_another_seed_does_not():
    asked = SearchSpec.model_validate(ASKED)
    assert trials_of(asked, {}, seed=3) == trials_of(asked, {}, seed=3)
    assert trials_of(asked, {}, seed=3) != trials_of(asked, {}, seed=4)


def test_what_is_drawn_lies_in_its_range_ends_among_them():
    over = {
        "leaves": {"low": 4, "high": 6, "whole": True},
        "many": {"low": 1, "high": 100, "scale": "log", "whole": True},
        "rate": {"low": 0.01, "high": 1.0, "scale": "log"},
        "kind": ["a", "b"],
    }
    asked = SearchSpec.model_validate({"trials": 200, "over": over})
    tried = trials_of(asked, {"kept": 1}, seed=0)[1:]
    assert {trial["leaves"] for trial in tried} == {4, 5, 6}
    assert all(isinstance(trial["many"], int) and 1 <= trial["many"] <= 100 for trial in tried)
    rates = np.array([trial["rate"] for trial in tried])
    assert ((rates >= 0.01) & (rates <= 1.0)).all() and 0.35 < (rates < 0.1).mean() < 0.65
    assert {trial["kind"] for trial in tried} == {"a", "b"}
    assert all(trial["kept"] == 1 for trial in tried)


def test_trees_in_a_search_stop_early_on_later_rows_of_the_fold():
    ends = pa.array(TABLE["prediction_time"].to_numpy() + np.timedelta64(1, "D"))
    at = TABLE.column_names.index("horizon_end")
    _, trained = fitted(
        table=TABLE.set_column(at, "horizon_end", ends),
        estimator="lightgbm",
        split_asked={
            "kind": "temporal", "test_from": CUT, "tuning_fraction": 0.2, "tuning_rows": "latest",
        },
        parameters={"num_iterations": 300, "min_data_in_leaf": 20, "early_stopping_rounds": 5},
        search={"trials": 3, "folds": 2, "measure": "auroc", "over": {"num_leaves": [3, 7]}},
    )  # fmt: skip
    (facts,) = trained.candidates
    assert facts.search.best == int(np.argmax([trial.mean for trial in facts.search.trials]))
    assert trained.chosen.files()["model.txt"].count(b"\nTree=") < 300


def test_a_candidate_for_comparison_has_its_own_search_and_data_without_a_calendar_a_draw():
    _, trained = fitted(
        exception=True,
        split_asked={"kind": "group_random", "reason": "the data have no calendar"},
        compare=[
            {
                "estimator": "additive",
                "search": {"method": "grid", "folds": 2, "over": {"knots": [2, 4]}},
            }
        ],
    )
    own, other = trained.candidates
    assert own.search is None and len(other.search.trials) == 3
    assert all(fold.begins is None for fold in other.search.folds)


def test_folds_without_events_are_refused_with_the_way_out():
    with pytest.raises(BadInput) as refused:
        fitted(search=ASKED | {"folds": 10}, split_asked={"kind": "temporal", "test_from": CUT})
    assert refused.value.code == "search.too_few"
    assert "fewer folds" in refused.value.hint


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"over": {}}, "at least 1"),
        ({"over": {"l2": {"low": 2, "high": 1}}}, "low below high"),
        ({"over": {"l2": {"low": 0, "high": 1, "scale": "log"}}}, "low above 0"),
        ({"method": "grid"}, "a range needs method: random"),
        ({"method": "grid", "over": {"a": list(range(30)), "b": list(range(30))}}, "900 trials"),
        ({"over": {"class_weights": ["none", "balanced"]}}, "a field of its own"),
        ({"folds": 0}, "greater than or equal to 1"),
    ],
)
def test_a_search_that_cannot_be_made_is_refused(wrong, said):
    with pytest.raises(ValidationError, match=said):
        SearchSpec.model_validate(ASKED | wrong)
