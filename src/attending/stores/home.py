"""A home: one installation's folder, with its keys apart from its database.

settings.yaml store.db artifacts/ snapshots/ catalogue/ policy/ keys/ (0700) witness/ mappings/
"""

from __future__ import annotations

import json
import os
import secrets
from contextlib import closing
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from attending import keys
from attending.digests import digest_of
from attending.errors import BadInput, IntegrityBroken, NotFound
from attending.records.base import When  # noqa: TC001 - pydantic reads it at run time
from attending.records.erasure import Erasure
from attending.records.ledger import Subject
from attending.specs.base import Spec
from attending.specs.read_yaml import parse_spec, read_spec
from attending.specs.witness import WitnessesSpec
from attending.stores.addresses import database_address
from attending.stores.artifacts import Artifacts
from attending.stores.chain import Act
from attending.stores.connections import probe
from attending.stores.database import Database
from attending.stores.deliveries import Deliveries
from attending.stores.deployments import Deployments
from attending.stores.erasing import from_bytes
from attending.stores.events import Events
from attending.stores.files import io_refused, write_once
from attending.stores.fsck import check_rows, check_rows_of
from attending.stores.layout import check_layout
from attending.stores.ledger import Ledger
from attending.stores.migrate import migrate
from attending.stores.predictions import Predictions
from attending.stores.private import check_keys, check_unshared, read_key
from attending.stores.records import Catalog
from attending.stores.snapshots import Snapshots
from attending.stores.used_once import UsedOnce
from attending.stores.users import Users
from attending.stores.witnesses import Witness
from attending.times import format_instant

if TYPE_CHECKING:
    from pathlib import Path

    from attending.records.ledger import Checkpoint, Finding
    from attending.stores.migrate import Migrated
    from attending.types import Instant

FOLDERS = ("artifacts", "snapshots", "catalogue", "policy", "keys", "witness", "mappings")
_PRIVATE_FOLDER = 0o700
_PRIVATE_FILE = 0o600
_MOST_SETTINGS = 4096


class Settings(Spec):
    """What `settings.yaml` says of a home, for ever.

    Attributes:
        synthetic: made by the demo: keys from a seed, a simulated clock, fictional persons.
        seed: the seed of a synthetic home.
        database_file: a private file, from the home's folder on, that holds the address of a
            PostgreSQL database; `store.db` of the home when absent.
    """

    home_id: str
    synthetic: bool
    seed: int | None
    created: When
    database_file: str | None = None

    @property
    def digest(self) -> str:
        """Return the digest of what a home is; where its rows rest may change."""
        return digest_of(self.model_dump(mode="json", exclude={"database_file"}))


