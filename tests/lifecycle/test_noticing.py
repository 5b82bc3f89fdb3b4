from __future__ import annotations

import pytest
from lxml import html

from attending.documents.patient_notice import GRADE_AT_MOST
from attending.documents.reading_level import grade
from attending.errors import NotFound, Refused
from attending.lifecycle import model_papers, noticing, overview, papers, validating
from attending.lifecycle.projects import open_project
from tests.lifecycle.ward import make_ward

HARD = "Multidisciplinary reconciliation of institutional considerations necessarily follows. " * 9


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    made = make_ward(tmp_path_factory.mktemp("noticing"))
    yield made
    made.desk.home.close()


def edited(ward, name, *, old, new):
    """Return the project after somebody edited one of its files."""
    held = ward.project.folder.root / name
    assert old in held.read_text()
    held.write_text(held.read_text().replace(old, new))
    return open_project(ward.project.folder.root)


@pytest.mark.requirement("F7")
def test_patients_read_what_it_does_who_decides_what_it_gets_wrong_and_whom_to_ask(ward):
    with pytest.raises(NotFound) as none:
        noticing.write_notice(ward.desk, ward.project, ward.run)
    assert none.value.code == "card.missing"
    validating.build_card(ward.desk, ward.project, ward.run)
    with pytest.raises(Refused) as unmeasured:
        noticing.write_notice(ward.desk, ward.project, ward.run)
    for lacking in ("PPV at the threshold", "Sensitivity at the threshold"):
        assert lacking in unmeasured.value.message
    # At 25 % so few of this small hospital are flagged that the report hides them.
    shown = {"old": "decision_curve:", "new": "suppress_counts_up_to: 0\ndecision_curve:"}
    small = edited(ward, "validation.yaml", **shown)
    validating.validate_run(ward.desk, small, ward.run)
    card = validating.build_card(ward.desk, ward.project, ward.run)

    notice = noticing.write_notice(ward.desk, ward.project, ward.run)
    page = overview.page_bytes(ward.desk, papers.page_of(ward.desk, notice.digest))
    said = " ".join(html.fromstring(page).text_content().split())
    figures = {held.measure: held.value for held in card.validation if held.unit == "share"}
    right = round(100 * figures["PPV at the threshold"])
    missed = 100 - round(100 * figures["Sensitivity at the threshold"])
    for expected in (
        "more likely to need to come back to the hospital",
        "People do. The program only gives a hint.",
        f"Of 100 people it points out, about {right} do",
        f"it misses about {missed}.",
        "Ask any nurse on your ward, or your doctor.",
        f"grade {notice.grade:.1f}",
    ):
        assert expected in said
    assert notice.grade == round(grade(notice.text), 1) <= GRADE_AT_MOST
    listed = model_papers.model_papers(ward.desk, ward.project.name)
    assert "Patient notice" in {paper.title for paper in listed}


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("A nurse may call you a few days after you go home.", HARD, "notice.reading_level"),
        ("A nurse may call", "It is always right. A nurse may call", "notice.certainty"),
        ("patient_notice:", "# patient_notice:", "notice.incomplete"),
    ],
)
def test_a_notice_that_is_hard_certain_or_incomplete_is_not_written(ward, old, new, code):
    release = ward.project.folder.root / "release.yaml"
    before = release.read_text()
    if code == "notice.incomplete":
        release.write_text(before[: before.index(old)])
        asked = open_project(ward.project.folder.root)
    else:
        asked = edited(ward, "release.yaml", old=old, new=new)
    try:
        with pytest.raises(Refused) as refused:
            noticing.write_notice(ward.desk, asked, ward.run)
    finally:
        release.write_text(before)
    assert refused.value.code == code
