"""Who is fitted on and who is tested on, and what is refused."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attending.errors import BadInput, Refused
from attending.times import DAY, parse_instant, to_micros
from attending.train.hashing import hashed
from attending.train.split import read_rows, split
from tests.train.cohort_rows import CUT, DELAY, HORIZON, cohort, spec

TABLE, _ = cohort()
AGAIN, _ = cohort(patients=700)
CUT_US = to_micros(parse_instant(CUT))


def made(asked, table=TABLE, *, exception=False):
    return split(asked, table, horizon_us=HORIZON, delay_us=DELAY, exception=exception)


def test_every_training_outcome_was_known_before_the_test_begins():
    found, rows = made(spec()), read_rows(TABLE)
    before = np.concatenate([found.train, found.tuning, found.calibration])
    assert (rows.horizon_end[before] + DELAY <= CUT_US).all()
    assert (rows.time[found.test] >= CUT_US).all()
    assert found.facts.purged > 0 and found.facts.cut == parse_instant(CUT)


def test_the_slices_and_what_was_left_out_add_up_to_all_rows():
    facts = made(spec()).facts
    inside = sum(item.rows for item in facts.slices)
    left_out = facts.purged + facts.embargoed + facts.unlabelled + facts.ungrouped
    dropped = facts.overlap_rows + facts.encounter_rows
    assert inside + left_out + dropped == TABLE.num_rows
    assert facts.unlabelled == TABLE["label"].null_count


def test_a_row_whose_outcome_is_known_at_the_cut_itself_stays():
    rows = read_rows(TABLE)
    edge = np.flatnonzero(rows.labelled & (rows.horizon_end + DELAY == CUT_US))
    found = made(spec())
    before = np.concatenate([found.train, found.tuning, found.calibration])
    assert len(edge) and np.isin(edge, before).all()


def test_a_longer_embargo_drops_more_and_is_counted_apart():
    longer = made(spec({"kind": "temporal", "test_from": CUT, "embargo": "60d"}))
    assert longer.facts.purged == made(spec()).facts.purged
    assert longer.facts.embargoed > 0
    assert (read_rows(TABLE).time[longer.train] <= CUT_US - 60 * DAY).all()


def test_a_fraction_takes_the_latest_rows():
    found = made(spec({"kind": "temporal", "test_fraction": 0.25}))
    labelled = TABLE.num_rows - TABLE["label"].null_count
    assert len(found.test) == pytest.approx(0.25 * labelled, abs=labelled * 0.01)
    rows = read_rows(TABLE)
    assert rows.time[found.train].max() < rows.time[found.test].min()


@pytest.mark.requirement("E12")
def test_a_random_split_is_refused_and_a_split_by_time_is_taken():
    assert made(spec()).facts.kind == "temporal"
    with pytest.raises(Refused) as refused:
        made(spec({"kind": "random", "patient_overlap": "drop_from_train"}), exception=True)
    assert (refused.value.code, refused.value.exit_code) == ("split.not_temporal", 3)


def test_patients_drawn_by_hash_need_a_signed_exception():
    asked = spec({"kind": "group_random", "reason": "the data have no calendar", "folds": 4})
    with pytest.raises(Refused) as refused:
        made(asked)
    assert refused.value.code == "split.not_temporal"
    found = made(asked, exception=True)
    assert found.facts.reason == "the data have no calendar"
    assert found.fold is not None and set(found.fold.tolist()) == {-1, 0, 1, 2, 3}


@pytest.mark.fault("D04")
def test_patients_on_both_sides_are_counted_and_refused():
    # Control: with the guard declared off, the same patients are fitted on and tested on.
    off = {"kind": "temporal", "test_from": CUT, "patient_overlap": "allow"}
    bad = made(spec(off | {"reason": "to show what the guard is for"}), AGAIN)
    subject = read_rows(AGAIN).subject
    both = np.intersect1d(subject[bad.train], subject[bad.test])
    assert len(both) > 10
    with pytest.raises(Refused) as refused:
        made(spec(), AGAIN)
    assert (refused.value.code, refused.value.exit_code) == ("leak.group_overlap", 3)
    assert refused.value.message.startswith(f"{bad.facts.overlap_patients} patients")
    with pytest.raises(Refused) as refused:
        made(spec({"kind": "random"}), AGAIN)
    assert refused.value.code == "split.not_temporal"


@pytest.mark.parametrize("policy", ["drop_from_train", "drop_from_test"])
def test_dropping_leaves_no_patient_on_both_sides(policy):
    asked = {"kind": "temporal", "test_from": CUT, "patient_overlap": policy}
    found = made(spec(asked), AGAIN)
    subject = read_rows(AGAIN).subject
    before = np.concatenate([found.train, found.tuning, found.calibration])
    assert not np.intersect1d(subject[before], subject[found.test]).size
    assert found.facts.overlap_rows > 0 and found.facts.overlap_patients > 0


def test_a_stay_is_never_on_both_sides():
    stays = pa.array(np.arange(TABLE.num_rows) % 300, pa.int64())
    shared = TABLE.set_column(1, "encounter_id", stays)
    found, stay = made(spec(), shared), read_rows(shared).encounter
    assert not np.intersect1d(stay[found.train], stay[found.test]).size
    assert found.facts.encounter_rows > 0


def test_tuning_and_calibration_share_no_patient_with_the_fit():
    asked = {
        "kind": "temporal",
        "test_from": CUT,
        "patient_overlap": "drop_from_test",
        "tuning_fraction": 0.1,
        "calibration_fraction": 0.3,
    }
    found, subject = made(spec(asked), AGAIN), read_rows(AGAIN).subject
    parts = [set(subject[at]) for at in (found.train, found.tuning, found.calibration)]
    assert all(parts) and not (parts[0] & parts[1] | parts[0] & parts[2] | parts[1] & parts[2])
    shares = np.array([len(part) for part in parts]) / sum(map(len, parts))
    np.testing.assert_allclose(shares, [0.6, 0.1, 0.3], atol=0.06)


def test_named_groups_go_to_the_test_and_rows_without_one_are_left_out():
    asked = {
        "kind": "by_group",
        "column": "group_year_group",
        "test": ["late"],
        "reason": "dates are shifted by patient",
    }
    found = made(spec(asked))
    groups = np.array(TABLE["group_year_group"].to_pylist(), dtype=object)
    assert set(groups[found.test]) == {"late"} and set(groups[found.train]) == {"early"}
    assert found.facts.ungrouped > 0
    with pytest.raises(BadInput) as refused:
        made(spec(asked | {"column": "group_yeargroup"}))
    assert "group_year_group" in refused.value.hint


def test_a_slice_without_events_is_refused():
    none = TABLE.set_column(4, "label", pa.array([0] * TABLE.num_rows, pa.int8()))
    with pytest.raises(BadInput) as refused:
        made(spec(), none)
    assert refused.value.code == "split.too_few"


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**31 - 1))
def test_the_order_of_rows_never_decides_where_a_patient_goes(seed):
    asked = spec({"kind": "temporal", "test_from": CUT}, seed=seed)
    order = np.random.default_rng(seed).permutation(TABLE.num_rows)
    mixed = TABLE.take(pa.array(order))
    one, other = made(asked), made(asked, mixed)
    assert sorted(order[other.train].tolist()) == one.train.tolist()
    assert one.facts == other.facts


def test_hashes_are_spread_evenly_and_differ_by_purpose():
    draw = hashed(np.arange(20_000), seed=3, purpose=1)
    counts = np.bincount((draw * 10).astype(int), minlength=10)
    assert counts.min() > 1800 and counts.max() < 2200
    other = hashed(np.arange(20_000), seed=3, purpose=2)
    assert abs(np.corrcoef(draw, other)[0, 1]) < 0.03
