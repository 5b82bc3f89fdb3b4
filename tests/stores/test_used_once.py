"""What counts once counts once for all processes, and is forgotten when it ended."""

from __future__ import annotations

import threading

import pytest

from attending.errors import DependencyDown
from attending.stores.home import Home
from attending.stores.used_once import UsedOnce
from tests.stores.homes import AT

pytestmark = pytest.mark.usefixtures("store_kind")


@pytest.fixture
def root(tmp_path):
    Home.create(tmp_path / "home", at=AT, seed=7).close()
    return tmp_path / "home"


def opened(root):
    home = Home.open(root)
    return home, home.used_once


def test_of_many_that_come_at_once_one_is_the_first(root):
    homes = [opened(root) for _ in range(4)]
    found: list[bool] = []

    def use(once):
        found.append(once.first("ehr.token", "a", ends=1_300, now=1_000))

    threads = [threading.Thread(target=use, args=(once,)) for _, once in homes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for home, _ in homes:
        home.close()
    assert sorted(found) == [False, False, False, True]


def test_a_restart_forgets_nothing_and_the_end_forgets_all(root):
    home, once = opened(root)
    assert once.first("ehr.token", "a", ends=1_300, now=1_000)
    home.close()
    home, once = opened(root)
    assert not once.first("ehr.token", "a", ends=1_300, now=1_300)
    assert once.first("another", "a", ends=1_300, now=1_300)
    assert once.first("ehr.token", "a", ends=1_700, now=1_301)
    assert home.ledger.verify().ok
    assert home.check_rows() == ()
    home.close()


def test_as_many_as_may_wait_and_the_next_is_refused_not_believed(root):
    home, _ = opened(root)
    once = UsedOnce(home.database, most=3)
    assert all(once.first("t", str(name), ends=1_300, now=1_000) for name in range(3))
    with pytest.raises(DependencyDown) as full:
        once.first("t", "3", ends=1_300, now=1_000)
    assert full.value.code == "once.full"
    assert once.first("t", "3", ends=1_700, now=1_301)  # the others ended
    home.close()
