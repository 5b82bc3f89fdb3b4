"""P02: writers are killed at random; what they acknowledged is there once, and all is sound."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from tests.soak.kills import NAMES, Round, Tally, forker, home_maker, soak

SQLITE_KILLS, POSTGRESQL_KILLS = 25, 8


def harmed(make, way, *, die_at=2):
    """Return what is found once a writer of some way died at its worst moment and came again."""
    tally = Tally()
    with forker() as forks:
        this = Round(make(), forks, tally)
        this.start(NAMES[0], way=way, die_at=die_at)
        assert forks.ask(wait=this.living.pop(NAMES[0])) == -9
        this.check()
        this.start(NAMES[0], way=way, die_at=die_at + 2)
        assert forks.ask(wait=this.living.pop(NAMES[0])) == -9
        this.check()
        this.close()
    return tally


@pytest.mark.fault("P02")
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_p02_killed_writers_lose_nothing_that_was_acknowledged_and_double_nothing(
    kind, tmp_path, request
):
    server = request.getfixturevalue("postgres_server") if kind == "postgresql" else None
    with ExitStack() as stack:
        make = home_maker(tmp_path, server=server, stack=stack)
        # Control: a client that acknowledges before the commit loses, one that does not ask by
        # its key doubles, and the harness sees both.
        assert harmed(make, "early").lost
        assert harmed(make, "unkeyed").doubled
        # Guard, at the same moment: committed and not acknowledged, and found by its key.
        worst = harmed(make, "guarded")
        assert worst.sound
        assert worst.acknowledged == 4
        assert worst.resolved == 1
        # Guard, at random moments; on PostgreSQL the server's own processes are ended too.
        kills = POSTGRESQL_KILLS if server else SQLITE_KILLS
        tally = soak(make, kills=kills, seed=2, server=server)
        assert tally.sound, tally
        assert tally.kills == kills
        assert tally.checks > kills
        assert tally.acknowledged > kills
        assert bool(tally.server_kills) == bool(server)
