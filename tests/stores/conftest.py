"""The store's tests run on SQLite and, one after the other, on a real PostgreSQL."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest

from attending.stores.database import Database
from attending.stores.home import Home
from tests.stores.homes import write_address

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = ("sqlite", "postgresql")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test on both kinds, unless it is about the SQLite file itself."""
    if "store_kind" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("sqlite")
        metafunc.parametrize("store_kind", KINDS[:1] if only else KINDS, indirect=True)


@pytest.fixture
def store_kind(request, monkeypatch) -> Iterator[str]:
    """Where homes that the test makes keep their rows: in a file, or on a server."""
    if request.param == "sqlite":
        yield "sqlite"
        return
    server = request.getfixturevalue("postgres_server")
    opened: list[Database] = []
    create, opens = Home.create.__func__, Database.__init__  # type: ignore[attr-defined]

    def on_server(cls, root, *, at, seed=None, database_file=None):
        if database_file is None:
            name = stack.enter_context(server.database())
            database_file = write_address(root.with_name(f"{root.name}.url"), server.address(name))
        return create(cls, root, at=at, seed=seed, database_file=database_file)

    def kept(self, engine, meta):
        opens(self, engine, meta)
        opened.append(self)

    with ExitStack() as stack:
        monkeypatch.setattr(Home, "create", classmethod(on_server))
        monkeypatch.setattr(Database, "__init__", kept)
        yield "postgresql"
        for database in opened:
            database.close()
