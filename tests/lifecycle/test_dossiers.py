from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import html

from attending.digests import short
from attending.errors import Refused
from attending.lifecycle import agreeing, dossiers, gating, overview, papers, validating
from tests.lifecycle.ward import make_ward, sign


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("dossiers"))
    yield made
    made.desk.home.close()


@pytest.mark.requirement("F6")
def test_compliance_reads_use_gates_exceptions_signatures_and_lineage_or_what_is_missing(ward):
    desk, project, run = ward.desk, ward.project, ward.run
    with pytest.raises(Refused) as bare:
        dossiers.write_dossier(desk, project, run)
    assert bare.value.code == "dossier.incomplete"
    assert "a validation report, a model card" in bare.value.message

    validating.validate_run(desk, project, run)
    card = validating.build_card(replace(desk, actor="dana"), project, run)
    assert "nobody has signed the card" in dossiers.write_dossier(desk, project, run).missing
    sign(desk, card.digest, ward.secrets, person="clara", role="clinical_lead")
    agreeing.propose_exception(
        replace(desk, actor="dana"),
        project,
        condition="split.temporal",
        reason="The later rows are few.",
        compensation="A weekly review.",
        expires_at=desk.at + timedelta(days=30),
    )
    decision = gating.check(desk, project, "limited", run=run.digest)

    dossier = dossiers.write_dossier(desk, project, run)
    page = overview.page_bytes(desk, papers.page_of(desk, dossier.digest))
    said = " ".join(html.fromstring(page).text_content().replace("\u00a0", " ").split())
    for expected in (
        "Stage: silent.",
        "Adults discharged alive from an inpatient or observation stay",
        "Deciding whether a patient may be discharged",
        "patients under 18 years",
        "The later rows are few.",
        "not signed by all",
        "prospective review",
        f"{sum(one.passes for one in decision.conditions)} of {len(decision.conditions)}",
        "release signed by a compliance officer",
        short(run.snapshot),
        short(run.digest),
        short(card.digest),
        "Clara",
    ):
        assert expected in said, expected
    assert not dossier.missing
    later = replace(desk, at=desk.at + timedelta(days=31))
    assert dossiers.write_dossier(later, project, run).exceptions[0].standing == "expired"
