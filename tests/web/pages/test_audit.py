"""The audit on pages: asked, verified, taken out; and who is here in which roles."""

from __future__ import annotations

import csv
import io
import json
import sqlite3

import pytest
from lxml import html

from attending.lifecycle import inviting
from attending.lifecycle.desk import keep
from attending.records.people import PersonMark
from tests.web.pages.conftest import send, words
from tests.web.pages.round_home import MODEL, PASSPHRASE


def rows(answer):
    page = html.fromstring(answer.content)
    found = page.xpath("//table[caption[contains(., 'the newest first')]]/tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row] for row in found]


@pytest.mark.requirement("J12")
def test_who_approved_what_is_found_by_model_person_act_and_day(ward):
    audrey = ward.enter("audrey")
    found = rows(audrey.get(f"/audit?act=approval.&model={MODEL}"))
    signs = [one for one in found if one[2] == "approval.sign"]
    assert [one[1] for one in signs] == [
        "Dr Clara Moss clara",
        "Omar Haddad omar",
    ]  # the policy of change, the plan
    assert all("approval by" in one[4] for one in signs)
    by_omar = rows(audrey.get("/audit?person=omar"))
    assert by_omar
    assert {one[1] for one in by_omar} == {"Omar Haddad omar"}
    of_a_day = rows(audrey.get("/audit?act=incident.&since=2024-12-18&until=2024-12-18"))
    assert [one[2] for one in of_a_day] == ["incident.open"]
    assert rows(audrey.get("/audit?act=incident.&until=2024-12-17")) == []
    assert "No entry is like this." in words(audrey.get("/audit?act=incident.&until=2024-12-17"))
    summary = words(audrey.get(f"/audit?model={MODEL}"))
    assert "in one answer" in summary
    assert "Omar Haddad, operator: approval of release" in summary
    assert audrey.get("/audit?model=no-such-model").status_code == 404
    assert audrey.get("/audit?person=%27;--").status_code == 422
    assert audrey.get("/audit?since=yesterday").status_code == 422


def test_a_long_answer_comes_page_by_page_without_a_gap_or_a_repeat(ward):
    with ward.desk("caro") as desk:
        for number in range(120):
            one = PersonMark(person_id=f"p{number}", mark="fictional")
            keep(desk, one, action="user.mark", keys={"person": f"p{number}"})
    audrey, path, seen = ward.enter("audrey"), "/audit?act=user.mark&person=caro", []
    pages = 0
    while path:
        answer = audrey.get(path)
        seen += [one[3] for one in rows(answer)]
        older = html.fromstring(answer.content).xpath("//a[text()='Older']/@href")
        path, pages = (older[0] if older else ""), pages + 1
    assert (pages, len(seen), len(set(seen))) == (3, 120, 120)


def test_the_ledger_is_verified_and_what_was_changed_is_found(ward):
    audrey = ward.enter("audrey")
    well = send(audrey, "/audit", "/audit/verify")
    assert "nothing is wrong" in words(well)
    with ward.desk() as desk:
        assert f"{desk.home.ledger.size} entries" in words(well)
    store = sqlite3.connect(ward.root / "store.db")
    (content,) = store.execute("SELECT content FROM ledger WHERE seq = 3").fetchone()
    changed = bytes(content).replace(b'"actor":"', b'"actor":"x', 1)
    store.execute("UPDATE ledger SET content = ? WHERE seq = 3", (changed,))
    store.commit()
    store.close()
    broken = send(audrey, "/audit", "/audit/verify")
    assert "What is wrong" in words(broken)
    assert "nothing is wrong" not in words(broken)
    assert audrey.post("/audit/verify", data={"token": "0" * 64}).status_code == 403


def test_what_was_asked_leaves_as_lines_or_as_a_table_in_which_no_cell_is_a_formula(ward):
    with ward.desk("omar") as desk:
        one = PersonMark(person_id="p1", mark="vouched")
        keep(desk, one, action="user.mark", details={"reason": "=HYPERLINK(1)"})
    caro = ward.enter("caro")
    text = caro.get("/audit/export/jsonl?person=omar").text
    lines = [json.loads(line) for line in text.splitlines()]
    with ward.desk() as desk:
        there = desk.home.ledger.search(actor="omar")
    assert lines == [entry.content() for entry in reversed(there)]
    table = list(csv.DictReader(io.StringIO(caro.get("/audit/export/csv?person=omar").text)))
    assert [int(row["seq"]) for row in table] == [line["seq"] for line in lines]
    assert table[0]["details"].startswith('{"reason": "=HYP')  # no cell begins with the sign
    assert caro.get("/audit/export/xls").status_code == 404
    nora = ward.enter("nora")
    assert nora.get("/audit/export/csv").status_code == 403
    assert "As CSV" not in nora.get("/audit").text


def administered(ward):
    """Return the home with an administrator, ada."""
    with ward.desk() as desk:
        inviting.accept(desk, inviting.begin(desk, "ada", printed_name="Ada Berg"), PASSPHRASE)
    ward.secrets["ada"] = PASSPHRASE
    return ward


def test_people_stand_with_their_roles_and_each_role_with_what_it_signs(ward):
    text = words(ward.enter("caro").get("/people"))
    assert "Dr Clara Moss" in text
    assert "what each role answers for" in text.lower()
    assert "19 kinds of document" in text
    assert "Nobody administers this home yet" in text
    assert "Invite a person" not in text
    assert ward.enter("nora").get("/people").status_code == 403


def test_an_administrator_changes_roles_with_the_passphrase_and_never_their_own(ward):
    ada = administered(ward).enter("ada")
    said = {"what": "grant", "role": "operator", "passphrase": PASSPHRASE}
    assert send(ada, "/people/clara/change", **said).status_code == 303
    assert ward.last("role.grant").details["role"] == "operator"
    assert "clinical lead, operator" in words(ada.get("/people"))
    again = send(ada, "/people/clara/change", **said)
    assert again.status_code == 409
    assert send(ada, "/people/ada/change", **said).status_code == 403
    wrong = send(ada, "/people/clara/change", **{**said, "passphrase": "wrong"})
    assert wrong.status_code == 403
    off = {**said, "what": "disable"}
    assert send(ada, "/people/clara/change", **off).status_code == 303
    with ward.desk() as desk:
        assert not desk.home.users.get("clara").active
    assert ward.enter("caro").get("/people/clara/change").status_code == 403
    assert ada.get("/watch").status_code == 403


def test_an_invitation_is_shown_once_and_can_be_taken_up(ward):
    ada = administered(ward).enter("ada")
    said = {"person": "iris", "name": "Iris Vale", "role": "nurse_leader", "passphrase": PASSPHRASE}
    done = send(ada, "/people/invite", **said)
    token = html.fromstring(done.content).xpath("string(//code[@class='once'])")
    assert token not in ada.get("/people").text
    assert "Iris Vale (iris) is invited as nurse leader" in words(ada.get("/people"))
    with ward.desk() as desk:
        assert inviting.accept(desk, token, PASSPHRASE).roles == ("nurse_leader",)
        assert not [one for one in inviting.open_invitations(desk) if one.person_id == "iris"]
    bad = send(ada, "/people/invite", **{**said, "person": "No Login"})
    assert bad.status_code == 422
    assert "Iris Vale" in bad.text
