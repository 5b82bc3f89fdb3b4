"""A hospital's PostgreSQL: really read-only, of one instant, and honest when it goes away."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from sqlalchemy import create_engine, func, select, text

from attending.cli.app import app
from attending.cli.door import through
from attending.errors import BadInput, DependencyDown
from attending.lifecycle.pulling import pull
from attending.stores import source_database
from attending.stores.source_database import open_source

if TYPE_CHECKING:
    from pathlib import Path

    from tests.postgres import Server

pytestmark = pytest.mark.postgres

LABS = "SELECT id, who, value, stored FROM labs"


@dataclass(frozen=True)
class Hospital:
    """A database with ten results and a folder to work in."""

    server: Server
    name: str
    folder: Path

    @property
    def address(self) -> str:
        return self.server.address(self.name)

    def change(self, statement: str) -> None:
        self.server.run(statement, database=self.name)

    def count(self, table: str = "labs") -> int:
        engine = create_engine(self.address)
        with engine.connect() as connection:
            asked = select(func.count()).select_from(text(table))
            found = int(connection.execute(asked).scalar_one())
        engine.dispose()
        return found

    def end_connections(self) -> None:
        self.change(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

    def asks(self, *queries: str, overlap: str = "") -> None:
        lines = ["tables:"]
        for number, query in enumerate(queries):
            file = "labs" if number == 0 else f"labs{number}"
            lines += [f"  - file: {file}", f"    query: {json.dumps(query)}"]
            lines += ["    watermark: stored", *([f"    overlap: {overlap}"] if overlap else [])]
        (self.folder / "database.yaml").write_text("\n".join(lines) + "\n")

    def located(self, address: str) -> Path:
        path = self.folder / "address"
        path.write_text(address)
        path.chmod(0o600)
        return path

    def pulled(self, into: str, after: str | None = None, each=None):
        return pull(
            self.folder / "database.yaml",
            address_file=self.located(self.address),
            into=self.folder / into,
            after=self.folder / after if after else None,
            each=each,
        )

    def ids(self, into: str, file: str = "labs"):
        return pq.read_table(self.folder / into / f"{file}.parquet")["id"].to_pylist()


@pytest.fixture
def hospital(postgres_server, postgres_database, tmp_path) -> Hospital:
    found = Hospital(postgres_server, postgres_database, tmp_path)
    found.change("CREATE TABLE labs (id int, who text, value float, stored timestamp)")
    found.change(
        "INSERT INTO labs SELECT n, 'p' || n % 3, n / 2.0, "
        "timestamp '2026-01-05 10:00' + n * interval '1 min' FROM generate_series(0, 9) AS n"
    )
    found.asks(LABS)
    return found


def test_a_second_pull_goes_on_from_the_watermark_and_reads_its_instant_again(hospital):
    (first,) = hospital.pulled("one")
    assert (first.rows, first.kind, first.watermark) == (10, "instant", "2026-01-05T10:09:00")
    hospital.change("INSERT INTO labs VALUES (10, 'p1', 1, '2026-01-05 10:09:00')")
    hospital.change("INSERT INTO labs VALUES (11, 'p1', 1, '2026-01-05 11:00:00')")
    (second,) = hospital.pulled("two", after="one")
    assert sorted(hospital.ids("two")) == ["10", "11", "9"]
    assert second.watermark == "2026-01-05T11:00:00"


def test_an_overlap_finds_the_row_that_came_late(hospital):
    hospital.pulled("one")
    hospital.change("INSERT INTO labs VALUES (12, 'p1', 1, '2026-01-05 10:07:30')")
    hospital.pulled("blind", after="one")
    assert hospital.ids("blind") == ["9"]  # the control: without an overlap it is missed
    hospital.asks(LABS, overlap="2min")
    hospital.pulled("two", after="one")
    assert sorted(hospital.ids("two")) == ["12", "7", "8", "9"]


def test_an_instant_with_a_zone_is_a_watermark_too(hospital):
    hospital.change("ALTER TABLE labs ALTER stored TYPE timestamptz")
    (first,) = hospital.pulled("one")
    assert first.kind == "instant"
    (second,) = hospital.pulled("two", after="one")
    assert (second.rows, second.watermark) == (1, first.watermark)


def test_all_queries_of_a_pull_see_one_instant(hospital):
    came = "INSERT INTO labs VALUES (10, 'p1', 1, '2026-01-05 10:30:00')"
    hospital.asks(LABS, LABS)
    first, second = hospital.pulled("one", each=lambda: hospital.change(came))
    assert first.rows == second.rows == 10
    assert hospital.count() == 12  # a row came after each query, and none of them is in the pull
    assert "10" not in hospital.ids("one", "labs1")


@pytest.mark.parametrize(
    "query",
    [
        "WITH gone AS (DELETE FROM labs RETURNING *) SELECT * FROM gone",
        "SELECT *, emptied() FROM labs",
        "SELECT *, nextval('numbers') FROM labs",
        "SELECT *, set_config('transaction_read_only', 'off', false) FROM labs",
    ],
)
def test_a_query_that_writes_is_refused_and_writes_nothing(hospital, query):
    hospital.change("CREATE SEQUENCE numbers")
    hospital.change(
        "CREATE FUNCTION emptied() RETURNS int LANGUAGE sql AS 'DELETE FROM labs RETURNING 1'"
    )
    hospital.asks(query)
    with pytest.raises(BadInput, match="refuses the query") as refused:
        hospital.pulled("one")
    assert refused.value.code == "source.query"
    assert hospital.count() == 10
    assert hospital.count("numbers WHERE is_called") == 0
    assert not (hospital.folder / "one").exists()


def test_what_an_old_server_lets_pass_is_taken_back(hospital):
    """PostgreSQL before 16 makes a large object in a read-only transaction."""
    hospital.asks("SELECT *, lo_create(0) AS made FROM labs")
    with contextlib.suppress(BadInput):
        hospital.pulled("one")
    assert hospital.count("pg_largeobject_metadata") == 0


def test_the_same_statement_writes_where_nothing_forbids_it(hospital):
    """The control of the tests before: the transaction refuses it, not the user's rights."""
    with pytest.raises(BadInput, match="ReadOnly"), open_source(hospital.address) as source:
        source._connection.execute(text("DELETE FROM labs"))
    assert hospital.count() == 10
    hospital.change("DELETE FROM labs")
    assert hospital.count() == 0


