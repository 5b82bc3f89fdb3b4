"""Words are found in approvals, reports, cards and documents, alike on both databases."""

from __future__ import annotations

import pytest

from attending.errors import BadInput
from attending.lifecycle.desk import Desk
from attending.lifecycle.searching import search
from attending.stores.search import Text
from attending.stores.search import search as in_texts
from tests.lifecycle.desks import AT, MODEL, papers


@pytest.fixture
def made(tmp_path, store_kind):
    found = papers(tmp_path / "home")
    found.kind = store_kind
    yield found
    found.desk.home.close()


@pytest.mark.requirement("J14")
def test_approvals_reports_and_documents_are_found_by_their_words(made):
    desk = Desk(home=made.desk.home, at=AT)
    assert desk.home.database.kind == made.kind
    (approval,) = search(desk, "cardiac ward")
    assert (approval.kind, approval.digest) == ("approval", made.approval.digest)
    assert "[cardiac]" in approval.around
    # Words in any order and case, by their start, and as a phrase; a word inside a word is none.
    assert search(desk, "WARD cardi*")[0].digest == made.approval.digest
    assert search(desk, '"silent use"')[0].digest == made.approval.digest
    assert search(desk, '"use silent"') == ()
    assert search(desk, "ardiac") == ()
    (document,) = search(desk, "myocarditis")
    assert (document.kind, document.digest) == ("document", made.page)
    assert [one.kind for one in search(desk, "telephone")] == ["incident_step"]
    assert "validation" in {one.kind for one in search(desk, "AUROC")}
    assert {one.kind for one in search(desk, "replaced")} == {"retirement"}
    # Of one model only, and a model that is not here has nothing.
    assert search(desk, "cardiac", model=MODEL)
    assert search(desk, "cardiac", model="other") == ()
    for nothing in ("", '" "', "***"):
        with pytest.raises(BadInput) as refusal:
            search(desk, nothing)
        assert refusal.value.code == "search.words"


def test_what_people_write_is_never_an_operator():
    page = Text("a" * 64, "approval", "Approval", "the plan")
    for words in (
        'plan" OR "x',
        "plan NEAR/2",
        "title:plan",
        "plan; DROP TABLE texts",
        "pl^n",
        "-",
    ):
        try:
            in_texts([page], words)
        except BadInput as refusal:
            assert refusal.code == "search.words"


def test_the_title_counts_more_than_the_body():
    pages = [
        Text("a" * 64, "document", "Report", "calibration of many things"),
        Text("b" * 64, "document", "Calibration", "of many things"),
    ]
    assert [hit.digest[0] for hit in in_texts(pages, "calibration")] == ["b", "a"]
