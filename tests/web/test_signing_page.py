from __future__ import annotations

import re
from datetime import timedelta

import pytest
from lxml import html

from attending.digests import digest_bytes
from attending.lifecycle import delegating, papers
from attending.records.governance import Approval
from tests.web.test_pages import rows, words

SAID = {"statement": "I have read it whole.", "meaning": "approval"}


def form_on(page, action):
    """Return the fields of the form that posts to an address."""
    found = [one for one in html.fromstring(page.content).forms if one.action == action]
    return dict(found[0].fields) if found else {}


def approvals(example):
    with example.desk() as desk:
        return desk.home.catalog.all(Approval)


def test_the_queue_has_what_a_gate_waits_for_first_and_for_each_person_alone(enter, example):
    page = html.fromstring(enter("clara").get("/sign").content)
    asked = page.xpath("//section[@aria-labelledby='asked']//tbody/tr/th/a/@href")
    assert sorted(asked) == sorted([f"/sign/{example.report}", f"/sign/{example.card}"])
    more = page.xpath("//section[@aria-labelledby='more']//tbody/tr/th/a/@href")
    assert f"/sign/{example.plan}" in more
    said = words(enter("omar").get("/sign"))
    assert "No gate waits for your signature" in said
    assert "release plan" in said  # an operator may sign it
    said = words(enter("dana").get("/sign"))
    assert "you made it: someone else signs" in said


def asked_of(visitor):
    page = html.fromstring(visitor.get("/sign").content)
    return {
        row.xpath("string(th/a/@href)"): " ".join(row.xpath("string(td[2])").split())
        for row in page.xpath("//section[@aria-labelledby='asked']//tbody/tr")
    }


def test_the_queue_has_what_one_may_sign_for_another_while_it_holds(enter, example):
    omar = enter("omar")
    assert asked_of(omar) == {}  # the control: nobody lets omar sign as clinical lead
    with example.desk("clara") as desk:
        lent = delegating.delegate(
            desk, "clara", example.secrets["clara"], to="omar", role="clinical_lead",
            until=desk.at + timedelta(days=3), reason="On leave until Friday.",
        )  # fmt: skip
    report, card = f"/sign/{example.report}", f"/sign/{example.card}"
    as_said = "clinical lead for Dr Clara Moss"
    assert asked_of(omar) == {report: as_said, card: as_said}
    fields = form_on(omar.get(report), report)
    said = fields | SAID | {"role": "clinical_lead", "passphrase": example.secrets["omar"]}
    assert omar.post(report, data=said).status_code == 303
    assert approvals(example)[-1].delegated_by == "clara"
    assert asked_of(omar) == {card: as_said}
    with example.desk("clara") as desk:
        delegating.end_delegation(
            desk, lent.digest, login="clara", passphrase=example.secrets["clara"]
        )
    assert asked_of(omar) == {}
    assert form_on(omar.get(card), card) == {}


@pytest.mark.requirement("E19")
def test_a_report_is_read_signed_and_leaves_the_queue(enter, example):
    visitor = enter("clara")
    path = f"/sign/{example.report}"
    shown = visitor.get(path)
    page = html.fromstring(shown.content)
    assert "The clinical sign-off waits for your approval as clinical lead" in words(shown)
    (frame,) = page.xpath("//iframe/@src")
    paper = visitor.get(frame)
    assert digest_bytes(paper.content) == example.page == frame.rpartition("/")[2]
    fields = form_on(shown, path)
    assert fields["meaning"] == "approval"  # as the gate asks
    # Without the passphrase, a meaning or a sentence nothing is signed.
    for missing in (
        {"passphrase": example.secrets["omar"]},
        {"statement": " "},
        {"meaning": ""},
        {"meaning": "authorship"},
        {"login": "omar", "passphrase": example.secrets["omar"]},
    ):
        whole = fields | SAID | {"passphrase": example.secrets["clara"]}
        refused = visitor.post(path, data=whole | missing)
        assert refused.status_code in {403, 422}, missing
        assert "Not done." in words(refused)
        assert example.secrets["clara"] not in refused.text
    assert approvals(example) == ()
    signed = visitor.post(path, data=fields | SAID | {"passphrase": example.secrets["clara"]})
    assert signed.headers["location"] == f"{path}?done=signed"
    (given,) = approvals(example)
    assert (given.document, given.rendered) == (example.report, example.page)
    assert (given.nonce, given.opened_at is None) == (fields["nonce"], False)
    shown = visitor.get(signed.headers["location"])
    assert "Signed. Your signature stands below" in words(shown)
    (row,) = rows(shown)
    assert row[:4] == ("Dr Clara Moss", "clinical lead", "approval", "I have read it whole.")
    assert example.report not in visitor.get("/sign").text
    # The same form again signs nothing.
    twice = visitor.post(path, data=fields | SAID | {"passphrase": example.secrets["clara"]})
    assert twice.status_code == 409 or "Not done." in words(twice)
    assert len(approvals(example)) == 1


