"""Faults of sources, by their id: first what happens without the guard, then the guard."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from attending.contract.leakage import FeatureUse
from attending.contract.row_gates import judge_rows, partial_rows
from attending.errors import AttendingError, Refused
from attending.hospital.faults_in_values import CREATININE, SENTINELS, SODIUM
from attending.lifecycle import ingesting
from attending.lifecycle.leak_corpus import corpus, read_base
from attending.records.events import plain
from attending.train.value_gates import Column, judge_values


def events(held):
    return pa.concat_tables([plain(pq.read_table(path)) for path in held.shards])


def answered(*names):
    """Return what the gates say of twins by name; all must be in the corpus."""
    from attending.lifecycle import leak_corpus

    asked = corpus("hospital")
    twins = [item for item in asked.twins if item.name in names]
    assert len(twins) == len(names)
    base = read_base(asked)
    return [leak_corpus._answer("hospital", item, base) for item in twins]


@pytest.mark.fault("D01")
def test_d01_an_order_on_suspicion_is_refused():
    rng = np.random.default_rng(3)
    outcome = (rng.random(4000) < 0.1).astype(np.int8)
    ordered = np.where(outcome == 1, rng.random(4000) < 0.95, rng.random(4000) < 0.05) * 1.0
    # Control: taken for any other value it passes, for it is below "too good to be true".
    plain = judge_values({"f": Column(ordered, outcome, np.ones(4000, bool))})
    assert all(item.answer == "met" for item in plain if item.gate == "leak.clinician_action")
    found = judge_values({"f": Column(ordered, outcome, np.ones(4000, bool), action=True)})
    (refused,) = [item for item in found if item.gate == "leak.clinician_action"]
    assert refused.answer == "refused"
    assert "before the first such act" in refused.reason
    (answer,) = answered("order-on-suspicion")
    assert answer.caught
    assert not answer.false


@pytest.mark.fault("D02")
def test_d02_a_drug_that_restates_the_outcome_is_refused():
    answers = answered("treatment-of-the-outcome", "proxy-inside-a-prefix")
    # Control: without the declared list no other gate minds the drug.
    assert all(item.refused == ("leak.outcome_proxy",) for item in answers)
    assert all(item.caught and not item.false for item in answers)


@pytest.mark.fault("D03")
def test_d03_what_is_not_filed_yet_is_no_input_and_never_assumed(ward):
    whole, _ = ward.ingest()
    held, touched = ward.ingest("D03:unfiled")
    # Control: the rows lie in the file, with the time at which they were drawn.
    labs = csv.read_csv(ward.folder / "D03_unfiled" / "labs.csv")
    assert labs["resulted_at"].null_count == touched > 10
    assert held.snapshot.account.quarantined_by_reason["no_known_at"] >= touched
    assert held.snapshot.rows <= whole.snapshot.rows - touched + 5
    (answer,) = answered("lab-joined-on-draw-time")
    assert answer.caught
    assert "leak.truncation" in answer.refused


@pytest.mark.fault("D04")
def test_d04_a_split_that_shares_patients_or_time_is_refused():
    names = ("patients-on-both-sides", "rows-drawn-at-random", "standardised-on-all-rows")
    answers = answered(*names)
    assert [item.refused for item in answers] == [
        ("leak.group_overlap",),
        ("split.temporal",),
        ("leak.fit_on_all",),
    ]
    # Control: the clean twins are the same projects, and nothing refuses them.
    assert not any(item.false for item in answers)


@pytest.mark.fault("D05")
def test_d05_the_outcome_in_disguise_is_refused_and_a_proxy_must_be_declared():
    (answer,) = answered("outcome-in-disguise")
    assert answer.figure > 0.95
    assert not answer.false
    from attending.specs.cohort import Construct

    with pytest.raises(ValueError, match="a proxy label needs a note"):
        Construct(meaning="need", proxy=True)


@pytest.mark.fault("D08")
def test_d08_a_missing_or_unknown_unit_is_quarantined_and_a_misspelt_one_understood(ward):
    whole, _ = ward.ingest()
    before = whole.snapshot.account.quarantined_by_reason
    for name, reason in (("D08:no_unit", "no_unit"), ("D08:unknown", "unknown_unit")):
        held, touched = ward.ingest(name)
        # Control: the file still holds a number that would pass for any unit.
        labs = csv.read_csv(ward.folder / name.replace(":", "_") / "labs.csv")
        assert labs.num_rows == whole.snapshot.account.tables[2].rows_in
        after = held.snapshot.account.quarantined_by_reason
        assert 0 < after[reason] - before.get(reason, 0) <= touched
        assert touched - (after[reason] - before.get(reason, 0)) <= 3  # values that are no number
    held, _ = ward.ingest("D08:misspelt")
    rows = events(held)
    own = rows.filter(pc.equal(rows["code"], f"LOINC//{CREATININE}"))
    assert pc.unique(own["unit"].drop_null()).to_pylist() == ["mg/dL"]


@pytest.mark.fault("D12")
def test_d12_a_new_record_system_breaks_the_contract(ward):
    held, _ = ward.ingest("D12")
    # Control: ingest alone takes it in, row for row.
    assert held.snapshot.account.balanced
    report = ward.contract(held)
    assert not report.met
    assert "source.known" in report.refusal
    from attending.lifecycle.checking import require_contract

    with pytest.raises(Refused, match=r"source\.known"):
        require_contract(report)


def test_d15_a_time_that_did_not_exist_is_quarantined(ward):
    whole, _ = ward.ingest()
    held, touched = ward.ingest("D15:gap")
    before = whole.snapshot.account.quarantined_by_reason.get("no_time", 0)
    assert touched > 5
    assert held.snapshot.account.quarantined_by_reason["no_time"] - before == touched
    # Control: in the whole extract no time is missing, so the gap alone is what was found.
    assert whole.snapshot.account.quarantined_by_reason.get("no_time", 0) == 0


def test_d16_impossible_times_are_quarantined_or_refused_before_training(ward):
    whole, _ = ward.ingest()
    held, touched = ward.ingest("D16")
    assert touched == 7
    before = whole.snapshot.account.quarantined
    quarantined = held.snapshot.account.quarantined - before
    assert quarantined >= 3  # two-digit year, day before month, milliseconds
    # Control: what can be read as an instant would pass for a result of 1800, 1900 or 1970.
    asked = [FeatureUse("any_result", ("LOINC//*",))]
    for snapshot, expected in ((whole, 0), (held, touched - quarantined)):
        counts = partial_rows(events(snapshot), features=asked)
        found = {item.gate: item for item in judge_rows(counts, features=asked, same={})}
        epoch = found["leak.epoch_date"]
        assert round(epoch.figure * epoch.rows, 2) == expected
        assert epoch.answer == ("refused" if expected else "met")


@pytest.mark.fault("D23")
def test_d23_a_truncated_extract_is_refused_whole(ward):
    for name in ("D23:mid_row", "D23:last_page"):
        place, lost = ward.extract(name)
        assert lost > 100
        # Control: what is left is a table that reads without a word.
        assert csv.read_csv(
            place / "labs.csv",
            parse_options=csv.ParseOptions(invalid_row_handler=lambda _r: "skip"),
        ).num_rows
        with pytest.raises(Refused) as refused:
            ingesting.ingest(ward.desk, "hospital", place)
        assert refused.value.code == "ingest.truncated"
    assert ingesting.snapshots(ward.desk) == ()


@pytest.mark.fault("D24")
def test_d24_a_row_of_nobody_is_quarantined_and_none_is_lost(ward):
    whole, _ = ward.ingest()
    held, touched = ward.ingest("D24")
    account = held.snapshot.account
    before = whole.snapshot.account
    assert account.quarantined_by_reason["unknown_patient"] == touched > 10
    assert account.balanced
    # Control: without a word they would be missing from the accepted.
    assert before.accepted - account.accepted == touched


@pytest.mark.fault("D25")
def test_d25_a_comma_a_word_and_a_sentinel_never_become_a_sodium(ward):
    held, touched = ward.ingest("D25")
    assert touched >= len(SENTINELS)
    # Control: -1, 999 and 9999 are numbers to any reader, and ingest keeps what the source said.
    rows = events(held)
    sodium = rows.filter(pc.equal(rows["code"], f"LOINC//{SODIUM}"))
    values = sodium["numeric_value"].drop_null().to_numpy()
    assert (values == 999).any()
    # No comma or word became a number: 1,5 is neither 1.5 nor 15.
    assert not np.isin(values, [1.5, 15.0, -1.5]).any()
    report = ward.contract(held)
    (found,) = [item for item in report.checks if item.name == "sodium_range"]
    assert (found.verdict, found.failing > 0) == ("failed", True)


@pytest.mark.fault("D29")
@pytest.mark.parametrize("change", ["renamed", "latin_1"])
def test_d29_another_schema_is_refused_by_field(ward, change):
    place, _ = ward.extract(f"D29:{change}")
    with pytest.raises(AttendingError) as refused:
        ingesting.ingest(ward.desk, "hospital", place)
    assert refused.value.code in {"ingest.missing_column", "ingest.not_a_table"}
    assert "labs.csv" in refused.value.where


@pytest.mark.parametrize("change", ["reordered", "extra", "bom"])
def test_d29_another_order_one_more_column_or_a_mark_changes_nothing(ward, change):
    whole, _ = ward.ingest()
    held, _ = ward.ingest(f"D29:{change}")
    assert held.snapshot.rows == whole.snapshot.rows
    assert held.snapshot.account.quarantined == whole.snapshot.account.quarantined
