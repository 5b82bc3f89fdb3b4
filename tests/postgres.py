"""A PostgreSQL server for tests: one that is named, or one of the system's own binaries.

Every worker of pytest has a server of its own, in a folder of its own, and every test a database
made from one template. The server is asked for by a test and stopped with the worker.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, make_url, text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import URL

NAMED = "ATTENDING_TEST_POSTGRES_URL"
TEMPLATE = "attending_template"
_USER = "postgres"


class NoPostgres(Exception):
    """There is no server here, and why."""


class Server:
    """A running server, by the address of its maintenance database."""

    def __init__(self, address: str, *, ours: bool) -> None:
        self._address = make_url(address)
        self._made = 0
        self._ours = ours

    def address(self, name: str | None = None, **changed: str | int) -> str:
        """Return the address of a database, with its password."""
        url: URL = self._address.set(**changed)
        named = url if name is None else url.set(database=name)
        return named.render_as_string(hide_password=False)

    def run(self, statement: str, *, database: str | None = None) -> None:
        """Run a statement outside any transaction, as whoever owns the server."""
        engine = create_engine(self.address(database), isolation_level="AUTOCOMMIT")
        try:
            with engine.connect() as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()

    def clients(self) -> list[int]:
        """Return the process ids of the server's processes that serve a client, ours left out."""
        engine = create_engine(self.address())
        asked = "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
        try:
            with engine.connect() as connection:
                found = connection.execute(text(f"{asked} AND backend_type = 'client backend'"))
                return sorted(int(row.pid) for row in found)
        finally:
            engine.dispose()

    def kill(self, pid: int, *, by_force: bool = False) -> None:
        """End one of the server's processes.

        By force, where the server is ours, with SIGKILL: the server then ends all its others and
        recovers from its log, for which it first syncs every file that it has. That can take a
        minute on a busy disk, so tests end processes politely, as an administrator does.
        """
        if by_force and self._ours:
            with suppress(ProcessLookupError):  # it may have ended meanwhile, with its client
                os.kill(pid, signal.SIGKILL)
        else:
            self.run(f"SELECT pg_terminate_backend({pid})")

    @contextmanager
    def database(self) -> Iterator[str]:
        """Give the name of a fresh database, which is gone afterwards.

        On a server of our own it goes with the server: dropping one waits for the disk.
        """
        self._made += 1
        name = f"test_{os.getpid()}_{secrets.token_hex(4)}_{self._made}"
        self.run(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE}')
        try:
            yield name
        finally:
            if not self._ours:
                self.run(f'DROP DATABASE "{name}" WITH (FORCE)')


@contextmanager
def server() -> Iterator[Server]:
    """Give the server that is named, else one that is started here and stopped afterwards.

    Raises:
        NoPostgres: no address is named and the system has no binaries.
    """
    named = os.environ.get(NAMED)
    if named:
        yield _with_template(named, ours=False)
        return
    with _started(_binaries()) as address:
        yield _with_template(address, ours=True)


def _with_template(address: str, *, ours: bool) -> Server:
    found = Server(address, ours=ours)
    engine = create_engine(found.address())
    with engine.connect() as connection:
        asked = text("SELECT 1 FROM pg_database WHERE datname = :name")
        there = connection.execute(asked, {"name": TEMPLATE}).first()
    engine.dispose()
    if there is None:
        found.run(f"CREATE DATABASE {TEMPLATE} TEMPLATE template0 ENCODING 'UTF8'")
    return found


def _binaries() -> Path:
    """Return the folder of `initdb` and `pg_ctl`: on the PATH, else the newest of Debian's."""
    on_path = shutil.which("initdb")
    places = [Path(on_path).resolve().parent] if on_path else []
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    places += sorted(debian, key=lambda folder: folder.parent.name.zfill(4), reverse=True)
    for folder in places:
        if all((folder / name).is_file() for name in ("initdb", "pg_ctl", "postgres")):
            return folder
    raise NoPostgres(f"no PostgreSQL here; set {NAMED}, or install Debian's postgresql")


@contextmanager
def _started(binaries: Path) -> Iterator[str]:
    folder = Path(tempfile.mkdtemp(prefix="attending-postgres-"))
    password = secrets.token_urlsafe(16)
    try:
        _make(binaries, folder, password=password)
        port = _start(binaries, folder)
        try:
            yield f"postgresql+psycopg://{_USER}:{password}@127.0.0.1:{port}/{_USER}"
        finally:
            _call([str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-m", "fast", "stop"])
    finally:
        shutil.rmtree(folder)


def _make(binaries: Path, folder: Path, *, password: str) -> None:
    secret = folder / "password"
    secret.write_text(password)
    if os.geteuid() == 0:  # the server refuses to run as root
        owner = _owner()
        for path in (folder, secret):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    asked = [str(binaries / "initdb"), "-D", str(folder / "data"), "-U", _USER, "-E", "UTF8"]
    _call([*asked, "--no-sync", "--auth=scram-sha-256", f"--pwfile={secret}", "--locale=C"])
    secret.unlink()


def _start(binaries: Path, folder: Path) -> int:
    """Start the server on a free port of this machine alone, and return the port."""
    for left in (2, 1, 0):
        port = _free_port()
        options = f"-c listen_addresses=127.0.0.1 -p {port} -k {folder}"
        log = ["-l", str(folder / "log"), "-o", options]
        command = [str(binaries / "pg_ctl"), "-D", str(folder / "data"), "-w", *log, "start"]
        try:
            _call(command)
        except subprocess.CalledProcessError:
            if not left:  # somebody may have taken the port, but not three times
                raise
            continue
        return port
    raise AssertionError("unreachable")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _owner() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(_USER)
    except KeyError:
        raise NoPostgres("root cannot run a server, and there is no user postgres") from None


def _call(command: Sequence[str]) -> None:
    before = ["runuser", "-u", _USER, "--"] if os.geteuid() == 0 else []
    subprocess.run([*before, *command], check=True, capture_output=True, cwd="/")
