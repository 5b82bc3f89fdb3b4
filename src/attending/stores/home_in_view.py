"""A home as one page reads it: what is asked about each model is read once for all of them.

A view lasts as long as its page is being made and is never kept: the next page has its own, so
that it shows nothing older than the ledger was when it was asked for.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from attending.stores.catalog_in_view import CatalogInView
from attending.stores.deployments import Deployments
from attending.stores.home import Home
from attending.stores.ledger import Ledger
from attending.stores.tables import DEPLOYMENTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from attending.records.ledger import LedgerEntry
    from attending.stores.chain import Chain


class HomeInView(Home):
    """A home that is open already, to be read for one page; it is not closed by itself."""

    @classmethod
    def of(cls, home: Home) -> HomeInView:
        """Return a view of a home."""
        return cls(home.root, home.settings, home.database)

    @cached_property
    def catalog(self) -> CatalogInView:
        """Return the catalog of records."""
        return CatalogInView(self.database)

    @cached_property
    def deployments(self) -> DeploymentsInView:
        """Return the history of deployments."""
        return DeploymentsInView(self.catalog)

    @cached_property
    def ledger(self) -> LedgerInView:
        """Return the ledger."""
        return LedgerInView(self.database, witnesses=self._witnesses(), trusted=self.public_keys())

    def public_keys(self) -> tuple[bytes, ...]:
        """Return the public keys that may have signed, read from their files once.

        Raises:
            BadInput: someone else can read the key, or it is not a key.
        """
        return self._public_keys

    @cached_property
    def _public_keys(self) -> tuple[bytes, ...]:
        return super().public_keys()


class DeploymentsInView(Deployments):
    """The history of deployments, its rows read once for all models."""

    catalog: CatalogInView

    def _rows(self, model: str, version: str = "") -> Sequence[Row[Any]]:
        rows = self._every.get(model, [])
        return [row for row in rows if row.version == version] if version else rows

    def _last(self, model: str, version: str) -> str:
        rows = self._rows(model, version)
        found = next((row for row in rows if row.version), rows[0] if rows else None)
        return "" if found is None else str(found.digest)

    def models(self) -> tuple[str, ...]:
        """Return the names of all models with a deployment, in order."""
        return tuple(sorted(self._every))

    @cached_property
    def _every(self) -> dict[str, list[Row[Any]]]:
        """Return the rows of each model, newest first."""
        found: dict[str, list[Row[Any]]] = {}
        newest_first = (DEPLOYMENTS.c.seq.desc(), DEPLOYMENTS.c.nth.desc())
        for row in self.catalog.database.rows(select(DEPLOYMENTS).order_by(*newest_first)):
            found.setdefault(row.model, []).append(row)
        return found


class LedgerInView(Ledger):
    """The ledger, whose end and whose entries of one kind are asked for once."""

    def end(self) -> Chain:
        """Return the size, the head and the compact range of the ledger as the view found it.

        Raises:
            IntegrityBroken: the end cannot be read.
        """
        return self._end

    @cached_property
    def _end(self) -> Chain:
        return super().end()

    def search(
        self, *, action: str = "", actor: str = "", subject: str = "", limit: int = 1000
    ) -> tuple[LedgerEntry, ...]:
        """Return the newest entries that match, oldest of them first, as the ledger does."""
        asked = (action, actor, subject, limit)
        if asked not in self._searched:
            self._searched[asked] = super().search(
                action=action, actor=actor, subject=subject, limit=limit
            )
        return self._searched[asked]

    @cached_property
    def _searched(self) -> dict[tuple[str, str, str, int], tuple[LedgerEntry, ...]]:
        return {}
