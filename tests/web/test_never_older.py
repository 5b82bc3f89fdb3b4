"""What a process keeps between pages is never older than the ledger, and hides no changed byte."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing, contextmanager

import pytest
from lxml import html
from sqlalchemy import event
from sqlalchemy.engine import Engine

from attending.lifecycle import signing
from attending.lifecycle.desk import keep
from attending.records.decisions import SpecDocument
from attending.records.run import Run
from attending.records.validation import ValidationReport
from attending.times import format_instant
from tests.web.example_home import AT, MODEL, decision, put_into, steady
from tests.web.test_pages import words

#: A question and the beginning of its transaction, for each thing that a search shows.
MOST_FOUND = 2 * 50
#: Pages over all models: none of them may ask more of the store because there are more models.
OVER_ALL = ("/", "/sign", "/validation", "/search?q=readmission")


def asked_of(visitor):
    page = html.fromstring(visitor.get("/sign").content)
    return page.xpath("//section[@aria-labelledby='asked']//tbody/tr/th/a/@href")


def found_by(visitor, word):
    page = html.fromstring(visitor.get(f"/search?q={word}").content)
    return page.xpath("//main//a[starts-with(@href, '/records/')]/@href")


def sign_elsewhere(example, document, statement):
    """Let clara sign a document by the verb, in a process of its own."""
    secret = example.root.parent / "clara.txt"
    secret.write_text(example.secrets["clara"])
    secret.chmod(0o600)
    command = ["sign", document, "--as", "clara", "--role", "clinical_lead"]
    command += ["--statement", statement, "--passphrase-file", str(secret)]
    command += ["--home", str(example.root), "--at", format_instant(AT)]
    subprocess.run([sys.executable, "-m", "attending", *command], check=True, capture_output=True)


def sign_beside(example, document, statement):
    """Let clara sign a document at another desk."""
    secret = example.secrets["clara"]
    with example.desk() as desk:
        signing.sign(desk, document, person="clara", passphrase=secret, role="clinical_lead",
                     statement=statement)  # fmt: skip


@pytest.mark.requirement("J14")
def test_what_another_process_signed_stands_on_the_very_next_page(enter, example):
    clara = enter("clara")
    report, card = f"/sign/{example.report}", f"/sign/{example.card}"
    assert sorted(asked_of(clara)) == sorted([report, card])
    assert found_by(clara, "zephyranthes") == []
    before = words(clara.get(report))
    sign_elsewhere(example, example.report, "The zephyranthes of the ward agree.")
    assert asked_of(clara) == [card]
    assert "The zephyranthes of the ward agree." in words(clara.get(report))
    assert "zephyranthes" not in before
    assert len(found_by(clara, "zephyranthes")) == 1


def test_a_ledger_that_was_put_back_takes_what_came_after_it_from_every_page(enter, example):
    clara, kept = enter("clara"), example.root.with_name("kept")
    shutil.copytree(example.root, kept)
    assert found_by(clara, "zephyranthes") == []
    sign_beside(example, example.report, "The zephyranthes of the ward agree.")
    assert len(found_by(clara, "zephyranthes")) == 1
    assert asked_of(clara) == [f"/sign/{example.card}"]
    shutil.rmtree(example.root)
    kept.rename(example.root)
    # Another entry in the place of the one that is gone: as long a ledger, with another end.
    again = enter("clara")
    sign_beside(example, example.card, "The ranunculus of the ward agree.")
    assert found_by(again, "zephyranthes") == []
    assert len(found_by(again, "ranunculus")) == 1
    assert asked_of(again) == [f"/sign/{example.report}"]


def changed(example, digest):
    """Change the stored bytes of a record behind the ledger's back."""
    with closing(sqlite3.connect(example.root / "store.db")) as store:
        wrong = "UPDATE records SET content = replace(content, ?, ?) WHERE digest = ?"
        found = store.execute(wrong, (b"ward", b"WARD", digest)).rowcount
        store.commit()
    assert found == 1


def test_bytes_that_were_changed_after_a_page_showed_them_are_found_by_the_next(enter, example):
    clara = enter("clara")
    sign_beside(example, example.report, "The zephyranthes of the ward agree.")
    (path,) = found_by(clara, "zephyranthes")
    report = f"/sign/{example.report}"
    assert clara.get("/search?q=zephyranthes").status_code == 200
    assert clara.get(report).status_code == 200
    changed(example, path.rpartition("/")[2])
    assert clara.get("/search?q=zephyranthes").status_code == 500
    assert "other bytes than its name says" in words(clara.get(report))


def test_a_readable_page_that_was_changed_is_not_found_any_more_as_if_it_were_whole(enter, example):
    clara = enter("clara")
    assert clara.get("/search?q=calibration").status_code == 200
    place = example.root / "artifacts" / example.page[:2] / example.page[2:]
    place.chmod(0o600)
    place.write_bytes(place.read_bytes().replace(b"alibration", b"ALIBRATION"))
    answer = clara.get("/search?q=calibration")
    assert answer.status_code == 500
    assert "other bytes than its name says" in words(answer)


@contextmanager
def statements():
    """Give the statements that were run on any database, as they come."""
    asked: list[str] = []

    def note(_connection, _cursor, statement, *_):
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield asked
    event.remove(Engine, "before_cursor_execute", note)


def add_models(desk, example, numbers):
    """Let further models stand where the first does, each with its own papers."""
    catalog = desk.home.catalog
    run, told = catalog.get(example.run, Run), catalog.get(example.report, ValidationReport)
    plan = catalog.get(example.plan, SpecDocument)
    for number in numbers:
        name = f"{MODEL}-{number}"
        mine = keep(desk, run.model_copy(update={"model": name}), action="run.fit",
                    keys={"model": name, "snapshot": run.snapshot})  # fmt: skip
        keys = {"model": name, "run": mine}
        reported = told.model_copy(
            update={"model": told.model.model_copy(update={"run": mine, "name": name})}
        )
        report = keep(desk, reported, action="validate.model", keys=keys)
        keep(desk, steady().model_copy(update={"seed": number}), action="explain.stability",
             keys=keys)  # fmt: skip
        put_into(desk, mine, "trained", model=name)
        keep(desk, plan.model_copy(update={"model": name}), action="document.propose",
             keys={"model": name, "spec": "release"})  # fmt: skip
        asked = decision(mine, report=report, card=example.card)
        keep(desk, asked.model_copy(update={"model": name}), action="gate.decide",
             keys={**keys, "to": "validated"})  # fmt: skip


def counted(visitor):
    """Return how many statements each page over all models runs, when it is opened again."""
    found = {}
    for path in OVER_ALL:
        assert visitor.get(path).status_code == 200
        with statements() as asked:
            assert visitor.get(path).status_code == 200
        found[path] = len(asked)
    return found


def test_no_page_over_all_models_asks_more_of_the_store_because_there_are_more(enter, example):
    clara = enter("clara")
    with example.desk("dana") as desk:
        add_models(desk, example, range(2))
    few = counted(clara)
    with example.desk("dana") as desk:
        add_models(desk, example, range(2, 12))
    more = counted(clara)
    # What a search shows is read once more, and it shows fifty things at most.
    assert more.pop("/search?q=readmission") <= few.pop("/search?q=readmission") + MOST_FOUND
    assert more == few
    assert len(html.fromstring(clara.get("/validation").content).xpath("//tbody/tr")) == 13
    assert max(few.values()) < 200
