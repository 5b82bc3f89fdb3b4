"""No number in a document lacks a record and a field: move all figures, and every number moves."""

from __future__ import annotations

import pytest

from attending.documents.card_assembly import assemble_card
from attending.documents.checklist_page import checklist_document
from attending.documents.clinician_page import clinician_page
from attending.documents.deployer_paper import paper_document
from attending.documents.dossier import dossier_document
from attending.documents.model_card import card_document
from attending.documents.number_page import number_page
from attending.documents.patient_notice import assemble_notice, notice_document
from attending.documents.silent_report import silent_document
from attending.documents.stability_page import stability_document
from attending.documents.validation_report import validation_report
from attending.records.checklist import AnsweredItem, Checklist
from attending.records.explanation import Agreement, Removal, ShownFeature, StabilityReport
from tests.documents import adoption_records as adopted
from tests.documents import paper_records as held_for
from tests.documents.example_records import card, cohort, report, run, sources
from tests.documents.moved import moved, unmoved
from tests.documents.test_clinician_page import explanation


def stability():
    held = Agreement(name="nearest_patients", patients=190, draws=3, jaccard=0.43, low_jaccard=0.2,
                     sign=0.81, rank=0.72, by_chance=0.33, asked=(0.31, 0.61, 0.52),
                     outcome="met")  # fmt: skip
    return StabilityReport(
        patients=200, draws=20, top=5, seed=3, relative_error=0.06, mean_jaccard=0.92,
        low_jaccard=0.71, same_first=0.88, mean_risk_change=0.0153, threshold=0.83, steady=True,
        comparisons=(held,), by_feature=(held,), outcome="met",
        shown=(ShownFeature(feature="age", shown=0.41, direction=0.77, weight=0.21, chance=0.07),),
        removal=Removal(patients=200, share=0.97, asked=0.91, outcome="met"),
    )  # fmt: skip


def checklist():
    item = AnsweredItem(
        id="3b", asks="Where?", evidence="model", status="answered", answer="5 sites",
        source="run.model",
    )  # fmt: skip
    return Checklist(
        profile="chai", title="CHAI", spec="", model="readmission", version="v3", run="r",
        synthetic=True, items=(item, item.model_copy(update={"status": "missing", "answer": ""})),
    )  # fmt: skip


def number_card(validation):
    """Return the card of a model that foretells days; its figures are those of the report."""
    return assemble_card(sources(report=validation), version="v3", synthetic=True)


def notice_of_card(held, release):
    return notice_document(assemble_notice(held, release))


def all_papers(*held):
    """Return the papers of who deploys one after the other."""
    pages = [paper_document(one, {}) for one in held_for.papers(*held)]
    return pages[0] + b"".join(page.partition(b"</style>")[2] for page in pages[1:])


PAGES = {
    "validation report": (
        (report(), cohort(), run()),
        lambda *held: validation_report(*held, synthetic=True),
    ),
    "stability": (
        (stability(),),
        lambda held: stability_document(held, {}, model="m", run="r", synthetic=True),
    ),
    "card": ((card(),), card_document),
    "clinician": ((explanation(), card()), clinician_page),
    "checklist": ((checklist(),), checklist_document),
    "report of days": (
        (held_for.number_report(),),
        lambda held: validation_report(held, None, None, synthetic=True),
    ),
    "page of days": (
        (held_for.number_report(), run()),
        lambda *held: number_page(*held, synthetic=True),
    ),
    "card of days": ((number_card(held_for.number_report()),), card_document),
    "dossier": ((held_for.dossier(),), dossier_document),
    "notice": (
        (assemble_notice(card(), held_for.release_with_notice()),),
        notice_document,
    ),
    "notice of a card": ((card(), held_for.release_with_notice()), notice_of_card),
    "silent report": (
        (held_for.silent_report(), report()),
        lambda *held: silent_document(*held, synthetic=True),
    ),
    "adoption": (adopted.adoption_held(), adopted.page_of_adoption),
    "report of the day": (
        (adopted.monitor_report(), adopted.verdict()),
        adopted.page_of_day,
    ),
    "papers": (
        (
            held_for.deployer_spec(),
            held_for.read_release(),
            held_for.read_monitoring(),
            held_for.counted(),
        ),
        all_papers,
    ),
}
#: How groups of equal size are numbered.
TENTHS = tuple(str(at) for at in range(1, 11))
#: Numbers of the templates' own words: levels, scales and definitions, no figure of a model.
DEFINED = {
    "validation report": (
        "95 % interval", "1 in 10", "per 100", "1 to 10 rows", "SHA-256", "2 of 4 gates are not",
        *TENTHS,
    ),
    "stability": ("it is 0.67", "1 always, 0 by chance"),
    "card": ("95 % interval",),
    "clinician": ("25th and 75th percentile",),
    "report of days": ("95 % interval", "SHA-256", *TENTHS),
    "page of days": (),
    "card of days": ("95 % interval",),
    "dossier": (),
    "notice": (),
    "notice of a card": ("Reading level: grade",),  # of its words; a field of the notice above
    "silent report": ("SHA-256", "2 of 4 gates are not"),
    # The last two are counted on the page.
    "adoption": ("95 % interval", "SHA-256", "although 2 conditions", "2 columns"),
    "report of the day": ("1 day 12 hours",),  # 36h in the words of the verdict
    "papers": ("0", "1", "2", "3", "4", "5"),  # steps, ratings, and hazards counted by rating
    "checklist": ("1 of 2 items answered, 0 not available, 1 missing.",),  # counted on the page
}  # fmt: skip


def without_a_record(name, page, held):
    """Return sentences with a number that no record has, but for those that are definitions."""
    return {
        piece
        for piece in unmoved(page, held)
        if not any(one in piece if len(one) > 2 else one == piece for one in DEFINED[name])
    }


@pytest.mark.parametrize("name", list(PAGES))
def test_every_number_moves_with_its_record(name):
    held, page = PAGES[name]
    assert without_a_record(name, page, held) == set()


@pytest.mark.parametrize("name", ["stability", "dossier", "notice", "silent report"])
def test_a_number_that_no_record_has_is_found(name):
    held, page = PAGES[name]
    odd = b"<p>It was right in 87.3 % of wards.</p></main>"

    def planted(*records):
        return page(*records).replace(b"</main>", odd)

    assert planted(*held) != page(*held)
    assert without_a_record(name, planted, held) == {"It was right in 87.3 % of wards."}


def test_what_a_card_says_of_each_group_moves_with_the_days_of_the_report():
    held = held_for.number_report()
    before, after = (
        [group.note for group in number_card(one).subgroups] for one in (held, moved(held, 0.871))
    )
    assert before[0] == "off by 2.37 (2.16 to 2.58) days on average"
    assert before[0] not in after and "days on average" in after[0]
