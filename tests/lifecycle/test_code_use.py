"""A hospital that goes over to other codes overnight: the watch says so the next morning."""

from dataclasses import replace
from datetime import timedelta

import pytest

from attending.lifecycle import ingesting, scoring, simulating, watching
from attending.lifecycle.code_use import code_use
from attending.lifecycle.projects import open_project
from attending.monitor.code_use import look_at_codes
from tests.lifecycle.ward import SECOND, make_silent

TERM = '  - {property: attending.vocabularies, value: {ICD10CM: "2024"}}\n'


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_silent(tmp_path_factory.mktemp("codes"))
    made.desk = replace(made.desk, at=SECOND, actor="omar")
    made.hospital = simulating.build_hospital(patients=1200, years=3, seed=7)
    yield made
    made.desk.home.close()


def deliver(ward, folder, fault="", days=1):
    """Take in an extract in which a fault has acted for some days."""
    begin = SECOND - timedelta(days=days) if fault else None
    simulating.write_hospital(folder, ward.hospital, fault=fault, until=SECOND, since=begin)
    ingesting.ingest(ward.desk, "hospital", folder)


def morning(ward):
    """Return the report and the verdict of a morning."""
    scoring.score(ward.desk, ward.project)
    report = watching.monitor(ward.desk, ward.project)
    return report, watching.give_verdict(ward.desk, ward.project)


def of_codes(report):
    return [one for one in report.findings if one.name in {"new_codes", "dead_codes"}]


def test_codes_that_are_spelt_otherwise_since_yesterday_are_found_this_morning(ward, tmp_path):
    deliver(ward, tmp_path / "sound")
    report, verdict = morning(ward)
    assert of_codes(report) == []
    assert report.measure("new_code_share").value == 0
    assert verdict.answer in {"continue", "watch"}
    deliver(ward, tmp_path / "spelt", "D10")
    report, verdict = morning(ward)
    (found,) = of_codes(report)
    assert (found.name, found.subject, found.severity) == ("new_codes", "LOINC", "act")
    assert "codes (such as LOINC//" in found.meaning
    assert found.owner
    assert (verdict.drift, verdict.answer) == ("data", "freeze")


def test_a_vocabulary_that_only_the_contract_names_is_watched_too(ward, tmp_path):
    deliver(ward, tmp_path / "switched", "D09", days=3)  # two patients a day: three days are few
    stands = scoring.deployed(ward.desk, ward.project)
    spec = ward.project.monitoring
    assert look_at_codes(spec, code_use(ward.desk, ward.project, stands))[0] == ()
    contract = ward.project.folder.root / "contract.yaml"
    head = "customProperties:\n"
    contract.write_text(contract.read_text().replace(head, head + TERM))
    asked = open_project(contract.parent)
    (found,), _ = look_at_codes(spec, code_use(ward.desk, asked, stands))
    assert (found.name, found.subject) == ("new_codes", "ICD10CM")
    assert "newest week were never seen when the model was made" in found.meaning
