"""A bedside score as a feature: the score's own numbers, missing with a reason, known codes."""

from __future__ import annotations

from datetime import UTC

import pyarrow as pa
import pytest

from attending.engines.local import LocalEngine
from attending.errors import BadInput, Refused
from attending.features.build import build
from attending.features.compiled import compiled
from attending.features.lineage import codes_read, columns_read, uses
from attending.features.online import for_patient
from attending.features.parity import parity
from attending.govern.declared import judge_reads
from attending.scores.registered import SCORES
from tests.engines.tables import engine, in_order
from tests.features.specs import feature, spec
from tests.scores.event_rows import ADMITTED, LEAVES, STAY, event, events, moment, rows, stay

PRESSURE, BREATHS = "LOINC//8480-6", "LOINC//9279-1"
SEPSIS = spec(
    feature("qsofa", kind="score", score="qsofa"),
    feature("strict", kind="score", score="qsofa", parameters={"policy": "strict"}),
    feature("pressure", kind="score", score="qsofa", component="systolic"),
    feature("mentation", kind="score", score="qsofa", component="mentation"),
    feature("lace", kind="score", score="lace"),
    feature("twice", kind="derived", expression={"op": "sum", "of": ["qsofa", "qsofa"]}),
)
LOW = event(PRESSURE, "2026-03-13T11:00", value=80.0, unit="mm[Hg]")
FAST = event(BREATHS, "2026-03-13T10:00", value=30.0, unit="/min")


def vector(*happened, definitions=SEPSIS, start=ADMITTED):
    return for_patient(
        definitions,
        events(*happened),
        subject_id=1,
        encounter_id=STAY,
        prediction_time=moment(LEAVES).replace(tzinfo=UTC),
        index_start=start and moment(start).replace(tzinfo=UTC),
    )


def test_a_feature_is_the_score_of_the_visible_rows():
    found = dict(zip(SEPSIS.names, vector(LOW, FAST).values, strict=True))
    scored = SCORES.get("qsofa")({}).score(events(LOW, FAST), rows(stay())).to_pylist()[0]
    assert found["qsofa"] == scored["total"] == 2.0
    assert (found["pressure"], found["twice"]) == (1.0, 4.0)
    late = event(BREATHS, "2026-03-13T10:00", known="2026-03-13T12:01", value=30.0, unit="/min")
    assert vector(LOW, late).values[0] == 1.0


def test_what_a_score_cannot_tell_is_missing_with_its_reason():
    nothing = vector()
    assert nothing.values[:4] == (None,) * 4
    assert nothing.missing[:4] == ("never_measured",) * 4
    late = {**LOW, "known_at": moment("2026-03-13T12:01")}
    assert vector(late).missing[0] == "not_yet_known"
    odd = {**LOW, "unit": "furlong"}
    assert vector(odd).missing[0] == "no_value"
    some = vector(LOW)
    assert some.values[:4] == (1.0, None, 1.0, None)
    assert some.missing[:4] == (None, "no_value", None, "no_value")


def test_the_newest_row_behind_a_score_is_told():
    newest = next(vector(LOW, FAST).inputs())
    assert newest.time == moment("2026-03-13T11:00").replace(tzinfo=UTC)
    assert newest.known_at == newest.time
    assert next(vector().inputs()).time is None


@pytest.mark.parametrize(("score", "known"), [("lace", 3.0), ("hospital", 0.0)])
def test_a_stay_whose_start_is_not_known_has_no_length(score, known):
    length = spec(feature("nights", kind="score", score=score, component="stay"))
    assert vector(definitions=length).values == (known,)
    unknown = vector(definitions=length, start=None)
    assert (unknown.values, unknown.missing) == ((None,), ("never_measured",))


def test_the_table_has_the_bits_of_one_patient_and_parity_sees_a_change(tmp_path):
    happened = events(LOW, FAST, {**LOW, "subject_id": 2}, {**FAST, "subject_id": 3})
    due = rows(*(stay(subject=subject) for subject in (4, 3, 2, 1)))
    local = engine(tmp_path, in_order(happened), row_group_size=1)
    record, table = build(SEPSIS, due, local)
    assert table["qsofa"].to_pylist() == [None, 1.0, 1.0, 2.0]
    assert record.features[0].missing == {"never_measured": 1}
    assert parity(SEPSIS, due, table, engine=local).same
    wrong = table.set_column(3, "qsofa", pa.array([None, 1.0, 1.0, 3.0]))
    assert not parity(SEPSIS, due, wrong, engine=local).same


def test_a_score_reads_its_own_codes_and_no_more():
    needed = SCORES.get("qsofa")({}).codes
    alone = spec(feature("qsofa", kind="score", score="qsofa", status="approved"))
    assert codes_read(alone) == compiled(alone).plan.codes == tuple(sorted(needed))
    assert uses(SEPSIS)[-1].codes == tuple(sorted(needed))
    assert {"encounter_id", "text_value"} <= set(columns_read(alone))
    assert judge_reads(needed, features=alone, cohort=()).answer == "met"
    assert judge_reads((*needed, "HIV"), features=alone, cohort=()).answer == "refused"


def test_a_score_that_cannot_be_a_feature_is_refused():
    def asked(**more):
        return spec(feature("f", kind="score", **more))

    with pytest.raises(BadInput, match="not known"):
        build(asked(score="qsofaa"), rows(stay()), LocalEngine([]))
    with pytest.raises(BadInput, match="does not have"):
        compiled(asked(score="qsofa", component="pulse"))
    with pytest.raises(BadInput, match="does not have"):
        compiled(asked(score="qsofa", parameters={"zone": "UTC"}))
    with pytest.raises(Refused, match="given later"):
        compiled(asked(score="lace", parameters={"availability": "as_coded"}))
    with pytest.raises(ValueError, match="leave out 'clock'"):
        asked(score="lace", clock="event")
    with pytest.raises(ValueError, match="needs the field 'score'"):
        asked()