@pytest.mark.fault("G16")
def test_g16_a_page_that_changed_since_it_was_shown_is_not_signed(enter, example):
    visitor = enter("clara")
    path = f"/sign/{example.card}"
    fields = form_on(visitor.get(path), path) | SAID
    fields |= {"meaning": "approval", "passphrase": example.secrets["clara"]}
    with example.desk("dana") as desk:
        papers.keep_page(desk, b"<p>other words</p>", of=example.card, title="Model card")
        # The control: without what was opened, the other page would be taken for what was read.
        assert papers.rendered(desk, example.card) == digest_bytes(b"<p>other words</p>")
    refused = visitor.post(path, data=fields)
    assert "The document is not the one that was shown" in words(refused)
    old = re.search(r"/paper/([0-9a-f]{64})", visitor.get(path).text).group(1)
    assert old == digest_bytes(b"<p>other words</p>")
    assert approvals(example) == ()
    again = form_on(visitor.get(path), path)
    assert visitor.post(path, data=fields | {"nonce": again["nonce"]}).status_code == 303


@pytest.mark.fault("G22")
def test_g22_a_signature_on_a_page_that_was_made_anew_is_shown_as_void(enter, example):
    visitor = enter("clara")
    path = f"/sign/{example.card}"
    fields = form_on(visitor.get(path), path)
    visitor.post(path, data=fields | SAID | {"passphrase": example.secrets["clara"]})
    assert "stands" in words(visitor.get(path))  # the control: nothing changed yet
    assert "void" not in words(visitor.get(path))
    with example.desk("dana") as desk:
        papers.keep_page(desk, b"<p>other words</p>", of=example.card, title="Model card")
    assert "void: another page was made of the document since" in words(visitor.get(path))
    model = words(visitor.get("/models/readmission-30d"))
    assert "void: another page was made of the document since" in model


def test_a_signature_is_withdrawn_by_who_gave_it_and_given_anew(enter, example):
    visitor = enter("clara")
    path = f"/sign/{example.report}"
    secret = {"passphrase": example.secrets["clara"]}
    visitor.post(path, data=form_on(visitor.get(path), path) | SAID | secret)
    fields = form_on(visitor.get(path), f"{path}/withdraw")
    refused = visitor.post(f"{path}/withdraw", data=fields | {"reason": " "} | secret)
    assert "Not done." in words(refused)
    done = visitor.post(f"{path}/withdraw", data=fields | {"reason": "Too early."} | secret)
    assert done.headers["location"] == f"{path}?done=withdrawn"
    assert "withdrawn" in words(visitor.get(path))
    again = visitor.post(path, data=form_on(visitor.get(path), path) | SAID | secret)
    assert again.status_code == 303
    # Another person has no form for it, and is refused with one of their own making.
    other = enter("caro")
    assert form_on(other.get(path), f"{path}/withdraw") == {}
    token = form_on(other.get(path), path)["token"]
    newest = approvals(example)[-1].digest
    stolen = fields | {"token": token, "approval": newest, "login": "caro", "reason": "No."}
    refused = other.post(f"{path}/withdraw", data=stolen | {"passphrase": example.secrets["caro"]})
    assert refused.status_code == 403


def test_who_may_not_sign_reads_all_the_same_and_leaves_no_opening(enter, example):
    visitor = enter("erik")
    shown = visitor.get(f"/sign/{example.report}")
    assert shown.status_code == 200
    assert "Your roles may not sign a document of this kind" in words(shown)
    assert form_on(shown, f"/sign/{example.report}") == {}
    assert example.entries("document.open") == ()
    assert visitor.get(f"/sign/{'0' * 64}").status_code == 404


def test_the_paper_may_be_framed_by_our_page_alone_and_runs_nothing(enter, example):
    visitor = enter("clara")
    shown = visitor.get(f"/sign/{example.report}")
    assert "frame-src 'self'" in shown.headers["content-security-policy"]
    assert shown.headers["x-frame-options"] == "DENY"
    paper = visitor.get(f"/sign/{example.report}/paper/{example.page}")
    policy = paper.headers["content-security-policy"]
    assert "frame-ancestors 'self'" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert paper.headers["x-frame-options"] == "SAMEORIGIN"
    # Other bytes of the store are not read through this address.
    other = visitor.get(f"/sign/{example.card}/paper/{example.page}")
    assert other.status_code in {404, 409}


@pytest.mark.fault("X10")
def test_a_signature_is_taken_from_our_own_form_only(enter, example):
    visitor = enter("clara")
    path = f"/sign/{example.report}"
    fields = form_on(visitor.get(path), path) | SAID | {"passphrase": example.secrets["clara"]}
    for changed, headers in (
        ({"token": "0" * 64}, {}),
        ({}, {"sec-fetch-site": "cross-site"}),
        ({}, {"origin": "https://elsewhere.example"}),
    ):
        refused = visitor.post(path, data=fields | changed, headers=headers)
        assert refused.status_code == 403
    assert approvals(example) == ()
    assert visitor.post(path, data=fields).status_code == 303  # the control: our own form


def test_a_passphrase_is_not_guessed_at_the_form(enter, example):
    visitor = enter("clara")
    path = f"/sign/{example.report}"
    fields = form_on(visitor.get(path), path) | SAID
    answers = [
        visitor.post(path, data=fields | {"passphrase": "no"}).status_code for _ in range(12)
    ]
    assert answers[0] == 403
    assert answers[-1] == 429
