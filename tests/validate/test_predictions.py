"""Predictions in a plain table: the same report, for users without a project."""

import numpy as np
import pyarrow as pa
import pytest

from attending.errors import BadInput
from attending.specs.validation import ValidationSpec
from attending.validate.model import validate
from attending.validate.predictions import validate_predictions
from attending.validate.unasked import unasked

SPEC = ValidationSpec(
    baselines=["lace"],
    thresholds=[0.2, {"alerts_per_day": 3}],
    subgroups=["age", "site"],
    bootstrap={"draws": 60},
    decision_curve={"low": 0.2, "high": 0.2},
)


@pytest.fixture(scope="module")
def table(ward):
    lace = ward.baselines["lace"]
    return pa.table(
        {
            "outcome": ward.outcome,
            "risk": ward.risk,
            "subject": ward.cluster,
            "baseline_lace": lace.score,
            "baseline_lace_risk": lace.risk,
            "group_age": ward.groups["age"],
            "site": ward.site,
            "prediction_time": pa.array(ward.prediction_time, pa.timestamp("us")),
        }
    )


def test_a_plain_table_gives_the_same_figures_as_a_project(table, ward):
    plain, ours = validate_predictions(SPEC, table), validate(SPEC, ward)
    assert plain.figures[0] == ours.figures[0]
    assert plain.subgroups == ours.subgroups
    assert plain.thresholds == ours.thresholds


@pytest.mark.requirement("E1")
def test_recorded_decisions_stand_as_the_baseline_and_none_is_refused(table):
    triage = table.append_column(
        "baseline_triage", pa.array((table["baseline_lace"].to_numpy() > 9).astype(np.int8))
    )
    spec = SPEC.model_copy(update={"baselines": ValidationSpec(baselines=["triage"]).baselines})
    report = validate_predictions(spec, triage)
    assert report.summary[0].verdict == "better"
    with pytest.raises(BadInput, match="no scores of baseline 'triage'"):
        validate_predictions(spec, table)


def test_a_tools_yes_and_no_is_met_at_equal_alerts_and_not_by_its_auroc(table):
    flags = pa.array((table["baseline_lace"].to_numpy() > 9).astype(np.float64))
    plain = table.drop_columns(["baseline_lace"]).append_column("baseline_tool", flags)
    asked = unasked(plain, thresholds=(0.2,), draws=50)
    assert [gate.gate for gate in asked.gates][-1] == "better_or_adds"
    report = validate_predictions(asked, plain)
    (gate,) = [one for one in report.gates if one.gate == "better_or_adds"]
    assert gate.checks[0].what in {
        "sensitivity at equal alerts", "share flagged at equal sensitivity",
    }  # fmt: skip
    assert not any("only its ranking" in note for note in report.notes)
    # A score keeps its own gate.
    assert unasked(table, draws=50).gates[-1].gate == "beats_baseline"


def test_rows_without_an_outcome_yet_are_left_out_and_counted(table):
    outcome = table["outcome"].to_pylist()
    outcome[:20] = [None] * 20
    waiting = table.set_column(0, "outcome", pa.array(outcome, pa.int8()))
    report = validate_predictions(SPEC, waiting)
    assert report.n == 5980
    assert report.notes[0].startswith("20 rows without an outcome yet were left out. They are no")
    assert "may be too good. Leave out all scores younger than" in report.notes[0]


def test_ids_as_text_group_rows_as_ids_as_numbers_do(table):
    names = pa.array([f"patient {subject}" for subject in table["subject"].to_pylist()])
    report = validate_predictions(SPEC, table.set_column(2, "subject", names))
    assert report.patients == validate_predictions(SPEC, table).patients


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda t: t.drop_columns(["risk"]), "validate.missing_column"),
        (lambda t: t.set_column(1, "risk", pa.array(["high"] * 6000)), "validate.not_numbers"),
        (lambda t: t.set_column(0, "outcome", pa.array([2] * 6000)), "validate.outcome"),
        (lambda t: t.set_column(2, "subject", pa.nulls(6000, pa.int64())), "validate.no_subject"),
        (lambda t: t.set_column(1, "risk", pa.array([50.0] * 6000)), "statistics.risk"),
    ],
)
def test_a_table_that_cannot_be_read_is_refused_by_name(table, change, code):
    with pytest.raises(BadInput) as refusal:
        validate_predictions(SPEC, change(table))
    assert refusal.value.code == code
