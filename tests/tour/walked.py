"""What each person of the tour reaches, walked once for all workers on a copy of their own."""

from __future__ import annotations

import base64
import shutil
from dataclasses import dataclass

from attending.web.front_desk import FrontDesk
from tests.once import copied
from tests.tour.walking import walk
from tests.web.visitor import visitor_of


@dataclass(frozen=True)
class Answer:
    """An answer to a walker, as it came."""

    status_code: int
    headers: dict[str, str]
    content: bytes


def walked(tour, folder):
    """Return what each person reaches in the tour as it was built, by login and path.

    Args:
        tour: as it was built; a copy of it is walked, for looks leave entries.
        folder: one that is empty, for the copy.
    """
    told = copied("tour-walked", folder / "walked", lambda _: _walk_all(tour, folder / "hospital"))
    return {
        person: {path: _read(answer) for path, answer in seen.items()}
        for person, seen in told.items()
    }


def _walk_all(tour, home):
    shutil.copytree(tour.home, home)
    house = FrontDesk.open(home, clock=lambda: tour.at)
    found = {}
    for person, secret in tour.secrets.items():
        visitor = visitor_of(house)
        assert visitor.sign_in(person, secret).status_code == 303
        found[person] = {path: _written(answer) for path, answer in walk(visitor).items()}
    shutil.rmtree(home)
    return found


def _written(answer):
    content = base64.b64encode(answer.content).decode("ascii")
    return [answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, content]


def _read(written):
    status, headers, content = written
    return Answer(status, headers, base64.b64decode(content))
