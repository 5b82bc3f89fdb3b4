"""One page of every kind of paper, of records in no home, for tests that look at all of them."""

from __future__ import annotations

from attending.documents.checklist_page import checklist_document
from attending.documents.deployer_paper import paper_document
from attending.documents.digest import digest_page
from attending.documents.dossier import dossier_document
from attending.documents.model_card import card_document
from attending.documents.number_page import number_page
from attending.documents.silent_report import silent_document
from attending.documents.validation_report import validation_report
from attending.govern.checklists import answered, profile
from attending.records.checklist import Checklist
from attending.specs.checklist import CardWords
from tests.documents import example_records as example
from tests.documents import paper_records as made

NAMES = {"clara": "Dr Clara Moss", "omar": "Omar Haddad", "dana": "Dana Reyes"}


def papers_of_who_deploys():
    """Return the papers of who deploys as records, by name."""
    plan, watch = made.read_release(), made.read_monitoring()
    found = made.papers(made.deployer_spec(), plan, watch, made.counted())
    return {one.paper: one for one in found}


def day():
    """Return the page of a day on which something is open."""
    about = {"about": "readmission-30d@v1", "owner": "clinical owner"}
    need = {
        **about, "severity": "act", "who": "clinical owner (Dr Clara Moss)",
        "says": "146 of 150 scores came more than 1 day after their time; nobody could act.",
        "action": "Talk with the wards about how the score is used; do not retrain.",
    }  # fmt: skip
    one = {**about, "stage": "limited", "answer": "freeze", "sentence": "Yes, but wait.",
           "because": need["says"], "budget": "0 of 2 act, 0 of 12 watch"}  # fmt: skip
    owed = {"model": "readmission-30d@v1", "owner": "clinical owner", "open": 2, "overdue": 1,
            "minutes_a_week": 14, "capacity": 30}  # fmt: skip
    return {"title": "2026-06-29: should we continue using these models?", "models": [one],
            "needs": [need], "reviews": [owed]}  # fmt: skip


def chai():
    """Return a checklist whose items have long names and nobody answered."""
    asked = profile("chai")
    return Checklist(
        profile="chai", title=asked.title, spec=asked.digest, model="readmission", version="v3",
        run="a" * 64, synthetic=True, items=answered(asked, {}, CardWords(), card=""),
    )  # fmt: skip


def every_page():
    """Return by name one page of every kind."""
    return {
        "report": validation_report(
            example.report(), example.cohort(), example.run(), synthetic=True
        ),
        "numbers report": validation_report(
            made.number_report(), example.cohort(), example.run(), synthetic=True
        ),
        "numbers": number_page(made.number_report(), example.run(), synthetic=True),
        "card": card_document(example.card()),
        "silent": silent_document(made.silent_report(), example.report(), synthetic=True),
        "dossier": dossier_document(made.dossier()),
        "checklist": checklist_document(chai()),
        "day": digest_page(day(), synthetic=True),
        **{name: paper_document(one, NAMES) for name, one in papers_of_who_deploys().items()},
    }
