"""Training on numbers: slices, the same bytes again, and what is refused before a fit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from attending.errors import BadInput, Refused
from attending.specs.model import ModelSpec
from attending.times import DAY
from attending.train.fit_numbers import fit_numbers
from attending.train.number_checks import rank_correlation
from attending.train.outcomes import numbers_of, type_of
from attending.train.replay import compare
from attending.train.run_record import Materials, Provenance, artifacts, record
from attending.train.split import split
from tests.models.hospital_rows import NAMES
from tests.train import cohort_rows

SPLIT = {
    "kind": "temporal",
    "test_from": cohort_rows.CUT,
    "patient_overlap": "drop_from_train",
    "embargo": "0d",
}


def days(n=900, **more):
    """Return a cohort of lengths of stay, and its features."""
    table, features = cohort_rows.cohort(n, **more)
    x = np.column_stack([features[name].to_numpy() for name in NAMES])
    rng = np.random.default_rng(4)
    number = np.exp(1.0 + 0.4 * np.nan_to_num(x[:, 0] / (np.nanstd(x[:, 0]) + 1e-9)))
    number = number * rng.lognormal(0, 0.5, n)
    known = np.arange(n) % 40 != 0
    table = table.drop_columns(["label"]).append_column("label", pa.nulls(n, pa.int8()))
    return table.append_column("outcome_days", pa.array(number, mask=~known)), features


def spec(**more):
    said = {
        "name": "length-of-stay",
        "outcome": "days until a live discharge",
        "outcome_type": "number",
        "estimator": "lightgbm",
        "parameters": {"num_iterations": 30, "min_data_in_leaf": 20},
        "compare": [{"estimator": "linear"}],
        "seed": 7,
        "split": SPLIT,
        **more,
    }
    return ModelSpec.model_validate(said)


def fitted(asked, table, features, names=NAMES):
    parts = split(asked, table, horizon_us=0, delay_us=0, exception=False)
    found = fit_numbers(asked, table, features, split=parts, names=names, feature_set="0" * 64)
    return parts, found


def run_of(asked, table, features):
    parts, found = fitted(asked, table, features)
    place = Provenance("c" * 40, True, "d", "CPython", "Linux", ())
    made = Materials("s" * 64, None, "c" * 64, "s" * 64, "t" * 64)
    return record(asked, found, split=parts, provenance=place, materials=made), found


@pytest.mark.requirement("E20")
def test_the_same_rows_give_the_same_run_and_the_outcomes_must_agree():
    table, features = days()
    one, found = run_of(spec(), table, features)
    two, _ = run_of(spec(), table, features)
    assert one == two
    assert one.outcome_type == "number"
    assert sorted(artifacts(found)) == [
        "bundle.json",
        "compare/linear/bundle.json",
        "compare/linear/model.json",
        "high.txt",
        "low.txt",
        "model.txt",
    ]
    kept = type(one).model_validate_json(one.model_dump_json())
    assert not compare(kept, two)
    # One refusal: a cohort of yes and no.
    with pytest.raises(BadInput) as refused:
        fitted(spec(), *cohort_rows.cohort())
    assert refused.value.code == "model.outcome_type"
    with pytest.raises(BadInput) as refused:
        split(cohort_rows.spec(SPLIT), table, horizon_us=0, delay_us=0, exception=False)
    assert "outcome_type number" in refused.value.hint.replace(": ", " ")


def test_rows_without_a_number_are_in_no_slice_and_slices_count_no_events():
    table, features = days()
    parts, found = fitted(spec(), table, features)
    numbers = numbers_of(table)
    for rows in (parts.train, parts.calibration, parts.test):
        assert len(rows)
        assert not np.isnan(numbers[rows]).any()
    assert parts.facts.unlabelled == int(np.isnan(numbers).sum())
    assert {held.events for held in parts.facts.slices} == {None}
    test = found.candidates[0].test
    assert 0.6 < test.coverage <= 1.0
    assert test.mae < np.abs(numbers[parts.test] - numbers[parts.train].mean()).mean()


def test_days_of_units_stay_whole_and_units_stand_on_both_sides():
    rng = np.random.default_rng(0)
    days_, units = 200, 6
    at = cohort_rows.BEGIN + np.repeat(np.arange(days_ * 2), units) * DAY // 2
    unit = np.tile(np.arange(units) + 1, days_ * 2)
    count = rng.poisson(3.0 + unit)
    instant = pa.timestamp("us")
    keys = {
        "subject_id": pa.array(unit, pa.int64()),
        "encounter_id": pa.nulls(len(at), pa.int64()),
        "prediction_time": pa.array(at, instant),
    }
    table = pa.table(
        keys
        | {
            "label": pa.nulls(len(at), pa.int8()),
            "horizon_end": pa.array(at + DAY, instant),
            "outcome_count": pa.array(count),
        }
    )
    assert type_of(table) == "count"
    asked = spec(
        outcome_type="count",
        estimator="poisson",
        parameters={},
        compare=[],
        split={"kind": "temporal", "test_fraction": 0.25},
    )
    assert (asked.calibration, asked.metrics[1]) == ("ratio", "poisson_deviance")
    parts, found = fitted(asked, table, pa.table(keys | {"u": unit * 1.0}), names=["u"])
    day = at // DAY
    sides = [set(day[rows].tolist()) for rows in (parts.train, parts.calibration, parts.test)]
    assert all(not a & b for a in sides for b in sides if a is not b)
    assert set(unit[parts.train]) == set(unit[parts.test])
    assert parts.facts.purged > 0  # shifts that were not over at the cut
    assert found.chosen.calibration.kind == "ratio"


def test_a_feature_that_restates_the_number_stops_the_fit():
    table, features = days()
    copied = numbers_of(table) * 24.0
    features = features.append_column("hours", pa.array(np.nan_to_num(copied, nan=1.0)))
    with pytest.raises(Refused) as refused:
        fitted(spec(), table, features, names=[*NAMES, "hours"])
    assert refused.value.code == "leak.too_good"
    assert "hours" in refused.value.message
    assert rank_correlation(np.arange(5.0), np.arange(5.0)) == 0.0  # too few to tell


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"estimator": "logistic"}, "expected lightgbm or linear"),
        ({"estimator": "poisson", "parameters": {}}, "expected lightgbm or linear"),
        ({"calibration": "platt"}, "expected linear or none"),
        ({"outcome_type": "yes_no", "compare": []}, "for outcome_type number or count"),
        ({"interval": 1.0}, "less than 1"),
    ],
)
def test_what_does_not_suit_the_outcome_is_refused(change, word):
    with pytest.raises(ValidationError, match=word):
        more = {"calibration": "linear"} if "outcome_type" in change else {}
        spec(**more, **change)


def test_a_spec_of_yes_and_no_is_digested_as_before():
    said = cohort_rows.spec().model_dump(mode="json")
    assert not {"outcome_type", "interval"} & set(said)
    assert "outcome_type" in spec().model_dump(mode="json")
