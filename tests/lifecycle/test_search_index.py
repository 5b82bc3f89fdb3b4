"""The index of the search grows with the ledger, and is made anew where it must be."""

from __future__ import annotations

import pytest

from attending.errors import IntegrityBroken
from attending.lifecycle.desk import keep
from attending.lifecycle.papers import keep_page
from attending.lifecycle.search_index import index_of
from attending.lifecycle.searching import search
from attending.records.erasure import Erasure
from tests.lifecycle.desks import AT, papers


@pytest.fixture
def made(tmp_path):
    found = papers(tmp_path / "home")
    yield found
    found.desk.home.close()


def erased(desk):
    """Say that rows of patients were erased."""
    record = Erasure(
        why="retention", reason="Kept for as long as was agreed.", by="petra",
        role="privacy_officer", erased_at=AT, before=AT, tables={}, rows="0" * 64,
    )  # fmt: skip
    return keep(desk, record, action="patients.erase")


def test_it_finds_what_a_search_of_everything_finds_and_takes_up_what_came_since(made):
    desk = made.desk
    words = ("cardiac", "AUROC", "myocarditis", "telephone", "replaced", "zephyranthes")
    index = index_of(desk)
    for word in words:
        assert index.search(word, limit=50) == search(desk, word, limit=50)
    assert index.search("zephyranthes") == ()
    page = keep_page(desk, b"<p>Zephyranthes</p>", of=made.report, title="Note")
    assert index_of(desk) is index  # nothing was read twice
    assert [one.digest for one in index.search("zephyranthes")] == [page]
    keep_page(desk, b"<p>Zephyranthes</p>", of=made.run, title="Note")
    assert len(index_of(desk).search("zephyranthes")) == 1


def test_after_an_erasure_nothing_of_the_index_before_it_is_left(made):
    index = index_of(made.desk)
    erased(made.desk)
    new = index_of(made.desk)
    assert new is not index
    assert new.search("cardiac") == index.search("cardiac") != ()
    assert index_of(made.desk) is new


def test_what_cannot_be_read_is_refused_every_time_and_leaves_nothing_half_taken_up(made):
    desk = made.desk
    before = index_of(desk).search("cardiac")
    page = keep_page(desk, b"<p>Zephyranthes</p>", of=made.report, title="Note")
    place = desk.home.artifacts.path(page)
    place.chmod(0o600)
    place.write_bytes(b"<p>Another flower</p>")
    for _ in range(2):
        with pytest.raises(IntegrityBroken) as refusal:
            index_of(desk)
        assert refusal.value.code == "artifact.changed"
    place.write_bytes(b"<p>Zephyranthes</p>")
    index = index_of(desk)
    assert index.search("cardiac") == before
    assert len(index.search("zephyranthes")) == 1
