"""One small snapshot, and every engine over whatever shards a test names."""

from __future__ import annotations

import pytest

from attending.engines.local import LocalEngine
from attending.engines.spark import SparkEngine
from tests.engines.tables import engine, event, events


@pytest.fixture(scope="session")
def table():
    """Eleven patients with 37 rows each."""
    return events(
        [
            event(subject, hour, f"LAB//{hour % 3}", float(hour))
            for subject in range(1, 12)
            for hour in range(37)
        ]
    )


@pytest.fixture(scope="session")
def local(table, tmp_path_factory):
    """The local engine over three shards of them."""
    return engine(tmp_path_factory.mktemp("shards"), table, shards=3)


@pytest.fixture(params=["local", "spark"])
def over(request):
    """Give an engine over shards: every test that takes this runs on each of them."""
    if request.param == "local":
        return LocalEngine
    master = request.getfixturevalue("spark_master")
    return lambda shards, **more: SparkEngine(shards, master, **more)
