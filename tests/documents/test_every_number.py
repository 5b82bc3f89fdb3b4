"""No number in a document lacks a record and a field: move all figures, and every number moves."""

from __future__ import annotations

import pytest

from attending.documents.checklist_page import checklist_document
from attending.documents.clinician_page import clinician_page
from attending.documents.model_card import card_document
from attending.documents.stability_page import stability_document
from attending.documents.validation_report import validation_report
from attending.records.checklist import AnsweredItem, Checklist
from attending.records.explanation import Agreement, Removal, ShownFeature, StabilityReport
from tests.documents.example_records import card, cohort, report, run
from tests.documents.moved import unmoved
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
}
#: Numbers of the templates' own words: levels, scales and definitions, no figure of a model.
DEFINED = {
    "validation report": (
        "95 % interval", "1 in 10", "per 100", "1 to 10 rows", "SHA-256", "10",  # the tenth tenth
    ),
    "stability": ("it is 0.67", "1 always, 0 by chance"),
    "card": (),
    "clinician": ("25th and 75th percentile",),
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


@pytest.mark.parametrize("name", ["stability", "card"])
def test_a_number_that_no_record_has_is_found(name):
    held, page = PAGES[name]
    odd = b"<p>It was right in 87.3 % of wards.</p></main>"

    def planted(*records):
        return page(*records).replace(b"</main>", odd)

    assert planted(*held) != page(*held)
    assert without_a_record(name, planted, held) == {"It was right in 87.3 % of wards."}
