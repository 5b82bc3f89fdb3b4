"""The checklist before training: every row is told, an open one stops, an exception expires."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from attending.errors import Refused
from attending.govern.declared import Scanned, judge_contract
from attending.hospital.extract import write_extract
from attending.hospital.generate import generate
from attending.hospital.plan import HospitalPlan
from attending.lifecycle import agreeing, ingesting, scanning, signing, simulating, training
from attending.lifecycle.cohorts import build_cohort
from attending.lifecycle.desk import create_home
from attending.lifecycle.featuring import build_features
from attending.lifecycle.pretraining import check_pretrain, require_pretrain
from attending.lifecycle.projects import open_project
from attending.records.identifiers import IdentifierScan
from attending.times import parse_instant
from tests.lifecycle.wide_example import copy_wide

if TYPE_CHECKING:
    from pathlib import Path

AT = parse_instant("2026-01-05T08:00:00Z")


class House:
    """A synthetic home with one snapshot, and a project that tests change."""

    def __init__(self, folder: Path) -> None:
        plan = HospitalPlan(patients=1200, years=3, seed=7)
        write_extract(generate(plan), folder / "extract", until=plan.end)
        self.folder = folder
        self.desk = create_home(folder / "home", at=AT, seed=7)
        self.secrets = simulating.add_persons(self.desk)
        ingesting.ingest(self.desk, "hospital", folder / "extract")
        scanning.scan(self.desk)

    def project(self, name: str, *changes: tuple[str, str, str]):
        """Return a project with words of its files replaced."""
        place = self.folder / name
        copy_wide(place)
        for file, before, after in changes:
            text = (place / file).read_text()
            assert before in text, before
            (place / file).write_text(text.replace(before, after, 1))
        return open_project(place)

    def check(self, project, *, at=AT):
        """Return the checklist of a project, its cohort and features built."""
        desk = replace(self.desk, at=at)
        cohort = build_cohort(desk, project)
        features = build_features(desk, project, cohort)
        return check_pretrain(desk, project, cohort, features=features)

    def sign(self, digest: str, person: str, role: str, *, kind: str = "") -> None:
        """Sign a document as one of the fictional persons."""
        signing.sign(
            self.desk,
            digest,
            kind=kind,
            person=person,
            passphrase=self.secrets[person],
            role=role,
            meaning="approval",
            statement="I have read it",
        )


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    made = House(tmp_path_factory.mktemp("pretrain"))
    yield made
    made.desk.home.close()


def told(report, gate):
    return [item for item in report.findings if item.gate == gate]


@pytest.mark.requirement("D8")
@pytest.mark.requirement("J1")
def test_every_row_is_met_once_the_permission_is_signed(house):
    project = house.project("clean")
    report = house.check(project)
    assert [item.gate for item in report.open] == ["data.permission"]
    assert (report.open[0].answer, report.open[0].whose) == ("missing", "compliance_officer")
    with pytest.raises(Refused, match="the permission is not signed"):
        require_pretrain(report)
    specs = signing.propose_specs(replace(house.desk, actor="dana"), project)
    house.sign(specs["data_access"], "caro", "compliance_officer", kind="data_access")
    again = house.check(project)
    assert again.allowed, again.refusal
    require_pretrain(again)


@pytest.mark.requirement("J2")
@pytest.mark.requirement("J3")
def test_a_draft_feature_and_an_absent_review_are_open(house):
    male = (
        "name: male, label: Sex is male, kind: static, codes: [GENDER//M], owner: dana, "
        "purpose: readmission risk, status:"
    )
    project = house.project(
        "draft",
        ("features.yaml", f"{male} approved", f"{male} draft"),
        ("contract.yaml", "attending.deidentification", "theirs.deidentification"),
    )
    report = house.check(project)
    (draft,) = told(report, "data.minimum_necessary")
    assert (draft.answer, draft.feature, draft.reason) == (
        "refused", "male", "it is draft, not approved",
    )  # fmt: skip
    (review,) = told(report, "data.deidentified")
    assert review.answer == "missing"
    with pytest.raises(Refused, match=r"data\.minimum_necessary is refused for male"):
        require_pretrain(report)


@pytest.mark.requirement("J8")
@pytest.mark.requirement("J18")
def test_a_flow_outside_the_regions_or_past_its_agreement_is_refused(house):
    flow = (
        "value: [{party: Cloud A, kind: cloud, data: events, region: elsewhere, "
        "agreement: DPA-1, expires: 2025-12-31}]}"
    )
    project = house.project(
        "flows",
        ("contract.yaml", "attending.flows, value: []}", f"attending.flows, {flow}"),
        ("contract.yaml", "format: parquet, region: local}", "format: parquet, region: mars}"),
    )
    report = house.check(project)
    (flows,) = told(report, "data.flows")
    assert flows.answer == "refused"
    assert "region elsewhere is not among those agreed" in flows.reason
    assert "the agreement expired on 2025-12-31" in flows.reason
    assert [item.answer for item in told(report, "data.residency")] == ["refused"]
    with pytest.raises(Refused, match="outside the agreed regions: local"):
        require_pretrain(report)


@pytest.mark.requirement("D7")
def test_a_refused_gate_stops_the_fit_and_a_signed_exception_is_loud_and_expires(house):
    line = (
        "  - {name: summary_days, label: Summary, codes: [NOTE//NURSING], window: encounter, "
        "aggregate: count, owner: dana, purpose: x, status: approved}\n"
        "  - {name: coded, label: Coded, codes: [ICD10PCS//*], window: encounter, "
        "aggregate: count, owner: dana, purpose: x, status: approved}\n"
        "  # Laboratory"
    )
    project = house.project("leaky", ("features.yaml", "  # Laboratory", line))
    report = house.check(project)
    late = [item for item in told(report, "leak.late_note") if item.answer == "refused"]
    assert "coded" in {item.feature for item in late}
    with pytest.raises(Refused):
        training.fit_run(house.desk, project)
    dana = replace(house.desk, actor="dana")
    exception = agreeing.propose_exception(
        dana,
        project,
        condition="leak.late_note:coded",
        reason="no other",
        compensation="reviewed",
        expires_at=parse_instant("2026-02-01T00:00:00Z"),
    )
    house.sign(exception.digest, "clara", "clinical_lead")
    house.sign(exception.digest, "caro", "compliance_officer")
    (now,) = [i for i in told(house.check(project), "leak.late_note") if i.feature == "coded"]
    assert (now.answer, now.excepted_by, now.passes) == ("refused", exception.digest, True)
    later = house.check(project, at=parse_instant("2026-02-02T00:00:00Z"))
    (then,) = [item for item in told(later, "leak.late_note") if item.feature == "coded"]
    assert not then.passes


@pytest.mark.parametrize(
    ("scan", "answer", "words"),
    [
        (None, "missing", "not scanned"),
        (Scanned("ab" * 32, "3 rows of phone in text_value", clean=False, signed=False),
         "missing", "3 rows of phone in text_value"),
        (Scanned("ab" * 32, "3 rows of phone in text_value", clean=False, signed=True), "met", ""),
        (Scanned("ab" * 32, "", clean=True, signed=False), "met", ""),
    ],
)  # fmt: skip
def test_a_review_of_identifiers_needs_a_scan_that_is_clean_or_signed(house, scan, answer, words):
    place = house.folder / "scans"
    project = open_project(place) if place.exists() else house.project("scans")
    found = judge_contract(project.contract, today=AT.date(), permission_signed=True, scan=scan)
    (row,) = [item for item in found if item.gate == "data.deidentified"]
    assert row.answer == answer
    assert words in row.reason


def test_a_scan_is_kept_for_its_own_snapshot_alone(house):
    snapshot = ingesting.held(house.desk).digest
    record = house.desk.home.catalog.latest(IdentifierScan, snapshot=snapshot)
    assert record.clean
    assert record.rows > 0
    assert scanning.scanned(house.desk, snapshot).digest == record.digest
    assert scanning.scanned(house.desk, "ab" * 32) is None
