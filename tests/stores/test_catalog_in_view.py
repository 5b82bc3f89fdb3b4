"""A view of a home answers as the home does, on both databases, with fewer questions."""

from __future__ import annotations

import pytest
from sqlalchemy import event, select, text
from sqlalchemy.engine import Engine

from attending.errors import IntegrityBroken, NotFound
from attending.lifecycle.desk import keep
from attending.records.governance import Approval
from attending.records.run import Run
from attending.records.validation import ValidationReport
from attending.stores import catalog_in_view
from attending.stores.home_in_view import HomeInView
from attending.stores.tables import RECORD_KEYS, RECORDS
from tests.lifecycle.desks import MODEL, papers


@pytest.fixture
def made(tmp_path, store_kind):
    found = papers(tmp_path / "home")
    assert found.desk.home.database.kind == store_kind
    # One record is made again: it is the newest of its kind then, and has two makers.
    keep(found.desk, found.desk.home.catalog.get(found.run, Run), action="run.fit",
         keys={"model": MODEL})  # fmt: skip
    yield found
    found.desk.home.close()


def every(home):
    """Return all that a catalog and a history say, whoever is asked."""
    catalog, rows = home.catalog, home.database.rows
    digests = [row.digest for row in rows(select(RECORDS.c.digest).order_by(RECORDS.c.digest))]
    kinds = sorted({row.kind for row in rows(select(RECORDS.c.kind))})
    pairs = sorted({(row.key, row.value) for row in rows(select(RECORD_KEYS))})
    models = home.deployments.models()
    return {
        "lists": [catalog.list(kind) for kind in kinds],
        "carrying": [catalog.list(kind, **{k: v}) for kind in kinds for k, v in pairs],
        "both": catalog.list(Run.kind, model=MODEL, snapshot="none"),
        "reports": catalog.all(ValidationReport, model=MODEL),
        "latest": [catalog.latest(Run), catalog.latest(Run, model=MODEL), catalog.latest(Approval)],
        "newest": catalog.newest(Run, "model"),
        "lines": [catalog.line(one) for one in digests],
        "contents": [catalog.content(one) for one in digests],
        "makers": [catalog.makers(one) for one in digests],
        "keys": [catalog.keys(one) for one in digests],
        "found": [catalog.find(one[:10]) for one in digests],
        "nobody": (catalog.makers("0" * 64), catalog.keys("0" * 64)),
        "models": models,
        "current": [home.deployments.current(one) for one in (*models, "none")],
        "history": [home.deployments.history(one) for one in models],
        "versions": [home.deployments.current(one, version="v1") for one in models],
        "ledger": (home.ledger.size, home.ledger.head, home.ledger.search(action="approval.")),
        "keys of the home": home.public_keys(),
    }


@pytest.mark.parametrize("at_once", [True, False])
def test_a_view_says_all_that_the_home_says(made, monkeypatch, at_once):
    if not at_once:
        monkeypatch.setattr(catalog_in_view, "MOST_BYTES", 0)
    home = made.desk.home
    said = every(home)
    assert len(said["makers"]) > 10
    assert said["latest"][0].digest == made.run  # made again, and so the newest
    assert {"dana", made.desk.actor} in [set(one) for one in said["makers"]]
    assert every(HomeInView.of(home)) == said


def test_a_view_asks_about_each_kind_once_and_a_new_view_sees_what_came_since(made):
    home = made.desk.home
    view, asked = HomeInView.of(home), []

    def note(_connection, _cursor, statement, *_):
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    for _ in range(20):
        assert view.catalog.all(ValidationReport, model=MODEL)
        assert view.catalog.latest(Run, model="none") is None
    event.remove(Engine, "before_cursor_execute", note)
    assert sum("FROM records" in one for one in asked) <= 5
    other = view.catalog.get(made.run, Run).model_copy(update={"model": "new"})
    digest = keep(made.desk, other, action="run.fit", keys={"model": "new"})
    assert HomeInView.of(home).catalog.latest(Run, model="new").digest == digest
    with pytest.raises(NotFound):
        HomeInView.of(home).catalog.content("0" * 64)


def test_a_view_gives_out_no_byte_that_is_not_of_its_name(made):
    home = made.desk.home
    assert HomeInView.of(home).catalog.get(made.report, ValidationReport).digest == made.report
    with home.database.forgetful() as connection:
        wrong = text("UPDATE records SET content = :it WHERE digest = :digest")
        connection.execute(wrong, {"it": b"{}", "digest": made.report})
    catalog = HomeInView.of(home).catalog
    assert catalog.latest(Run)  # the others are whole
    for ask in (
        lambda: catalog.get(made.report, ValidationReport),
        lambda: catalog.content(made.report),
        lambda: catalog.newest(ValidationReport, "model"),
        lambda: catalog.latest(ValidationReport, model=MODEL),
    ):
        with pytest.raises(IntegrityBroken) as refusal:
            ask()
        assert refusal.value.code == "record.changed"
