"""The worklist over HTTP: for the ward alone, as page, rows and lines, answered with a token."""

from __future__ import annotations

import csv
import io

import pytest

from tests.web.paper_house import PaperHouse
from tests.web.visitor import visitor_of

ROW = {
    "request_id": "e" * 32,
    "subject_id": "4886448066181632",
    "encounter_id": None,
    "site": "=HYPERLINK(1)",
    "version": "v3",
    "prediction_time": "2026-03-02T06:00:00Z",
    "score": 0.31,
    "scored_by": "readmission-30d v3",
    "state": "sent",
    "escalated": False,
    "by": "",
    "since": "2026-03-02T06:01:00Z",
    "wording": "<b>Higher risk</b>",
    "reason": "",
    "snooze": {"reasons": ["waits for a <result>"], "minutes": 60},
}
PATH = "/worklist/readmission-30d"


class Ward(PaperHouse):
    """A house with one alert, which remembers what it was told."""

    def worklist(self, model, *, site, unit, by):
        self.asked.append(f"worklist of {model} at '{site}' by {by}")
        return [ROW]

    def answer_alert(self, request_id, *, says, snooze, by, reason=""):
        self.asked.append(f"{request_id[:4]} {says} {snooze} {reason}by {by}")


def entered(role="nurse_leader"):
    house = Ward(roles=(role,))
    visitor = visitor_of(house)
    assert visitor.sign_in().status_code == 303
    return house, visitor


@pytest.mark.requirement("G4", "G16")
def test_the_ward_sees_its_list_with_what_changed_and_answers_in_two_clicks():
    house, visitor = entered()
    page = visitor.get(PATH)
    assert page.status_code == 200
    assert ROW["subject_id"] in page.text
    assert "<strong>Changed:</strong> v3 since" in page.text
    token = page.text.partition('name="token" value="')[2][:64]
    said = {"request_id": "e" * 32, "says": "called", "act": "acknowledge", "token": token}
    # One click opens the list, the second takes the patient up.
    assert visitor.post(PATH, data=said).status_code == 303
    assert visitor.post(PATH, data=said | {"act": "snooze"}).status_code == 303
    assert house.asked[-2:] == ["eeee called None by ada", "eeee called 2:00:00 by ada"]
    # Where the signed plan has rules, the form offers its reasons and its longest time.
    assert "waits for a &lt;result&gt;</option>" in page.text
    assert "In 60 minutes" in page.text
    later = {"act": "snooze", "minutes": "60", "reason": "waits, "}
    assert visitor.post(PATH, data=said | later).status_code == 303
    assert house.asked[-1] == "eeee called 1:00:00 waits, by ada"
    assert visitor.post(PATH, data=said | later | {"minutes": "x"}).status_code == 422
    forged = visitor.post(PATH, data=said | {"token": "0" * 64})
    assert forged.status_code == 403
    assert len([one for one in house.asked if one.startswith("eeee")]) == 3


def test_rows_are_for_those_who_may_see_patients_and_no_cell_is_a_formula():
    house, visitor = entered()
    rows = visitor.get("/v1/models/readmission-30d/worklist?site=N", headers={"accept": "*/*"})
    assert rows.json() == [ROW]
    assert house.asked[-1] == "worklist of readmission-30d at 'N' by ada"
    lines = visitor.get("/v1/models/readmission-30d/worklist", headers={"accept": "text/csv"})
    found = list(csv.DictReader(io.StringIO(lines.text)))
    assert (found[0]["site"], found[0]["score"]) == ("'=HYPERLINK(1)", "0.31")
    _, stranger = entered("data_scientist")
    for path in (PATH, "/v1/models/readmission-30d/worklist"):
        refused = stranger.get(path, headers={"accept": "application/json"})
        assert (refused.status_code, refused.json()["code"]) == (403, "access.role")
