"""A home: one installation's folder, with its keys apart from its database.

settings.yaml store.db artifacts/ snapshots/ catalogue/ policy/ keys/ (0700) witness/ mappings/
"""

from __future__ import annotations

import os
import secrets
import stat
from functools import cached_property
from typing import TYPE_CHECKING

from attending import keys
from attending.errors import BadInput, IntegrityBroken, NotFound
from attending.records.base import When  # noqa: TC001 - pydantic reads it at run time
from attending.records.ledger import Subject
from attending.specs.base import Spec
from attending.specs.read_yaml import read_spec
from attending.stores.artifacts import Artifacts
from attending.stores.chain import Act
from attending.stores.database import Database
from attending.stores.deployments import Deployments
from attending.stores.files import io_refused, write_once
from attending.stores.fsck import check_rows
from attending.stores.ledger import Ledger
from attending.stores.predictions import Predictions
from attending.stores.records import Catalog
from attending.stores.snapshots import Snapshots
from attending.stores.users import Users
from attending.times import format_instant

if TYPE_CHECKING:
    from pathlib import Path

    from attending.records.ledger import Checkpoint, Finding
    from attending.types import Instant

FOLDERS = ("artifacts", "snapshots", "catalogue", "policy", "keys", "witness", "mappings")
_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600


class Settings(Spec):
    """What `settings.yaml` says of a home, for ever.

    Attributes:
        synthetic: made by the demo: keys from a seed, a simulated clock, fictional persons.
        seed: the seed of a synthetic home.
    """

    home_id: str
    synthetic: bool
    seed: int | None
    created: When


