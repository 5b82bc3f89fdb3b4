"""Whoever acts by `--by` is somebody here, and no act of a real home is of the future."""

from __future__ import annotations

from datetime import timedelta

import pytest

from attending.cli.desks import open_desk, open_or_create
from attending.cli.face import clock
from attending.errors import BadInput
from attending.lifecycle import people
from attending.lifecycle.desk import create_home

HOUR = timedelta(hours=1)


def refusal(act):
    with pytest.raises(BadInput) as refused:
        act()
    return refused.value


def opened(root, **said):
    with open_desk(root, **{"at": clock(None), **said}) as desk:
        return desk.actor


@pytest.fixture
def home(tmp_path):
    """A real home, begun an hour ago, without a person."""
    root = tmp_path / "home"
    create_home(root, at=clock(None) - HOUR).home.close()
    return root


def test_nobody_acts_by_a_name_that_no_person_of_the_home_has(home):
    assert opened(home, by="nobody") == "nobody"  # control: there is nobody to be mistaken for
    with open_desk(home, at=clock(None)) as desk:
        people.add_person(
            desk, "dana", printed_name="Dana", roles=["data_scientist"],
            passphrase="a sentence to remember",  # noqa: S106 - of nobody
        )  # fmt: skip
    for by in ("dana", "system"):
        assert opened(home, by=by) == by
    refused = refusal(lambda: opened(home, by="dan"))
    assert (refused.code, refused.message) == ("actor.unknown", "no person 'dan' here")
    assert "'dana'" in refused.hint
    assert refusal(lambda: _created(home, by="nobody")).code == "actor.unknown"
    assert opened(home, actor="nobody") == "nobody"  # a signed act asks for the passphrase itself


def _created(root, **said):
    with open_or_create(root, **{"at": clock(None), **said}) as desk:
        return desk.home.synthetic


def test_a_mistyped_year_does_not_stop_a_real_home_for_good(home, tmp_path):
    later = clock(None) + timedelta(days=400)
    assert refusal(lambda: opened(home, at=later)).code == "at.future"
    assert refusal(lambda: _created(home, at=later)).code == "at.future"
    fresh = tmp_path / "fresh"
    assert refusal(lambda: _created(fresh, at=later)).code == "at.future"
    assert not fresh.exists()
    assert not _created(fresh)  # and is begun by the right clock
    assert opened(home) == "system"
    assert opened(home, at=clock(None) + timedelta(minutes=1)) == "system"  # clocks differ a little


def test_the_clock_of_a_simulated_home_is_what_it_is_told(tmp_path):
    root = tmp_path / "home"
    create_home(root, at=clock(None), seed=7).home.close()
    assert opened(root, at=clock(None) + timedelta(days=400)) == "system"
