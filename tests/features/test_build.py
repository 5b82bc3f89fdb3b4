"""The feature table: rows as the cohort has them, counts of what is missing, parity to the bit."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from attending.engines.local import LocalEngine
from attending.errors import BadInput
from attending.features.build import build
from attending.features.diff import diff
from attending.features.lineage import codes_read, columns_read, uses
from attending.features.online import for_patient
from attending.features.parity import parity
from attending.records.base import from_content
from attending.records.features import STATES, FeatureSet
from tests.engines.tables import engine, event, events, predictions
from tests.features.specs import feature, spec

DEFINITIONS = spec(
    feature("last_lab", window="12h", freshness="2h"),
    feature("mean_lab", window="48h", aggregate="mean"),
    feature("slope_lab", window="48h", aggregate="slope"),
    feature("drugs", codes=["MEDICATION//*"], aggregate="count", window="encounter"),
    feature("hour", kind="calendar", part="hour"),
    feature(
        "rise", kind="derived", expression={"op": "difference", "of": ["last_lab", "mean_lab"]}
    ),
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    rng = np.random.default_rng(3)
    rows = []
    for subject in range(1, 120):
        for hour in rng.integers(0, 200, 30).tolist():
            late = int(rng.integers(0, 9))
            rows.append(event(subject, hour, "LAB", float(rng.normal(5, 2)), known=hour + late))
        rows.append(event(subject, 50, "MEDICATION//ASPIRIN"))
    local = engine(tmp_path_factory.mktemp("shards"), events(rows), shards=3, row_group_size=500)
    due = [(int(s), int(h), int(h) - 60) for s, h in rng.integers(1, 130, (1500, 2)).tolist()]
    return local, predictions(sorted(due))


def test_rows_are_those_of_the_cohort_in_its_order_and_missing_is_null(made):
    local, due = made
    record, table = build(DEFINITIONS, due, local)
    keys = ["subject_id", "encounter_id", "prediction_time"]
    assert table.select(keys).equals(due.select(keys))
    assert table.column_names == [*keys, *DEFINITIONS.names, STATES]
    assert {str(table[name].type) for name in DEFINITIONS.names} == {"double"}
    assert not any(pc.any(pc.is_nan(table[name])).as_py() for name in DEFINITIONS.names)
    assert record.rows == table.num_rows == 1500
    assert record.definition_digest == DEFINITIONS.digest
    assert from_content(FeatureSet, record.content()) == record


def test_every_missing_cell_is_counted_with_its_reason(made):
    local, due = made
    record, table = build(DEFINITIONS, due, local)
    for count in record.features:
        assert sum(count.missing.values()) == table[count.name].null_count
        assert count.present + sum(count.missing.values()) == record.rows
    last, mean = record.features[:2]
    assert last.missing["never_measured"] > 0
    assert last.missing["out_of_window"] > 0
    assert last.missing["not_yet_known"] > 0
    assert 0 < last.newest_not_yet_known <= last.in_window < mean.in_window
    assert 0 < last.stale < last.present


def test_the_order_of_predictions_never_matters(made):
    local, due = made
    record, table = build(DEFINITIONS, due, local)
    order = np.random.default_rng(1).permutation(due.num_rows)
    _, shuffled = build(DEFINITIONS, due.take(pa.array(order)), local)
    assert shuffled.equals(table.take(pa.array(order)).combine_chunks())
    again, _ = build(DEFINITIONS, due, LocalEngine(local.shards, threads=1))
    assert again.digest == record.digest


@pytest.mark.requirement("B2")
def test_the_table_and_the_scoring_process_give_the_same_bits(made):
    local, due = made
    _, table = build(DEFINITIONS, due, local)
    report = parity(DEFINITIONS, due, table, engine=local, most=1200)
    assert report.same
    assert report.predictions == 1200
    assert report.cells == 1200 * 6
    with pytest.raises(BadInput, match="1400 rows"):
        parity(DEFINITIONS, due, table.slice(0, 1400), engine=local)


@pytest.mark.fault("D28")
def test_d28_another_window_edge_or_rounding_online_is_found_by_parity(made):
    local, due = made
    other = spec(
        *(
            {**feature.model_dump(mode="json"), "window": "12.5h"}
            if feature.name == "last_lab"
            else feature.model_dump(mode="json")
            for feature in DEFINITIONS.features
        )
    )
    _, table = build(DEFINITIONS, due, local)
    rounded = table.set_column(4, "mean_lab", pc.round(table["mean_lab"], ndigits=9))
    assert parity(DEFINITIONS, due, table, engine=local).same, "the control"
    assert {m.name for m in parity(other, due, table, engine=local).mismatches} == {
        "last_lab",
        "rise",
    }
    found = parity(DEFINITIONS, due, rounded, engine=local)
    assert [m.name for m in found.mismatches] == ["mean_lab"]
    assert not found.same


def open_at_its_end(path):
    """Return an online path whose windows end before the prediction: `<` in place of `<=`."""

    def port(asked, rows, *, prediction_time, **more):
        end = pa.scalar(prediction_time.replace(tzinfo=None), rows["time"].type)
        before = rows.filter(pc.less(rows["time"], end))
        return path(asked, before, prediction_time=prediction_time, **more)

    return port


@pytest.mark.fault("D28")
def test_d28_a_window_that_is_open_at_its_end_online_is_found(tmp_path, monkeypatch):
    rows = [event(who, hour, "LAB", float(hour)) for who in range(1, 6) for hour in (2, 6, 12)]
    local = engine(tmp_path, events(rows))
    due = predictions([(who, 12, None) for who in range(1, 6)])
    asked = spec(feature("last"), feature("rows", aggregate="count"), feature("age", kind="age"))
    _, table = build(asked, due, local)
    assert table["last"].to_pylist() == [12.0] * 5
    assert parity(asked, due, table, engine=local).same, "the control"
    monkeypatch.setattr("attending.features.parity.for_patient", open_at_its_end(for_patient))
    found = parity(asked, due, table, engine=local)
    assert [(one.name, one.cells) for one in found.mismatches] == [("last", 5), ("rows", 5)]


def test_a_patient_without_rows_still_has_a_row(made):
    local, _ = made
    record, table = build(DEFINITIONS, predictions([(990, 30, None), (1, 30, 0)]), local)
    assert table["last_lab"].to_pylist()[0] is None
    assert table["drugs"].to_pylist()[0] == 0.0
    assert table["hour"].to_pylist() == [6.0, 6.0]
    assert record.features[0].missing["never_measured"] == 1
    nobody, empty = build(DEFINITIONS, predictions([]), local)
    assert (nobody.rows, empty.num_rows) == (0, 0)


def test_predictions_without_a_column_or_a_time_are_refused(made):
    local, due = made
    with pytest.raises(BadInput, match="no column 'index_start'"):
        build(DEFINITIONS, due.drop_columns(["index_start"]), local)
    nulls = pa.nulls(due.num_rows, pa.timestamp("us"))
    with pytest.raises(BadInput, match="no time"):
        build(DEFINITIONS, due.set_column(2, "prediction_time", nulls), local)


@pytest.mark.requirement("B5")
def test_lineage_says_what_each_feature_reads_through_its_operands():
    assert codes_read(DEFINITIONS) == ("LAB", "MEDICATION//*")
    assert "known_at" in columns_read(DEFINITIONS)
    by_name = {use.name: use for use in uses(DEFINITIONS)}
    assert by_name["rise"].codes == ("LAB",)
    assert by_name["drugs"].window_us is None
    unsafe = uses(
        spec(
            feature("a", clock="event"),
            feature("b"),
            feature("c", kind="derived", expression={"op": "sum", "of": ["a", "b"]}),
        )
    )
    assert [use.clock for use in unsafe] == ["event", "availability", "event"]
    with pytest.raises(BadInput, match="'lst_lab'") as refused:
        DEFINITIONS.feature("lst_lab")
    assert "last_lab" in refused.value.hint


@pytest.mark.requirement("B4")
def test_a_change_of_meaning_has_another_digest_and_a_change_of_owner_changes_no_value():
    before = spec(feature("a"), feature("b"), feature("c"))
    after = spec(feature("a", window="12h"), feature("b", owner="other"), feature("d"))
    changes = {change.name: change for change in diff(before, after).changes}
    assert changes["a"].fields == ("window",)
    assert changes["a"].changes_values
    assert not changes["b"].changes_values
    assert (changes["c"].change, changes["d"].change) == ("removed", "added")
    assert before.feature_digest(before.features[0]) != after.feature_digest(after.features[0])
    assert before.digest != after.digest
    assert diff(before, before).changes == ()
    with pytest.raises(ValueError, match="'a' stands twice"):
        spec(feature("a"), feature("a"))