def asked(hospital, address, *more):
    words = ["source", "pull", str(hospital.folder / "database.yaml"), "--address-file"]
    words += [str(hospital.located(address)), "--into", str(hospital.folder / "one"), *more]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = through(lambda: app(words, standalone_mode=False), argv=words)
    return code, out.getvalue() + err.getvalue()


def test_the_right_password_is_let_in_and_a_wrong_one_is_never_repeated(hospital):
    canary = "hunter2-canary"
    wrong = hospital.server.address(hospital.name, password=canary)
    for more in ((), ("--json",)):
        code, said = asked(hospital, wrong, *more)
        assert (code, "source.down" in said) == (5, True), said
        assert not any(word in said for word in (canary, "Traceback", hospital.name, "127.0.0"))
        assert not (hospital.folder / "one").exists()
    assert asked(hospital, hospital.address)[0] == 0


def test_a_server_that_is_not_there_is_a_typed_refusal(hospital):
    code, said = asked(hospital, hospital.server.address(hospital.name, port=1))
    assert (code, "source.down" in said) == (5, True), said


def test_a_server_that_goes_away_in_the_middle_leaves_nothing(hospital):
    hospital.asks(LABS, LABS)
    with pytest.raises(DependencyDown, match="cannot be reached") as refused:
        hospital.pulled("one", each=hospital.end_connections)
    assert refused.value.code == "source.down"
    assert hospital.name not in str(refused.value)
    assert not (hospital.folder / "one").exists()
    assert not list(hospital.folder.glob(".pull-*"))
    hospital.pulled("one")
    assert len(hospital.ids("one", "labs1")) == 10


def test_a_server_that_goes_away_between_two_blocks_of_rows_leaves_nothing(hospital, monkeypatch):
    monkeypatch.setattr(source_database, "ROWS_AT_ONCE", 3)
    with (
        pytest.raises(DependencyDown, match="cannot be reached"),
        open_source(hospital.address) as source,
    ):
        rows = source.rows(LABS, watermark="stored")
        assert next(rows).num_rows == 0  # the columns alone
        assert next(rows).num_rows == 3
        hospital.end_connections()
        list(rows)
