"""A model-input change stops training and scoring until a second person has signed it."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from attending.errors import Denied, IntegrityBroken, Refused
from attending.lifecycle import (
    drafting,
    examples,
    ingesting,
    quarantining,
    reviewing,
    signing,
    simulating,
    training,
)
from attending.lifecycle.cohorts import build_cohort
from attending.lifecycle.desk import create_home
from attending.lifecycle.featuring import build_features
from attending.lifecycle.projects import open_project
from attending.records.contract import InputReview
from attending.times import parse_instant
from tests.ingest.handmade import write

AT = parse_instant("2023-08-01T06:00:00Z")


@pytest.fixture
def ward(tmp_path):
    """A synthetic home with one extract, and a project of its own that may be edited."""
    hospital = simulating.build_hospital(patients=300, years=2, seed=7)
    simulating.write_source(hospital, tmp_path / "in", until=AT)
    place = examples.copy_example("readmission-synthetic", tmp_path / "project")
    desk = replace(create_home(tmp_path / "home", at=AT, seed=7), actor="dana")
    source = ingesting.ingest(desk, "hospital", tmp_path / "in")
    secrets = simulating.add_persons(desk)
    yield SimpleNamespace(desk=desk, place=place, source=source, secrets=secrets, extract=tmp_path)
    desk.home.close()


def edit(ward, before, after):
    """Change words of the contract and return the project as it now stands."""
    path = ward.place / "contract.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))
    return open_project(ward.place)


def sign(ward, review, *, person="erik", role="data_engineer"):
    signing.sign(
        replace(ward.desk, actor=person),
        review.digest,
        person=person,
        passphrase=ward.secrets[person],
        role=role,
        statement="The range is wider, and the model was looked at.",
    )


def opened(ward, project):
    with pytest.raises(Refused) as refusal:
        reviewing.require_reviewed(ward.desk, project, ward.source)
    assert (refusal.value.code, refusal.value.exit_code) == ("contract.review", 3)
    return ward.desk.home.catalog.latest(InputReview, model=project.name), refusal.value


@pytest.mark.requirement("A11")
def test_a_changed_range_stops_training_until_somebody_else_signs(ward):
    project = open_project(ward.place)
    reviewing.require_reviewed(ward.desk, project, ward.source)
    changed = edit(ward, "minimum: 90, maximum: 200", "minimum: 80, maximum: 200")
    cohort = build_cohort(ward.desk, changed)
    build_features(ward.desk, changed, cohort)
    with pytest.raises(Refused) as refusal:
        training.fit_run(ward.desk, changed)
    assert refusal.value.code == "contract.review"
    assert "sodium_range" in refusal.value.message
    review, _ = opened(ward, changed)
    with pytest.raises(Denied):  # who asked for it does not sign it
        sign(ward, review, person="dana", role="data_scientist")
    sign(ward, review)
    reviewing.require_reviewed(ward.desk, changed, ward.source)


@pytest.mark.requirement("A11")
def test_vocabulary_range_unit_method_and_source_each_open_a_review_of_their_own(ward):
    terms = "customProperties:\n"
    assay = '{LOINC//2160-0: {name: enzymatic, version: "1"}}'
    first = f"""{terms}  - {{property: attending.vocabularies, value: {{ICD10CM: "2024"}}}}
  - {{property: attending.units, value: {{LOINC//2160-0: mg/dL}}}}
  - {{property: attending.methods, value: {assay}}}
"""
    project = edit(ward, terms, first)
    reviewing.require_reviewed(ward.desk, project, ward.source)
    for before, after, named in (
        ('ICD10CM: "2024"', 'ICD10CM: "2025"', "vocabularies"),
        ("minimum: 90, maximum: 200", "minimum: 95, maximum: 200", "sodium_range"),
        ("LOINC//2160-0: mg/dL", "LOINC//2160-0: umol/L", "units"),
        ("name: enzymatic", "name: Jaffe", "methods"),
        ('version: "1"', 'version: "2"', "methods"),
        ("kind: ehr, description", "kind: claims, description", "sources"),
    ):
        review, refusal = opened(ward, edit(ward, before, after))
        assert named in refusal.message
        assert len(review.changes) == 1
        # Changed back, there is nothing to sign.
        reviewing.require_reviewed(ward.desk, edit(ward, after, before), ward.source)


def test_words_need_no_review_and_a_file_changed_back_needs_one_of_its_own(ward):
    project = open_project(ward.place)
    reviewing.require_reviewed(ward.desk, project, ward.source)
    words = edit(ward, "Synthetic hospital, nightly extract", "Synthetic hospital, each night")
    reviewing.require_reviewed(ward.desk, words, ward.source)
    wider = edit(ward, "minimum: 90", "minimum: 80")
    first, _ = opened(ward, wider)
    sign(ward, first)
    back = edit(ward, "minimum: 80", "minimum: 90")
    second, _ = opened(ward, back)
    sign(ward, second)
    reviewing.require_reviewed(ward.desk, back, ward.source)
    again = edit(ward, "minimum: 90", "minimum: 80")
    third, _ = opened(ward, again)  # the first signature is not used a second time
    assert third.digest != first.digest
    assert third.changes == first.changes


def test_a_new_source_version_is_named_in_the_refusal(ward):
    project = open_project(ward.place)
    reviewing.require_reviewed(ward.desk, project, ward.source)
    other = ward.source.snapshot.model_copy(update={"source_version": "next"})
    ward.source = replace(ward.source, snapshot=other)
    review, refusal = opened(ward, project)
    assert "snapshot.source_version" in refusal.message
    assert [change.path for change in review.changes] == ["snapshot.source_version"]


def test_a_draft_of_an_extract_is_written_once_and_read_back(ward):
    text = drafting.draft(ward.desk, ward.source, codes=10)
    path = ward.extract / "draft.yaml"
    drafting.write_draft(path, text)
    assert not drafting.compare_contracts(path, path).changes
    with pytest.raises(Refused):
        drafting.require_same_inputs(drafting.compare_contracts(ward.place / "contract.yaml", path))
    with pytest.raises(ValueError, match="there already"):
        drafting.write_draft(path, text)


def lab(number, unit, known_at="2023-01-06T08:00:00Z"):
    return f"R{number},1,final,P1,E1,NORTH,2160-0,1.1,{unit},2023-01-06T06:00:00Z,{known_at}"


@pytest.fixture
def aside(tmp_path):
    """A home with one extract of which three results of four are quarantined for two reasons."""
    rows = [lab(1, "mg/dL"), lab(2, "furlong"), lab(3, "furlong"), lab(4, "mg/dL", known_at="")]
    desk = create_home(tmp_path / "home", at=AT, seed=7)
    yield desk, ingesting.ingest(desk, "hospital", write(tmp_path / "in", labs=rows))
    desk.home.close()


def test_quarantined_rows_are_counted_by_table_and_reason_with_their_age(aside):
    desk, source = aside
    found = quarantining.waiting(replace(desk, at=parse_instant("2023-08-02T06:00:00Z")))
    assert [(one.source, one.reason, one.rows, one.age_hours) for one in found] == [
        ("handmade/labs", "no_known_at", 1, 24.0),
        ("handmade/labs", "unknown_unit", 2, 24.0),
    ]
    assert sum(one.rows for one in found) == source.snapshot.account.quarantined == 3


def test_quarantined_rows_are_shown_by_reason_and_never_with_a_value(aside):
    _, source = aside
    shown = quarantining.rows_of(source, reason="unknown_unit", source="handmade/labs")
    assert shown.num_rows == 2
    assert quarantining.rows_of(source, source="handmade/vitals").num_rows == 0
    assert not {"numeric_value", "text_value", "subject_id"} & set(shown.column_names)


def test_a_file_of_quarantined_rows_that_was_changed_is_not_trusted(aside):
    _, source = aside
    path = source.folder / source.snapshot.quarantine.name
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(IntegrityBroken) as broken:
        quarantining.rows_of(source)
    assert broken.value.code == "quarantine.changed"
