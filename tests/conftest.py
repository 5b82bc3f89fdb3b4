"""What all tests share: where the real data are, and what must be present on this machine."""

from __future__ import annotations

import os
import shutil
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

import attending  # noqa: F401 - before any test imports numpy: it chooses the kernel
from tests import once, postgres
from tests.longest import LONGEST

if TYPE_CHECKING:
    from collections.abc import Iterator

# Machines are noisy: a law is about what holds, never about how long one example took.
settings.register_profile("house", deadline=None)
settings.load_profile("house")

_REQUIRED = set(filter(None, os.environ.get("ATTENDING_REQUIRE", "").split(",")))
_DATA = Path(os.environ.get("ATTENDING_TEST_DATA", "../shared/data"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the files that take longest first; `make test` hands them out in this order."""
    place = {Path(__file__).parents[1] / name: at for at, name in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(item.path, len(place)))


def absent(what: str, reason: str) -> None:
    """Skip with the reason, or fail when this machine was told to have it."""
    if what in _REQUIRED:
        pytest.fail(f"{reason}; ATTENDING_REQUIRE asks for it")
    pytest.skip(reason)


@pytest.fixture(scope="session", autouse=True)
def shared_by_workers(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let what is made once be made once for all workers of this run."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made-once"
    folder.mkdir(exist_ok=True)
    once.share(folder)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real data sets; a test that needs it skips where it is absent."""
    if not _DATA.is_dir():
        absent("data", "no real data here; set ATTENDING_TEST_DATA to their folder")
    return _DATA.resolve()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the browser; a test that needs it skips where it is absent."""
    path = Path("/usr/bin/chromium")
    if not path.exists():
        absent("browser", "no /usr/bin/chromium here; install Debian's chromium")
    return str(path)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    """A PostgreSQL server; a test that needs it skips where it is absent."""
    try:
        with postgres.server() as found:
            yield found
    except postgres.NoPostgres as error:
        absent("postgres", str(error))


@pytest.fixture
def postgres_database(postgres_server: postgres.Server) -> Iterator[str]:
    """The name of a fresh database on the server, gone after the test."""
    with postgres_server.database() as name:
        yield name


@pytest.fixture(scope="session")
def spark_master() -> str:
    """The one Spark cluster of this process: two workers here, four attempts at a task."""
    if not list(metadata.distributions(name="pyspark")):
        absent("spark", "no pyspark here; run `make spark`")
    if shutil.which("java") is None:
        absent("spark", "no java here; install openjdk-17-jre-headless")
    return "local[2,4]"
