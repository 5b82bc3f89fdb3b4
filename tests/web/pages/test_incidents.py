"""Incidents on pages: clocks, the playbook, whom they touched, the signed closure."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest

from attending.lifecycle import incidents
from attending.records.incident import STEPS
from tests.lifecycle.ward import sign
from tests.web.pages.conftest import send, words

REVIEW = {
    "root_cause": "The interface wrote mmol/L under the word mg/dL after its update.",
    "clinical_impact": "Nobody was called too late; nine calls were made for no reason.",
    "threshold": "Another threshold would not have helped: ranks were wrong as well.",
    "prevention": "The contract now refuses a creatinine whose median moved tenfold.",
}


def owners_of(ward):
    """Return who does each step."""
    with ward.desk() as desk:
        found = incidents.standing_of(desk, ward.incident).incident.tasks
    return {task.step: task.owners for task in found}


def work(ward):
    """Do every step by its owner, and count whom it touched, as people do it on pages."""
    here = f"/incidents/{ward.incident}"
    for step, owners in owners_of(ward).items():
        visitor = ward.enter(owners[0])
        done = send(visitor, f"{here}/step?step={step}", step=step, says=f"{step} was done")
        assert done.status_code == 303, words(done)
    clara = ward.enter("clara")
    said = {"since": "2024-08-01T00:00:00Z", "until": "2024-12-18T00:00:00Z"}
    assert send(clara, f"{here}/impact", **said).status_code == 303


@pytest.mark.requirement("K1", "K2")
def test_what_is_open_stands_with_its_kind_its_clock_and_whose_turn_it_is(ward):
    omar = ward.enter("omar")
    text = words(omar.get("/incidents"))
    assert "creatinine in another unit" in text
    assert "wrong prediction" in text
    page = omar.get(f"/incidents/{ward.incident}")
    assert "3 h left" in words(page)  # of the four for the first step
    assert "Say that it is done" in page.text  # omar owns the first step
    assert "by Omar Haddad omar" in words(page)  # the printed name, with the login
    assert "Say that it is done" not in ward.enter("nora").get(f"/incidents/{ward.incident}").text
    assert omar.get("/incidents/" + "0" * 64).status_code == 404
    late = replace(ward, at=ward.at.replace(day=21))
    late_text = words(late.enter("omar").get(f"/incidents/{ward.incident}"))
    assert "Late: notify, contain" in late_text
    assert "late: notify, contain" in words(late.enter("omar").get("/incidents"))


def test_a_step_is_done_in_order_by_its_owner_and_kept(ward):
    here = f"/incidents/{ward.incident}"
    other = next(who for who in ("dana", "erik", "clara") if who not in owners_of(ward)["notify"])
    stranger = ward.enter(other)
    denied = send(stranger, f"{here}/step?step=notify", step="notify", says="told them")
    assert denied.status_code == 403
    assert "this step is for" in words(denied).lower()
    assert "told them" in denied.text
    owner = ward.enter(owners_of(ward)["contain"][0])
    early = send(owner, f"{here}/step?step=contain", step="contain", says="disabled")
    assert early.status_code == 409
    first = ward.enter(owners_of(ward)["notify"][0])
    assert send(first, f"{here}/step?step=notify", step="notify", says="told").status_code == 303
    assert ward.last("incident.step").actor == owners_of(ward)["notify"][0]
    assert first.get(f"{here}/step?step=dance").status_code == 422
    assert ward.enter("audrey").get(f"{here}/step?step=contain").status_code == 403


@pytest.mark.requirement("K3", "K4")
def test_an_incident_is_worked_reviewed_and_closed_by_two_signatures(ward):
    here = f"/incidents/{ward.incident}"
    erik = ward.enter("erik")
    assert "The review comes after the playbook." in words(erik.get(here))
    assert send(erik, f"{here}/review", **REVIEW).status_code == 409
    work(ward)
    empty = send(erik, f"{here}/review", **{**REVIEW, "threshold": "n/a"})
    assert empty.status_code == 422
    assert REVIEW["prevention"] in empty.text
    assert send(erik, f"{here}/review", **REVIEW).status_code == 303
    with ward.desk() as desk:
        review = incidents.standing_of(desk, ward.incident).review
        assert review.authors == ("erik",)
    page = erik.get(here)
    assert f'href="/sign/{review.digest}"' in page.text
    assert "To clinicians" in words(page)
    assert page.text.count("says everything") == 3
    with ward.desk() as desk:
        for person, role in (("clara", "clinical_lead"), ("omar", "operator")):
            sign(desk, review.digest, ward.secrets, person=person, role=role)
    text = words(erik.get(here))
    assert "A clinical lead and an operator have signed." in text
    assert "Dr Clara Moss, clinical lead" in text
    assert "Read and sign" not in text
    assert "No incident is open." in words(erik.get("/incidents"))
    assert set(owners_of(ward)) == set(STEPS)


def test_the_list_of_patients_is_read_by_carers_with_a_purpose_that_is_kept(ward):
    work(ward)
    here = f"/incidents/{ward.incident}"
    clara = ward.enter("clara")
    assert "191 of" in words(clara.get(here))
    bare = send(clara, here, f"{here}/list", purpose="because")
    assert bare.status_code == 422
    done = send(clara, here, f"{here}/list", purpose="call the patients who were missed")
    rows = list(csv.DictReader(io.StringIO(done.text)))
    assert len(rows) == 191
    assert "attachment" in done.headers["content-disposition"]
    assert done.headers["cache-control"] == "no-store"
    entry = ward.last("incident.read")
    assert (entry.actor, entry.details["purpose"]) == ("clara", "call the patients who were missed")
    omar = ward.enter("omar")
    assert "Download the list" not in omar.get(here).text
    assert omar.post(f"{here}/list", data={"purpose": "call the patients"}).status_code == 403
    assert clara.post(f"{here}/list", data={"purpose": "call the patients"}).status_code == 403
