"""What was served online is computed again offline: planted skew is found, and named."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, timedelta

import numpy as np
import pyarrow.compute as pc
import pytest

from attending.errors import NotFound, Refused
from attending.lifecycle import scoring, skewing
from attending.lifecycle.answering import answering
from attending.lifecycle.cohorts import project_snapshot
from attending.lifecycle.engines import engine_over
from attending.monitor.skew import Compared
from attending.times import to_micros
from tests.lifecycle.feeds import by_ids, push
from tests.lifecycle.ward import SECOND, make_ward

PATIENTS = 12


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("skew"))
    yield made
    made.desk.home.close()


@pytest.fixture(scope="module")
def answers(ward):
    found = answering(ward.desk.home.root, [ward.project], clock=lambda: SECOND)
    yield found
    found.home.close()


@pytest.fixture(scope="module")
def due(ward):
    table = scoring.score(ward.desk, ward.project).table
    engine = engine_over(ward.desk, project_snapshot(ward.desk, ward.project))
    return [(row, engine.rows(row["subject_id"])) for row in table.to_pylist()[:PATIENTS]]


def lab(project, name):
    """Return the code of a feature that is a laboratory value."""
    return next(one for one in project.features.features if one.name == name).codes[0]


def inline(rows, change):
    leave = ("subject_id", "source", "source_row")
    told = [{k: v for k, v in one.items() if k not in leave} for one in rows.to_pylist()]
    return tuple(made for one in told if (made := change(one)) is not None)


def serve(answers, ward, due, change, seconds):
    """Ask for every patient a little later than the batch, with events that were changed."""
    for row, rows in due:
        at = row["prediction_time"].replace(tzinfo=UTC) + timedelta(seconds=seconds)
        start = row["index_start"].replace(tzinfo=UTC)
        events = inline(rows, change)
        asked = by_ids(row, ward.run.model, prediction_time=at, index_start=start, events=events)
        answers.answer(asked, by="omar")


def report(ward):
    """Return the skew of all that was served, and its features by name."""
    found = skewing.check_skew(replace(ward.desk, at=SECOND), ward.project)
    return found, {one.feature: one for one in found.features}


@pytest.mark.requirement("H5")
def test_served_inputs_are_those_of_the_snapshot_and_a_planted_skew_is_named(answers, ward, due):
    with pytest.raises(NotFound) as nothing:
        skewing.check_skew(ward.desk, ward.project)
    assert nothing.value.code == "skew.nothing"
    serve(answers, ward, due, lambda one: one, 7)
    # The control: what is served as it is computed offline shows nothing.
    clean, none = report(ward)
    assert (clean.predictions, clean.compared, clean.differ, none) == (PATIENTS, PATIENTS, 0, {})
    skewing.require_same(clean)
    code = lab(ward.project, "haemoglobin_last")

    def scaled(one):
        other = one["code"] == code and one["numeric_value"] is not None
        value = np.float32(one["numeric_value"] * 1.0625) if other else one["numeric_value"]
        return one | {"numeric_value": value}

    serve(answers, ward, due, scaled, 11)
    found, named = report(ward)
    assert (named["haemoglobin_last"].cause, named["haemoglobin_last"].factor) == (
        "other_scale", 1.0625,
    )  # fmt: skip
    assert all(code in lab_codes(ward.project, name) for name in named)
    assert found.differ == named["haemoglobin_last"].n > 3
    with pytest.raises(Refused) as refused:
        skewing.require_same(found)
    assert "haemoglobin_last (other_scale)" in refused.value.message
    missing = lab(ward.project, "sodium_last")
    serve(answers, ward, due, lambda one: None if one["code"] == missing else one, 13)
    _, named = report(ward)
    assert named["sodium_last"].cause == "missing_when_served"


def lab_codes(project, name):
    return next(one for one in project.features.features if one.name == name).codes


def test_an_alert_changes_by_the_threshold_of_its_own_place(answers, ward, due):
    serve(answers, ward, due, lambda one: one, 23)
    served = scoring.served_version(ward.desk, ward.project)
    names = tuple(served.features.features[column].name for column in served.columns)
    x = np.array([row_of(one, names) for one in kept_inputs(answers, served.model)])
    risk = served.bundle.risk(x)
    low, high = float(risk.min()), float(risk.max())
    assert low < high
    between, above = (low + high) / 2, (1 + high) / 2
    # Served as of the patient of the least risk, offline as of the one of the highest.
    was, now = (np.repeat(x[[at]], 3, axis=0) for at in (risk.argmin(), risk.argmax()))
    compared = Compared(names, was, now, np.zeros(was.shape, np.bool_))
    made = [{"unit": "ICU", "site": "A"}, {"unit": None, "site": "B"}, {"site": "C"}]

    def changed(**said):
        return skewing._flags(replace(served, **said), compared, made)

    # The control: with one threshold for everyone every alert changes, or none.
    assert changed(threshold=between, places={}) == 3
    assert changed(threshold=above, places={}) == 0
    assert changed(threshold=None, places={}) == 0
    assert changed(threshold=between, places={"ICU": above, "B": above}) == 1
    assert changed(threshold=above, places={"ICU": between, "A": above}) == 1
    assert changed(threshold=None, places={"B": between}) == 1


def kept_inputs(answers, model):
    """Return the inputs of every prediction that is kept with them, by feature."""
    kept = [json.loads(data).get("inputs") for data in answers.home.predictions.contents(model)]
    return [{one["feature"]: one["value"] for one in inputs} for inputs in kept if inputs]


def row_of(told, names):
    """Return inputs in the model's order, NaN where missing."""
    return [np.nan if told[name] is None else told[name] for name in names]


@pytest.mark.requirement("H5")
def test_a_feed_that_is_late_is_told_from_one_that_never_came(answers, ward, due):
    code = lab(ward.project, "creatinine_last")
    for number, (row, rows) in enumerate(due[:6]):
        at = row["prediction_time"].replace(tzinfo=UTC) + timedelta(seconds=17)
        here = pc.equal(rows["code"], code)
        push(answers.home, rows.filter(pc.invert(here)), 2 * number)
        start = row["index_start"].replace(tzinfo=UTC)
        answers.answer(
            by_ids(row, ward.run.model, prediction_time=at, index_start=start), by="omar"
        )
        # Six hours later the laboratory's rows come, known since long before.
        late = SECOND + timedelta(hours=6)
        push(answers.home, rows.filter(here), 2 * number + 1, received=late)
        assert to_micros(at) < to_micros(late)
    _, named = report(ward)
    assert named["creatinine_last"].cause == "arrived_late"
    assert named["creatinine_last"].n > 2
