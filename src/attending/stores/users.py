"""Persons, their roles and their logins. A change is another row; the last one counts.

A person is a human being: however many logins there are, all of them lead to one person.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from attending import keys
from attending.errors import NotFound, Refused
from attending.records.governance import Person
from attending.stores.prepared import PERSON
from attending.stores.tables import ACCOUNTS, PERSONS

if TYPE_CHECKING:
    from sqlalchemy import Row, Select

    from attending.stores.database import Database
    from attending.stores.unit import Unit


class Users:
    """All persons and logins of a store."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def save(self, unit: Unit, person: Person, *, passphrase_hash: str = "") -> int:
        """Return the revision of a person, now kept.

        Args:
            unit: the unit whose ledger entry will bind it.
            person: as they are from now on.
            passphrase_hash: from `keys.hash_passphrase`; the former one stays when empty.

        Raises:
            Refused: a new person without a passphrase who is not a service.
        """
        rows = unit.rows(_newest(person.person_id))
        kept = passphrase_hash or (rows[0].passphrase_hash if rows else "")
        if not kept and not person.service:
            raise Refused("a person needs a passphrase", code="user.passphrase")
        revision = rows[0].revision + 1 if rows else 1
        row = {
            **person.model_dump(mode="python"),
            "roles": ",".join(sorted(person.roles)),
            "revision": revision,
            "passphrase_hash": kept,
        }
        unit.insert(PERSONS, [row])
        return revision

    def give_login(self, unit: Unit, login: str, person_id: str) -> None:
        """Give a person one more login; a login is never given again.

        Raises:
            Refused: the login is taken.
        """
        if unit.rows(select(ACCOUNTS).where(ACCOUNTS.c.login == login)):
            raise Refused(
                "that login is taken",
                code="user.login_taken",
                hint="Choose another: a login is never given again, also of a person who left. "
                "`attending user ls` shows those that are.",
            )
        unit.insert(ACCOUNTS, [{"login": login, "person_id": person_id}])

    def get(self, person_id: str) -> Person:
        """Return a person as they are now.

        Raises:
            NotFound: no such person.
        """
        found = self.database.first("read_person", person_id=person_id)
        if found is None:
            refusal = _unknown()
            raise refusal
        return _person(SimpleNamespace(**dict(zip(PERSON, found, strict=True))))

    def list(self) -> tuple[Person, ...]:
        """Return all persons as they are now, by person id."""
        return tuple(_person(row) for row in self.database.rows(_newest()))

    def by_login(self, login: str) -> Person:
        """Return the person that a login leads to.

        Raises:
            NotFound: no such login.
        """
        rows = self.database.rows(select(ACCOUNTS).where(ACCOUNTS.c.login == login))
        if not rows:
            refusal = _unknown()
            raise refusal
        return self.get(rows[0].person_id)

    def authenticate(self, login: str, passphrase: str) -> Person | None:
        """Return the active person of a login and passphrase, None when either is wrong.

        An unknown login costs the same time as a wrong passphrase.
        """
        rows = self.database.rows(select(ACCOUNTS).where(ACCOUNTS.c.login == login))
        row = self._row(rows[0].person_id) if rows else None
        hashed = row.passphrase_hash if row and row.passphrase_hash else _NOBODY
        fits = keys.check_passphrase(hashed, passphrase)
        return _person(row) if row is not None and fits and row.active else None

    def check_passphrase(self, person_id: str, passphrase: str) -> bool:
        """Return whether the passphrase is that of an active person.

        Raises:
            NotFound: no such person.
        """
        row = self._row(person_id)
        return bool(row.active) and keys.check_passphrase(
            row.passphrase_hash or _NOBODY, passphrase
        )

    def _row(self, person_id: str) -> Row[Any]:
        rows = self.database.rows(_newest(person_id))
        if not rows:
            raise _unknown()
        return rows[0]


#: The hash of a passphrase that nobody has, in the parameters of every other hash.
_NOBODY = (
    "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5bm9ib2R5$MDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDA"
)


def _unknown() -> NotFound:
    return NotFound("there is no such person", code="user.missing", hint="See `attending user ls`.")


def _newest(person_id: str = "") -> Select[Any]:
    last = (
        select(PERSONS.c.person_id, func.max(PERSONS.c.revision).label("revision"))
        .group_by(PERSONS.c.person_id)
        .subquery()
    )
    same = and_(PERSONS.c.person_id == last.c.person_id, PERSONS.c.revision == last.c.revision)
    statement = select(PERSONS).join(last, same).order_by(PERSONS.c.person_id)
    return statement.where(PERSONS.c.person_id == person_id) if person_id else statement


def _person(row: Row[Any] | SimpleNamespace) -> Person:
    return Person.model_validate(
        {
            "person_id": row.person_id,
            "printed_name": row.printed_name,
            "roles": tuple(filter(None, row.roles.split(","))),
            "active": bool(row.active),
            "service": bool(row.service),
        }
    )