class Home:
    """One installation, open."""

    def __init__(self, root: Path, settings: Settings, database: Database) -> None:
        self.root = root
        self.settings = settings
        self.database = database

    @classmethod
    def create(cls, root: Path, *, at: Instant, seed: int | None = None) -> Home:
        """Return a new home, its creation the first entry of its ledger.

        Args:
            root: a folder that is not there yet, or is empty.
            at: when.
            seed: for a simulated home: its keys come from it, and it is marked synthetic for ever.

        Raises:
            BadInput: the folder holds something already.
            DependencyDown: the file system refuses.
        """
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise BadInput("there is something here already", code="home.exists", where=str(root))
        seeded = None if seed is None else f"attending home {seed}".encode()
        home_id = (keys.derive(seeded, "home") if seeded else secrets.token_bytes(32)).hex()[:32]
        settings = Settings(home_id=home_id, synthetic=seed is not None, seed=seed, created=at)
        _lay_out(root, settings, seeded)
        marks = {"settings": settings.digest}
        database = Database.create(_address(root), ledger_id=home_id, marks=marks)
        with database.transaction() as unit:
            subject = Subject(kind="home", digest=home_id)
            act = Act(at=at, actor="system", action="home.create", subject=subject)
            unit.append(act, {"synthetic": settings.synthetic, "settings": settings.digest})
        return cls.open(root)

    @classmethod
    def open(cls, root: Path) -> Home:
        """Return an existing home.

        Raises:
            NotFound: there is no home here.
            BadInput: someone else can read a key, or a key is not one.
            IntegrityBroken: the settings are not those that the home was made with.
            DependencyDown: the store cannot be opened.
        """
        if not (root / "settings.yaml").is_file():
            raise NotFound(
                "there is no home here",
                code="home.missing",
                hint="Make one with `attending demo`, or name it with --home.",
                where=str(root),
            )
        check_keys(root / "keys")
        settings = read_spec(root / "settings.yaml", Settings)
        database = Database.open(_address(root))
        if database.marks.get("settings") != settings.digest:
            raise IntegrityBroken(
                "settings.yaml is not the one that this home was made with",
                code="home.settings",
                hint="Restore it; a synthetic home stays synthetic.",
                where=str(root / "settings.yaml"),
            )
        return cls(root, settings, database)

    @property
    def synthetic(self) -> bool:
        """Return whether everything here is made up, and must say so."""
        return self.settings.synthetic

    @cached_property
    def ledger(self) -> Ledger:
        """Return the ledger."""
        return Ledger(self.database, witness=self.root / "witness", trusted=self.public_keys())

    @cached_property
    def artifacts(self) -> Artifacts:
        """Return the artifacts."""
        return Artifacts(self.root / "artifacts")

    @cached_property
    def snapshots(self) -> Snapshots:
        """Return the snapshots."""
        return Snapshots(self.root / "snapshots")

    @cached_property
    def catalog(self) -> Catalog:
        """Return the catalog of records."""
        return Catalog(self.database)

    @cached_property
    def predictions(self) -> Predictions:
        """Return the predictions."""
        return Predictions(self.database)

    @cached_property
    def users(self) -> Users:
        """Return the persons and their logins."""
        return Users(self.database)

    @cached_property
    def deployments(self) -> Deployments:
        """Return the history of deployments."""
        return Deployments(self.catalog)

    def folder(self, name: str) -> Path:
        """Return one of the folders of the home.

        Raises:
            BadInput: the home has no such folder.
        """
        if name not in FOLDERS:
            raise BadInput(f"a home has no folder '{name}'", code="home.folder")
        return self.root / name

    def pseudonym_key(self) -> bytes:
        """Return the key of pseudonyms, read from its file.

        Raises:
            BadInput: someone else can read it, or it is not a key.
        """
        return _read_key(self.root / "keys" / "pseudonym.key")

    def sign(self, message: bytes) -> bytes:
        """Return the home's signature of a message.

        Raises:
            BadInput: someone else can read the key, or it is not a key.
        """
        return keys.sign(_read_key(self.root / "keys" / "signing.key"), message)

    def public_keys(self) -> tuple[bytes, ...]:
        """Return the public keys that may have signed checkpoints, the present one first.

        A former key is kept as `keys/former-*.pub` (32 bytes in hexadecimal).

        Raises:
            BadInput: someone else can read the key, or it is not a key.
        """
        present = keys.public_key(_read_key(self.root / "keys" / "signing.key"))
        former = sorted((self.root / "keys").glob("former-*.pub"))
        return (present, *(bytes.fromhex(path.read_text().strip()) for path in former))

    def make_checkpoint(self, *, at: Instant) -> Checkpoint:
        """Return a signed checkpoint over the ledger as it stands, kept in `witness/`.

        Raises:
            IntegrityBroken: the ledger contradicts the newest checkpoint.
            DependencyDown: the folder cannot be written.
        """
        return self.ledger.make_checkpoint(self.sign, public_key=self.public_keys()[0], at=at)

    def check_rows(self) -> tuple[Finding, ...]:
        """Return what is wrong with the rows of the store, by what the ledger says of them."""
        return check_rows(self.database)

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def _lay_out(root: Path, settings: Settings, seeded: bytes | None) -> None:
    with io_refused():
        root.mkdir(parents=True, exist_ok=True)
        root.chmod(_PRIVATE_FOLDER)
        for name in FOLDERS:
            (root / name).mkdir(mode=_PRIVATE_FOLDER)
            (root / name).chmod(_PRIVATE_FOLDER)
    for purpose in ("pseudonym", "signing"):
        key = keys.derive(seeded, purpose) if seeded else os.urandom(keys.KEY_BYTES)
        write_once(root / "keys" / f"{purpose}.key", f"{key.hex()}\n".encode(), mode=_PRIVATE_FILE)
    text = (
        f"home_id: {settings.home_id}\n"
        f"synthetic: {str(settings.synthetic).lower()}\n"
        f"seed: {'null' if settings.seed is None else settings.seed}\n"
        f"created: {format_instant(settings.created)}\n"
    )
    write_once(root / "settings.yaml", text.encode())


def _address(root: Path) -> str:
    """Return the database's address: what `keys/database.url` says, else `store.db`."""
    file = root / "keys" / "database.url"
    if file.is_file():
        return file.read_text(encoding="utf-8").strip()
    return f"sqlite:///{(root / 'store.db').resolve()}"


def check_keys(folder: Path) -> None:
    """Refuse a folder of keys that anyone but its owner can open.

    Raises:
        BadInput: the folder or a file in it has rights for others, is missing, or is a link.
    """
    for path in (folder, *sorted(folder.glob("*"))):
        if path.suffix != ".pub":
            _check_private(path)


def _check_private(path: Path) -> None:
    try:
        mode = path.lstat().st_mode
    except OSError:
        raise BadInput("a key is missing", code="home.key_missing", where=str(path)) from None
    if stat.S_ISLNK(mode) or mode & 0o077:
        raise BadInput(
            "others than its owner can reach a key",
            code="home.key_rights",
            hint="chmod 700 the folder and 600 the file; think about changing the key.",
            where=str(path),
        )


def _read_key(path: Path) -> bytes:
    _check_private(path)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (OSError, ValueError):
        key = b""
    if len(key) != keys.KEY_BYTES:
        raise BadInput(
            "this file is not a key",
            code="home.key",
            hint="A key is 64 hexadecimal characters.",
            where=str(path),
        )
    return key
