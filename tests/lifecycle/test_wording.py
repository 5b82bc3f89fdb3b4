"""What says nothing is not signed: blank, a placeholder, or its template's words."""

from __future__ import annotations

from dataclasses import replace

import pytest

from attending.errors import Refused
from attending.lifecycle import policies, signing, simulating, wording
from attending.lifecycle.desk import create_home, keep
from attending.lifecycle.examples import shipped_release
from attending.records.decisions import SpecDocument, ThresholdDecision
from attending.times import parse_instant

AT = parse_instant("2026-03-02T12:00:00Z")


@pytest.fixture
def desk(tmp_path):
    made = create_home(tmp_path / "home", at=AT, seed=7)
    yield made
    made.home.close()


def _plan(desk, **changed):
    says = {"oversight": "A nurse reviews every flag within the day.", **changed}
    plan = SpecDocument(spec="release", model="m", spec_digest="ab" * 32, says=says)
    return keep(replace(desk, actor="dana"), plan, action="document.propose")


def _sign(desk, digest, secrets):
    return signing.sign(
        desk, digest, person="caro", passphrase=secrets["caro"], role="compliance_officer",
        statement="I have read it.",
    )  # fmt: skip


@pytest.mark.parametrize("text", ["", "  ", "TBD", "N/A", "to be written", "<owner>", "..."])
def test_a_plan_with_a_field_that_says_nothing_is_missing_and_not_signed(desk, text):
    secrets = simulating.add_persons(desk)
    blank = _plan(desk, use={"population": text})
    assert wording.blank_fields(desk, blank) == ("use.population",)
    with pytest.raises(Refused, match=r"missing use\.population") as refusal:
        _sign(desk, blank, secrets)
    assert refusal.value.code == "sign.missing"
    # Control: the same plan, written.
    whole = _plan(desk, use={"population": "Adults at discharge"})
    assert _sign(desk, whole, secrets).document == whole


def test_the_templates_own_words_are_missing_where_patients_are_cared_for(desk, monkeypatch):
    copied = _plan(desk, oversight=shipped_release()["oversight"])
    assert wording.blank_fields(desk, copied) == ()
    in_use = replace(policies.in_use(desk), production=True)
    monkeypatch.setattr(policies, "in_use", lambda _: in_use)
    assert wording.blank_fields(desk, copied) == ("oversight",)
    assert wording.blank_fields(desk, _plan(desk)) == ()


def test_a_threshold_without_an_action_is_missing_and_a_run_is_not_written_by_people(desk):
    decided = ThresholdDecision(
        model="m", run="ab" * 32, threshold=0.2, action="TBD", responder="ward nurse",
        within="24h", escalation="",
    )  # fmt: skip
    digest = keep(desk, decided, action="threshold.decide")
    assert wording.blank_fields(desk, digest) == ("action",)
    access = SpecDocument(spec="data_access", model="m", spec_digest="cd" * 32, says={"x": "none"})
    assert wording.blank_fields(desk, keep(desk, access, action="document.propose")) == ()
