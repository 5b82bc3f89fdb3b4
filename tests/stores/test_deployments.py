"""One version answers at a site, whoever acts at the same moment."""

from __future__ import annotations

import threading

import pytest

from attending.digests import digest_bytes
from attending.errors import AttendingError, Refused
from attending.records.release import Deployment
from attending.stores import database as databases
from attending.stores.home import Home
from attending.stores.tables import ANSWERING
from attending.stores.unit import read_chain
from tests.stores.homes import AT, act

pytestmark = pytest.mark.usefixtures("store_kind")
MODEL = "readmission"


@pytest.fixture
def home(tmp_path):
    return Home.create(tmp_path / "home", at=AT, seed=7)


def place(version: str, stage: str = "live", **changed) -> Deployment:
    whole = {
        "model": MODEL,
        "version": version,
        "stage": stage,
        "run": digest_bytes(version.encode()),
        "act": "advance",
        "serves": "version",
        "effective_at": AT,
        "by": "ann",
    }
    return Deployment.model_validate({**whole, **changed})


def enter(home: Home, item: Deployment, *, seen: str | None, sites: tuple[str, ...] = ()) -> str:
    with home.database.transaction() as unit:
        home.deployments.require_unchanged(unit, MODEL, seen=seen)
        digest = home.deployments.enter(unit, item, sites=sites)
        unit.append(act("release.advance"))
    return digest


def test_each_site_has_the_version_that_was_put_there_last(home):
    first = enter(home, place("v1"), seen=None)
    assert home.deployments.answering(MODEL) == {"*": "v1"}
    second = enter(home, place("v2", "limited"), seen=first, sites=("North", "South"))
    assert home.deployments.answering(MODEL) == {"*": "v1", "North": "v2", "South": "v2"}
    fewer = place("v2", "limited", previous=second, reason="South waits")
    third = enter(home, fewer, seen=second, sites=("North",))
    assert home.deployments.answering(MODEL) == {"*": "v1", "North": "v2"}
    down = place("v2", "validated", act="rollback", serves="none", previous=third)
    enter(home, down, seen=third)
    assert home.deployments.answering(MODEL) == {"*": "v1"}
    assert home.check_rows() == ()


def test_who_acts_on_what_they_saw_before_another_acted_is_refused(home):
    first = enter(home, place("v1"), seen=None)
    enter(home, place("v2", "limited"), seen=first)
    with pytest.raises(Refused, match="v2 is limited now") as refusal:
        enter(home, place("v3", "limited"), seen=first)
    assert refusal.value.code == "release.conflict"
    assert home.deployments.answering(MODEL) == {"*": "v2"}


@pytest.mark.fault("P08")
def test_p08_of_twenty_who_put_another_version_there_at_once_exactly_one_does(home):
    first = enter(home, place("v1"), seen=None)
    done, refused = _at_once(home, seen=first)
    assert (len(done), set(refused)) == (1, {"release.conflict"})
    assert home.deployments.answering(MODEL) == {"*": done[0]}
    assert len(home.deployments.history(MODEL)) == 2
    assert home.ledger.verify().ok
    assert home.check_rows() == ()


@pytest.mark.fault("P08")
def test_p08_without_locks_and_looks_the_key_alone_still_lets_one_through(home, monkeypatch):
    """Guard off: nobody holds the ledger's end, and nobody asks what stands there."""
    monkeypatch.setattr(databases, "hold_chain", read_chain)
    monkeypatch.setattr(type(home.deployments), "require_unchanged", lambda *_, **__: None)
    first = enter(home, place("v1"), seen=None)
    done, refused = _at_once(home, seen=first, writers=8)
    rows = home.database.rows(ANSWERING.select().where(ANSWERING.c.model == MODEL))
    terms = [row.term for row in rows]
    assert sorted(terms) == list(range(1, len(terms) + 1))  # never two versions in one term
    assert len(terms) == len(done) + 1
    assert len(home.deployments.answering(MODEL)) == 1
    # Control: without the look, more than one act went through, one after the other; or without
    # the lock, some met the key.
    assert len(done) > 1 or "store.conflict" in refused


def _at_once(home: Home, *, seen: str, writers: int = 20) -> tuple[list[str], list[str]]:
    """Return who got a version there, and the codes of the others."""
    start, done, refused = threading.Barrier(writers), [], []

    def act_now(version: str) -> None:
        start.wait()
        try:
            enter(home, place(version), seen=seen)
            done.append(version)
        except AttendingError as error:
            refused.append(error.code)

    threads = [threading.Thread(target=act_now, args=(f"v{n + 2}",)) for n in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done, refused