class Home:
    """One installation, open."""

    def __init__(self, root: Path, settings: Settings, database: Database) -> None:
        self.root = root
        self.settings = settings
        self.database = database

    @classmethod
    def create(
        cls,
        root: Path,
        *,
        at: Instant,
        seed: int | None = None,
        database_file: Path | None = None,
    ) -> Home:
        """Return a new home, its creation the first entry of its ledger.

        Args:
            root: a folder that is not there yet, or is empty.
            at: when.
            seed: for a simulated home: its keys come from it, and it is marked synthetic for ever.
            database_file: a private file that holds the address of an empty PostgreSQL database.

        Raises:
            BadInput: the folder holds something already, or the file holds no address.
            DependencyDown: the file system refuses, or the database cannot be reached.
        """
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise BadInput("there is something here already", code="home.exists", where=str(root))
        seeded = None if seed is None else f"attending home {seed}".encode()
        home_id = (keys.derive(seeded, "home") if seeded else secrets.token_bytes(32)).hex()[:32]
        named = None if database_file is None else str(database_file.resolve())
        if named:
            probe(database_address(root, named))
        settings = Settings(
            home_id=home_id, synthetic=seed is not None, seed=seed, created=at, database_file=named
        )
        _lay_out(root, settings, seeded)
        marks = {"settings": settings.digest}
        address = database_address(root, named)
        database = Database.create(address, ledger_id=home_id, marks=marks)
        with closing(database), database.transaction() as unit:
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
            IntegrityBroken: the settings are not those that the home was made with, or a part of
                the home is gone or a link.
            DependencyDown: the store cannot be opened.
        """
        settings = read_settings(root)
        check_layout(root, file=settings.database_file is None)
        database = Database.open(database_address(root, settings.database_file))
        if database.marks.get("settings") != settings.digest:
            database.close()
            raise IntegrityBroken(
                "settings.yaml is not the one that this home was made with",
                code="home.settings",
                hint="Restore it; a synthetic home stays synthetic.",
                where=str(root / "settings.yaml"),
            )
        return cls(root, settings, database)

    @classmethod
    def migrate(cls, root: Path, *, at: Instant) -> Migrated | None:
        """Return what was done to bring a home's store to our version; None when it is of it.

        Raises:
            NotFound: there is no home here.
            DependencyDown: the store is newer than this program, or fails.
        """
        settings = read_settings(root)
        address = database_address(root, settings.database_file)
        return migrate(address, at=at, backups=root / "backups")

    @property
    def synthetic(self) -> bool:
        """Return whether everything here is made up, and must say so."""
        return self.settings.synthetic

    @cached_property
    def ledger(self) -> Ledger:
        """Return the ledger, with its witnesses: our own folder, and those that the home names.

        Raises:
            BadInput: `policy/witnesses.yaml` is not what it must be.
        """
        return Ledger(self.database, witnesses=self._witnesses(), trusted=self.public_keys())

    def _witnesses(self) -> tuple[Witness, ...]:
        own = Witness(self.root / "witness")
        path = self.root / "policy" / "witnesses.yaml"
        if not path.is_file():
            return (own,)
        named = read_spec(path, WitnessesSpec).witnesses
        return (own, *(Witness(self.root / one.place, name=one.name) for one in named))

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
    def events(self) -> Events:
        """Return the event store."""
        return Events(self.database)

    @cached_property
    def deliveries(self) -> Deliveries:
        """Return what became of alerts."""
        return Deliveries(self.database)

    @cached_property
    def users(self) -> Users:
        """Return the persons and their logins."""
        return Users(self.database)

    @cached_property
    def used_once(self) -> UsedOnce:
        """Return what counts once."""
        return UsedOnce(self.database)

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
        return read_key(self.root / "keys" / "pseudonym.key")

    def sign(self, message: bytes) -> bytes:
        """Return the home's signature of a message.

        Raises:
            BadInput: someone else can read the key, or it is not a key.
        """
        return keys.sign(read_key(self.root / "keys" / "signing.key"), message)

    def public_keys(self) -> tuple[bytes, ...]:
        """Return the public keys that may have signed checkpoints, the present one first.

        A former key is kept as `keys/former-*.pub` (32 bytes in hexadecimal).

        Raises:
            BadInput: someone else can read the key, or it is not a key.
        """
        present = keys.public_key(read_key(self.root / "keys" / "signing.key"))
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
        return check_rows(self.database, erased=self._erased())

    def _erased(self) -> dict[int, list[bytes]]:
        """Return the hashes of all rows that were erased, by the entry that bound them."""
        found: dict[int, list[bytes]] = {}
        for one in self.catalog.all(Erasure):
            for seq, hashes in from_bytes(self.artifacts.read(one.rows)).items():
                found.setdefault(seq, []).extend(hashes)
        return found

    def check_rows_of(self, seq: int) -> tuple[Finding, ...]:
        """Return what is wrong with the rows that one ledger entry bound."""
        return check_rows_of(self.database, seq, erased=self._erased().get(seq, ()))

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def read_settings(root: Path) -> Settings:
    """Return what a home's settings say, its keys found private.

    Raises:
        NotFound: there is no home here.
        BadInput: someone else can read a key, or the settings are none.
    """
    if not (root / "settings.yaml").is_file():
        raise NotFound(
            "there is no home here",
            code="home.missing",
            hint="Make one with `attending demo`, or name it with --home.",
            where=str(root),
        )
    check_keys(root / "keys")
    for folder in (root.resolve(), *(root / name for name in FOLDERS)):
        if folder.exists():
            check_unshared(folder)
    path = root / "settings.yaml"
    if path.stat().st_size > _MOST_SETTINGS:
        return read_spec(path, Settings)
    return _settings(path.read_bytes(), str(path))


@lru_cache(maxsize=32)
def _settings(data: bytes, name: str) -> Settings:
    """Return what these bytes say; a service opens its home for every page."""
    return parse_spec(data, Settings, name=name)


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
    write_once(root / "settings.yaml", settings_text(settings).encode())


def settings_text(settings: Settings) -> str:
    """Return what a home's `settings.yaml` says."""
    text = (
        f"home_id: {settings.home_id}\n"
        f"synthetic: {str(settings.synthetic).lower()}\n"
        f"seed: {'null' if settings.seed is None else settings.seed}\n"
        f"created: {format_instant(settings.created)}\n"
    )
    if settings.database_file is not None:
        text += f"database_file: {json.dumps(settings.database_file)}\n"
    return text
