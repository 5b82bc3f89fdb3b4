"""A document as PDF: right for print, the same each time, and nothing from elsewhere."""

from __future__ import annotations

import sys
from importlib import metadata

import pytest

from attending.cli.app import app
from attending.cli.door import through
from attending.documents import roc
from attending.documents.checklist_page import checklist_document
from attending.documents.model_card import card_document
from attending.documents.picture_page import picture_page
from attending.documents.print_pdf import print_pdf
from attending.documents.record_page import record_page
from attending.errors import DependencyDown, Refused
from attending.records.checklist import AnsweredItem, Checklist
from tests.conftest import absent
from tests.documents.example_records import card, report
from tests.documents.record_levels import nested


@pytest.fixture(scope="module")
def pdf():
    if not list(metadata.distributions(name="weasyprint")):
        absent("pdf", "no weasyprint here; run `make pdf`")


@pytest.mark.usefixtures("pdf")
def test_a_card_is_printed_and_the_same_card_gives_the_same_bytes():
    page = card_document(card())
    made = print_pdf(page)
    assert made.startswith(b"%PDF-") and made == print_pdf(page)
    assert made != print_pdf(page.replace(b"Model card", b"Model cart"))


@pytest.mark.usefixtures("pdf")
def test_a_picture_is_printed_with_its_table_and_says_whose_it_is():
    found = roc.picture(report())
    assert found is not None
    page = picture_page(found, about="readmission-30d", digest="ab" * 32, synthetic=True)
    for said in (b"SYNTHETIC", b"readmission-30d", b"ab" * 32, found.uri.encode()):
        assert said in page
    assert page.count(b"<tr>") == len(found.table.rows) + 1
    made = print_pdf(page)
    assert made.startswith(b"%PDF-")
    assert made == print_pdf(page)


@pytest.mark.usefixtures("pdf")
def test_a_record_of_many_levels_is_printed_without_a_table_in_a_table():
    # A grid within a grid is laid out again at each level: a contract took over three minutes.
    page = record_page(nested(8), digest="ab" * 32, synthetic=True)
    assert print_pdf(page).startswith(b"%PDF-")


@pytest.mark.usefixtures("pdf")
def test_a_page_that_asks_for_a_file_or_a_host_is_refused():
    for asked in ("file:///etc/hostname", "http://127.0.0.1:9/a.png"):
        with pytest.raises(Refused) as refused:
            print_pdf(f'<!doctype html><p>x</p><img src="{asked}">'.encode())
        assert refused.value.code == "pdf.outside"


def test_without_the_extra_it_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "weasyprint", None)
    with pytest.raises(DependencyDown) as refused:
        print_pdf(b"<!doctype html><p>x</p>")
    assert refused.value.code == "pdf.missing" and "attending[pdf]" in refused.value.hint


@pytest.mark.parametrize(
    "verb",
    ["validate model", "validate later", "validate silent", "explain stability", "card build",
     "card notice", "card dossier", "document checklist", "document crosswalk", "document show"],
)  # fmt: skip
def test_the_verbs_that_make_a_document_print_it(verb, capsys):
    words = [*verb.split(), "--help"]
    assert through(lambda: app(words, standalone_mode=False), argv=words) == 0
    assert "--pdf" in capsys.readouterr().out


@pytest.mark.fault("X47")
def test_x47_every_printed_page_says_which_document_it_is():
    item = AnsweredItem(
        id="1", asks="What?", evidence="model", status="answered", answer="So.", source="run.model"
    )
    made = Checklist(
        profile="chai", title="CHAI", spec="", model="readmission", version="v3", run="r",
        synthetic=True, items=(item,) * 60,
    )  # fmt: skip
    page = checklist_document(made).decode()
    running = '@bottom-left { content: string(made) "  " string(kind) ": " string(title)'
    assert running in page and "h1 { string-set: title content(); }" in page
    assert ".kind { string-set: kind content(); }" in page and '<p class="kind">CHAI</p>' in page
    control = page.replace(running, "@bottom-left { content: ''")
    assert "string(title)" not in control  # without it, later pages would say nothing
    assert "readmission" in page and "v3" in page and "SYNTHETIC" in page
