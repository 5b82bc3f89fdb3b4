"""Responses are counted from the feedback on alerts that people were shown."""

from dataclasses import replace

import pytest

from attending.digests import canonical
from attending.lifecycle.desk import note
from attending.lifecycle.responses import responses_of
from attending.records.ledger import Subject
from attending.stores.predictions import Answer, Scored
from tests.lifecycle.ward import SECOND, make_ward


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("responses"))
    yield made
    made.desk.home.close()


def _shown(ward, number, *, stage="limited", flagged=True, site="CITY"):
    content = canonical({"flagged": flagged, "site": site})
    name = f"{number:032x}"
    return Scored(name, ward.project.name, "v1", stage, number, None, SECOND, 0.5, content)


@pytest.mark.requirement("H3")
def test_what_nobody_recorded_is_not_observed_and_what_they_did_is_counted_by_site(ward):
    desk = replace(ward.desk, at=SECOND)
    alerts = [
        *(_shown(ward, one) for one in range(1, 5)),
        _shown(ward, 5, site="VALLEY"),
        _shown(ward, 6, flagged=False),
        _shown(ward, 7, stage="silent"),
    ]
    with desk.home.database.transaction() as unit:
        desk.home.predictions.add(unit, alerts)
        note(desk, unit, action="score.one", subject=Subject(kind="prediction", digest="0" * 32))
    assert responses_of(desk, ward.project, version="v1") == {}
    with desk.home.database.transaction() as unit:
        for number, word in ((1, "accepted"), (2, "overridden"), (7, "accepted")):
            answer = Answer(f"{number:032x}", "clara", SECOND, word, b"{}")
            desk.home.predictions.answer(unit, answer)
        note(
            desk, unit, action="feedback.card", subject=Subject(kind="prediction", digest="1" * 32)
        )
    found = responses_of(desk, ward.project, version="v1")
    assert (found[""].shown, found[""].acknowledged, found[""].overridden) == (5, 2, 1)
    assert (found["CITY"].shown, found["VALLEY"].acknowledged) == (4, 0)
    assert responses_of(desk, ward.project, version="v2") == {}
