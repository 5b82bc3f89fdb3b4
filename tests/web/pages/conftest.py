"""One home for the pages of the ward round, made once for all workers; each test has its copy."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import html

from attending.lifecycle.desk import open_desk
from attending.web.front_desk import FrontDesk
from tests.web.pages.round_home import make_round
from tests.web.visitor import Visitor, visitor_of


@dataclass(frozen=True)
class Round:
    """A home and its persons; the clock stands still."""

    root: Path
    incident: str
    secrets: dict[str, str]
    at: datetime

    def house(self) -> FrontDesk:
        """Return the house of this home."""
        return FrontDesk.open(self.root, clock=lambda: self.at)

    def enter(self, person: str) -> Visitor:
        """Return a visitor who is signed in."""
        visitor: Visitor = visitor_of(self.house())
        assert visitor.sign_in(person, self.secrets[person]).status_code == 303
        return visitor

    def desk(self, actor: str = "system"):
        """Give the open home."""
        return open_desk(self.root, at=self.at, actor=actor)

    def last(self, action: str):
        """Return the newest ledger entry of an action."""
        with self.desk() as desk:
            return desk.home.ledger.search(action=action, limit=1)[0]


@pytest.fixture(scope="session")
def made_round(tmp_path_factory: pytest.TempPathFactory) -> Round:
    """The home, made by the first worker that asks."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    told = shared / "round.json"
    with (shared / "round.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not told.is_file():
            (shared / "round").mkdir()
            made = make_round(shared / "round")
            kept = {**vars(made), "root": str(made.root), "at": made.at.isoformat()}
            told.write_text(json.dumps(kept))
    said: dict[str, Any] = json.loads(told.read_text())
    at = datetime.fromisoformat(said["at"])
    return Round(Path(said["root"]), said["incident"], said["secrets"], at)


@pytest.fixture
def ward(made_round: Round, tmp_path: Path) -> Round:
    """A copy of the home, to be changed."""
    root = Path(shutil.copytree(made_round.root, tmp_path / "home"))
    return replace(made_round, root=root)


def words(answer: Any) -> str:
    """Return all that a reader sees of a page, in one line."""
    return " ".join(html.fromstring(answer.content).text_content().split())


def send(visitor: Visitor, path: str, to: str = "", **said: str) -> Any:
    """Send the form of a page with what is written into it."""
    page = visitor.get(path)
    assert page.status_code == 200, page.text
    token = re.search(r'name="token" value="([0-9a-f]{64})"', page.text)
    assert token is not None
    return visitor.post(to or path.partition("?")[0], data={**said, "token": token[1]})
