"""Laws of bedside scores as features: one table, one patient, any shards: the same bits."""

from __future__ import annotations

from datetime import UTC

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attending.engines.tables import in_order
from attending.features.build import build
from attending.features.compiled import compiled
from attending.features.online import for_patient
from attending.records.features import REASONS, STATES
from attending.scores.registered import SCORES
from tests.engines.tables import engine
from tests.features.specs import feature, spec
from tests.laws.test_scores import LEAVE, NEEDED, due, histories, table, visible
from tests.scores.event_rows import rows, stay

BRIEF = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(params=SCORES.names(), scope="module")
def plan(request):
    """Return one score's total, its strict total and each of its components as features."""
    needed = NEEDED.get(request.param, {})
    same = {"kind": "score", "score": request.param}
    strict = {**needed, "policy": "strict"}
    parts = SCORES.get(request.param)(needed).components
    return compiled(
        spec(
            feature("total", **same, parameters=needed),
            feature("strict", **same, parameters=strict),
            *(feature(f"part_{name}", **same, parameters=needed, component=name) for name in parts),
        )
    )


def one(plan, happened, asked):
    return for_patient(
        plan,
        happened,
        subject_id=asked["subject_id"],
        encounter_id=asked["encounter_id"],
        prediction_time=asked["prediction_time"].replace(tzinfo=UTC),
        index_start=asked["index_start"] and asked["index_start"].replace(tzinfo=UTC),
    )


@BRIEF
@given(
    made=histories(),
    laid=st.fixed_dictionaries(
        {
            "shards": st.integers(1, 3),
            "row_group_size": st.sampled_from([1, 8, 64]),
            "piece_rows": st.sampled_from([1, 9, 1000]),
        }
    ),
)
def test_the_table_and_one_patient_give_the_same_bits(plan, tmp_path, made, laid):
    happened = in_order(table(made))
    beginless = {**stay(), "index_start": None, "encounter_id": None}
    asked = pa.concat_tables([due(), rows(beginless, stay(subject=3))])
    _, built = build(plan, asked, engine(tmp_path, happened, **laid))
    for place, row in enumerate(asked.to_pylist()):
        alone = one(plan, happened, row)
        assert [built[name][place].as_py() for name in alone.names] == list(alone.values)
        states = built[STATES][place].as_py()
        assert [REASONS[state & 15] for state in states] == list(alone.missing)
        assert [value is None for value in alone.values] == [
            reason is not None for reason in alone.missing
        ]


@BRIEF
@given(made=histories())
def test_rows_that_are_not_visible_never_change_a_score_or_its_inputs(plan, made):
    seen = [row for row in made if visible(row, LEAVE)]
    whole, less = (one(plan, in_order(table(part)), stay()) for part in (made, seen))
    assert (whole.values, whole.newest_known_us) == (less.values, less.newest_known_us)
