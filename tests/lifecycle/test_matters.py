"""A signature that ends is asked for of who gave it, and once for each paper that they signed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from attending.lifecycle import matters
from attending.lifecycle.holding import Held
from attending.records.governance import Approval
from attending.records.release import Deployment
from tests.lifecycle.desks import AT, MODEL, papers

DAY = timedelta(days=1)


def held(desk, signer, role, kind, *, days, fault=""):
    """Return a signature of so many days ago."""
    at = desk.at - days * DAY
    approval = Approval(
        document_kind=kind, document="ab" * 32, home="h", signer=signer,
        printed_name=signer.title(), role=role, meaning="approval", statement="Read.",
        authors=("dana",), authenticated_at=at, signed_at=at,
    )  # fmt: skip
    return Held("readiness", approval, fault)


@pytest.fixture
def desk(tmp_path):
    found = papers(tmp_path / "home").desk
    yield found
    found.home.close()


def test_who_signed_signs_again_and_a_paper_is_asked_for_once(desk, monkeypatch):
    given = (
        held(desk, "erik", "data_engineer", "run", days=360),
        held(desk, "caro", "compliance_officer", "validation_report", days=365),
        held(desk, "clara", "clinical_lead", "card", days=1),
        held(desk, "clara", "clinical_lead", "card", days=361),
        held(desk, "clara", "clinical_lead", "card", days=358),
        held(desk, "omar", "operator", "release", days=5, fault="withdrawn"),
        held(desk, "omar", "operator", "release", days=360),
        held(desk, "omar", "operator", "card", days=3),
    )
    monkeypatch.setattr(matters, "signatures_of", lambda *_: given)
    stands = Deployment(
        model=MODEL, version="v1", stage="live", run="a" * 64, artifacts={}, act="advance",
        effective_at=AT, by="omar",
    )  # fmt: skip
    found = [one for one in matters.of_version(desk, stands) if "signature" in one.says]
    assert {(one.owner, one.person, one.severity) for one in found} == {
        ("data engineer", "erik", "watch"),
        ("compliance officer", "caro", "watch"),
        ("clinical lead", "clara", "watch"),
        ("operator", "omar", "act"),
    }
    assert len(found) == 4
    cards = [one for one in found if "on the card by Clara" in one.says]
    # Of her three it is the one that ends first, and in other words than the one that stands.
    assert [one.says.startswith("Ends at ") for one in cards] == [True]
    assert cards[0].cause == f"signature:{given[3].approval.digest[:16]}"
    assert "Sign the card again" in cards[0].action
