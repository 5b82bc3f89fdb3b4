"""A retired version says since when, tells its owners, and keeps its records."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attending.errors import Denied, Refused
from attending.lifecycle import answering as module
from attending.lifecycle import retiring, scoring
from attending.lifecycle.answering import answering
from attending.records.release import Retirement
from tests.lifecycle.ward import SECOND, make_ward


@pytest.mark.requirement("K5")
def test_a_retired_version_is_refused_with_the_date_and_its_records_stay(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
    ward = make_ward(tmp_path)
    scoring.score(ward.desk, ward.project)
    service = answering(ward.desk.home.root, [ward.project], clock=lambda: SECOND)
    assert service.served(ward.project.name).version == "v1"  # the control: it answers
    people = {p.person_id: p for p in ward.desk.home.users.list()}
    lead = next(who for who, p in people.items() if "clinical_lead" in p.roles)
    said = {"reason": "another score does it better"}
    with pytest.raises(Denied) as denied:
        retiring.retire(
            ward.desk, ward.project, person="omar", passphrase=ward.secrets["omar"], **said
        )
    assert denied.value.code == "release.role"
    desk = replace(ward.desk, actor=lead)
    signed = {"person": lead, "passphrase": ward.secrets[lead], **said}
    (stands,) = retiring.retire(desk, ward.project, **signed)
    assert (stands.stage, stands.serves) == ("retired", "none")
    with pytest.raises(Refused, match="retired since 2024-12-15") as gone:
        service.served(ward.project.name)
    assert gone.value.code == "release.retired"
    record = desk.home.catalog.latest(Retirement, model=ward.project.name)
    assert record.owners == ward.project.release.owners.model_dump()
    assert scoring.predictions_of(desk, ward.project, "v1").num_rows > 0
    told = [e for e in desk.home.ledger.entries() if e.action == "release.retire"]
    assert set(told[-1].details["told"]) == set(record.owners.values())
    with pytest.raises(Refused) as twice:
        retiring.retire(desk, ward.project, **signed)
    assert twice.value.code == "release.retired"
    service.home.close()
    desk.home.close()
