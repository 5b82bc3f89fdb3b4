"""A file that nobody has described: proposed, answered, checked, ingested."""

from __future__ import annotations

import json

import pytest

from attending.errors import BadInput, NotFound
from attending.lifecycle import mapping

LABS = """PatientID,VisitNo,Test,Result,Units,DrawnAt,ResultedAt,Phone
a,1,K,4.1,mmol/L,03/01/2026 10:00,03/01/2026 11:00,555
a,1,Na,140,mmol/L,03/01/2026 10:00,13/01/2026 11:00,556
b,2,K,3.9,mmol/L,31/01/2026 10:00,31/01/2026 12:00,557
"""
SCANS = """accession,mrn,modality,performed,bytes,report
s1,a,CT,2026-01-05T10:00:00Z,100,
s2,b,MR,2026-01-06T10:00:00Z,200,
"""


def proposed(tmp_path, text: str, name: str = "labs.csv"):
    (tmp_path / name).write_text(text, encoding="utf-8")
    return mapping.propose_for(tmp_path / name)


def test_a_long_file_becomes_one_event_with_both_clocks(tmp_path):
    found = proposed(tmp_path, LABS)
    (event,) = found.mapping["tables"][0]["events"]
    assert event["code"] == "LABS//{Test}"
    assert event["time"] == {"column": "DrawnAt", "format": "%d/%m/%Y %H:%M"}
    assert event["known_at"] == {"column": "ResultedAt", "format": "%d/%m/%Y %H:%M"}
    assert event["unit_column"] == "Units"
    assert found.left_out["Phone"].startswith("its name says")


def test_a_day_that_could_be_a_month_is_asked(tmp_path):
    found = proposed(tmp_path, LABS.replace("31/01", "03/01").replace("13/01", "03/01"))
    assert any("%d/%m/%Y %H:%M or %m/%d/%Y %H:%M" in one for one in found.questions)


def test_what_no_column_says_is_asked_and_offsets_answer_the_zone(tmp_path):
    found = proposed(tmp_path, SCANS, "scans.csv")
    assert found.mapping["time_zone"] == "UTC"
    assert found.mapping["tables"][0]["patient"] == "mrn"
    asked = " ".join(found.questions)
    assert "Since when could a row be seen?" in asked
    assert "time zone" not in asked


def test_a_proposal_holds_no_cell_of_the_file(tmp_path):
    found = proposed(tmp_path, LABS.replace("K,", "SECRETCODE,").replace("a,1", "SECRETID,1"))
    assert "SECRET" not in mapping.as_yaml(found) + json.dumps(found.mapping)


def test_proposed_answered_checked(tmp_path):
    text = mapping.as_yaml(proposed(tmp_path, LABS))
    path = tmp_path / "mapping.yaml"
    mapping.write_new(text, path)
    trial = mapping.check(path, tmp_path)
    assert (trial.events, len(trial.open)) == (3, 3)
    with pytest.raises(BadInput, match="3 unanswered"):
        mapping.require_answers(trial, where="mapping.yaml")
    with pytest.raises(BadInput, match="unanswered"):
        mapping.mapped_source(path)
    answered = text[: text.index("questions:")].replace("floating", "Europe/Berlin")
    path.write_text(answered, encoding="utf-8")
    again = mapping.check(path, tmp_path / "labs.csv")
    mapping.require_answers(again, where="mapping.yaml")
    assert (again.events, again.assumed) == (3, ())
    assert mapping.mapped_source(path)[0] == "labs"


def test_answers_are_never_overwritten_and_nothing_is_proposed_for_nothing(tmp_path):
    path = tmp_path / "mapping.yaml"
    path.write_text("mine", encoding="utf-8")
    with pytest.raises(BadInput, match="there already"):
        mapping.write_new("other", path)
    assert path.read_text(encoding="utf-8") == "mine"
    with pytest.raises(NotFound, match="no rows"):
        proposed(tmp_path, "a,b\n")
    with pytest.raises(NotFound, match="no file"):
        mapping.propose_for(tmp_path / "none.csv")
