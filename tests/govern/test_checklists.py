"""Checklists: every item names where its answer stands; what nothing answers is missing."""

from __future__ import annotations

import pytest

from attending.errors import BadInput
from attending.govern.checklists import Said, answered, in_words, profile
from attending.records.range import Range
from attending.records.validation import SubgroupRow
from attending.specs.checklist import PROFILES, CardWords, ChecklistItem

COUNTS = {"tripod_ai": 52, "onc_hti1": 31, "chai": 37}


@pytest.mark.parametrize("name", PROFILES)
def test_every_item_has_one_place_and_an_id_of_its_own(name):
    asked = profile(name)
    ids = [item.id for item in asked.items]
    assert len(set(ids)) == len(ids) == COUNTS.get(name, len(ids))
    assert asked.name == name


@pytest.mark.parametrize("name", PROFILES)
def test_with_nothing_filled_in_every_item_is_missing_and_says_where_it_is_looked_for(name):
    items = answered(profile(name), {}, CardWords(), card="")
    assert {one.status for one in items} == {"missing"}
    assert all(one.source and not one.answer and not one.digest for one in items)


def test_an_answer_names_its_record_field_and_digest():
    said = {"card": Said({"population": "Adults at discharge"}, "d" * 64)}
    items = answered(profile("onc_hti1"), said, CardWords(), card="")
    found = next(one for one in items if one.id == "6")
    assert (found.status, found.answer) == ("answered", "Adults at discharge")
    assert (found.source, found.digest) == ("card.population", "d" * 64)
    renamed = {"card": Said({"population": "Children"}, "e" * 64)}
    again = answered(profile("onc_hti1"), renamed, CardWords(), card="")
    assert next(one for one in again if one.id == "6").answer == "Children"
    assert [one for one in items if one.id != "6"] == [one for one in again if one.id != "6"]


def test_not_available_is_an_answer_and_a_placeholder_is_none():
    words = CardWords(
        words={"funding": "TBD", "relevance": "Same hospitals."},
        not_available={"external_data": "Nobody else has tested it."},
    )
    found = {one.id: one for one in answered(profile("onc_hti1"), {}, words, card="c" * 64)}
    assert found["2"].status == "missing"
    assert (found["14"].status, found["14"].digest) == ("answered", "c" * 64)
    assert found["17"].status == "not_available"
    assert found["17"].answer == "Not available: Nobody else has tested it."


def test_card_yaml_and_items_say_a_thing_once():
    with pytest.raises(ValueError, match="both answered and not available: funding"):
        CardWords(words={"funding": "a"}, not_available={"funding": "b"})
    with pytest.raises(ValueError, match="either 'from' or 'written'"):
        ChecklistItem.model_validate({"id": "1", "asks": "What?", "evidence": "model"})


def test_the_groups_of_a_silent_validation_are_told_with_their_ranges_and_hidden_counts():
    row = SubgroupRow(
        attribute="sex", group="F", n=1200, events=90, suppressed=False, status="ok",
        auroc=Range(value=0.74, low=0.7, high=0.78),
    )  # fmt: skip
    few = row.model_copy(update={"group": "X", "n": None, "auroc": Range()})
    told = in_words([one.model_dump(mode="json") for one in (row, few)])
    assert told == (
        "sex F: 1,200 rows, AUROC 0.740 (0.700 to 0.780); sex X: rows hidden, AUROC not shown"
    )


def test_an_unknown_checklist_is_refused_with_the_nearest_name():
    with pytest.raises(BadInput) as refused:
        profile("tripod")
    assert refused.value.code == "checklist.unknown" and "tripod_ai" in refused.value.hint


def test_an_answer_is_told_whole_and_only_an_endless_one_is_cut():
    assert in_words([str(k) for k in range(100)]).endswith("; 98; 99")
    assert in_words([str(k) for k in range(120)]).endswith("; and 20 more")
    assert in_words("word " * 400) == "word " * 400
    assert in_words("word " * 4000).endswith(" …")
    assert in_words({"a": None, "b": False}) == "b: no"


def test_answers_are_in_the_words_of_readers():
    asked = [{"gate": "calibration_slope", "low": 0.8, "high": 1.2, "judged_by": "interval"}]
    back = [{"measure": "oe", "above": 1.5, "below": None, "over": "30d"}]
    assert (
        in_words(asked) == "calibration slope in range (low: 0.8, high: 1.2, judged by: interval)"
    )
    assert in_words(back) == "observed over expected events above 1.5, over 30 days"
    assert in_words(["It is small.", "Ask a nurse."]) == "It is small. Ask a nurse."
    label = {"kind": "readmission", "competing": {"death": "no_event"}}
    assert in_words(label) == "kind: readmission, competing (death: no event)"
    packages = [{"name": "numpy", "version": "2.1.0", "hash": "a" * 64}]
    sizes = [{"criterion": "O:E", "met": True, "have": 7}, {"criterion": "slope", "met": None}]
    assert in_words(packages) == "numpy 2.1.0"
    assert in_words(sizes) == "O:E: enough; slope: not shown"
    assert in_words({"baseline": "lace", "measure": "auroc"}) == "baseline: LACE, measure: AUROC"


@pytest.mark.fault("X43")
def test_x43_no_count_of_patients_is_told_by_a_checklist():
    step = {"name": "adults", "title": "Adults", "kept": 1204, "removed": 3}
    control = ", ".join(f"{name} {value}" for name, value in step.items())
    assert "removed 3" in control  # what a plain print of the record would tell
    hidden = {"attribute": "sex", "group": "X", "n": None, "events": None, "auroc": None}
    check = {"name": "units", "verdict": "met", "rows": 7, "failing": 2}
    assert in_words([step]) == "Adults"
    assert in_words([hidden]) == "sex X: rows hidden, AUROC not shown"
    assert in_words([check]) == "units: met"


def test_the_protocol_is_the_plan_that_was_signed_before_the_fit_or_it_is_missing():
    plan = {"model": "m", "validation_spec": "a" * 64, "cohort_spec": "b" * 64,
            "model_spec": "c" * 64, "authors": ["dana"], "signers": ["clara", "caro"]}  # fmt: skip
    said = {"agreement": Said(plan, "d" * 64)}
    found = {one.id: one for one in answered(profile("tripod_ai"), said, CardWords(), card="")}
    assert found["18c"].answer == (
        "The plan agreed and signed before the fit: validation aaaaaaaaaaaa, cohort bbbbbbbbbbbb, "
        "model cccccccccccc. Proposed by dana; signed by clara, caro"
    )
    assert (found["18c"].source, found["18c"].digest) == ("agreement", "d" * 64)
    # A run that was fitted without one has no protocol here.
    run = {"run": Said({"agreement": None, "model": "m"}, "e" * 64)}
    bare = {one.id: one for one in answered(profile("tripod_ai"), run, CardWords(), card="")}
    assert (bare["18c"].status, bare["18c"].answer) == ("missing", "")


def test_each_predictor_is_told_with_what_is_taken_of_it_when_and_in_which_unit():
    inputs = [
        {"name": "crea", "clinical_label": "Creatinine", "window": "last of the stay",
         "unit": "mg/dL"},
        {"name": "male", "clinical_label": "Sex is male"},
    ]  # fmt: skip
    said = {"card": Said({"inputs": inputs}, "d" * 64)}
    found = {one.id: one for one in answered(profile("tripod_ai"), said, CardWords(), card="")}
    assert found["9b"].answer == "Creatinine (last of the stay, mg/dL); Sex is male"
