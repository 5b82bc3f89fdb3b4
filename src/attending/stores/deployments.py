"""Where each version of a model stands: an append-only history, and the numbers of versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from attending.errors import NotFound, Refused
from attending.records.release import Deployment
from attending.stores.tables import DEPLOYMENTS, VERSIONS

if TYPE_CHECKING:
    from sqlalchemy import Select

    from attending.stores.records import Catalog
    from attending.stores.unit import Unit


class Deployments:
    """The history of deployments; the records themselves rest in the catalog."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog

    def give_version(self, unit: Unit, *, model: str, run: str) -> str:
        """Return the next version of a model, `v1` first, given to one run for ever.

        The unit holds the end of the ledger, so two runs never get the same number.

        Raises:
            Refused: the run has a version already.
        """
        unit.chain  # noqa: B018 - takes the lock on the ledger's end before the numbers are read
        statement = select(VERSIONS.c.number, VERSIONS.c.run).where(VERSIONS.c.model == model)
        given = {row.run: row.number for row in unit.rows(statement)}
        if run in given:
            raise Refused(
                f"this run is version v{given[run]} already",
                code="release.version_given",
                hint="Advance that version, or fit another run.",
            )
        number = max(given.values(), default=0) + 1
        unit.insert(VERSIONS, [{"model": model, "number": number, "run": run}])
        return f"v{number}"

    def run_of(self, model: str, version: str) -> str:
        """Return the digest of the run that a version stands for.

        Raises:
            NotFound: no such version.
        """
        number = int(version[1:]) if version[:1] == "v" and version[1:].isdecimal() else 0
        statement = select(VERSIONS.c.run).where(
            VERSIONS.c.model == model, VERSIONS.c.number == number
        )
        rows = self.catalog.database.rows(statement)
        if not rows:
            raise NotFound(
                f"model {model} has no version {version}",
                code="release.no_version",
                hint="See `attending release status`.",
            )
        return str(rows[0].run)

    def enter(self, unit: Unit, deployment: Deployment) -> str:
        """Return the digest of a deployment, now the last of its model's history.

        Raises:
            Refused: it is not the sequel of what stands: another act came in between.
        """
        last = unit.rows(_history(deployment.model, deployment.version).limit(1))
        # A new run begins a line of its own; earlier ones stay where they stand.
        begins = deployment.act == "begin"
        if last and not begins and last[0].digest != deployment.previous:
            raise Refused(
                "another act on this version came in between",
                code="release.conflict",
                hint="Look at `attending release status` and decide again.",
            )
        digest = self.catalog.put(
            unit,
            deployment,
            at=deployment.effective_at,
            by=deployment.by,
            keys={"model": deployment.model, "run": deployment.run},
        )
        row = {
            "digest": digest,
            "model": deployment.model,
            "version": deployment.version,
            "stage": deployment.stage,
        }
        unit.insert(DEPLOYMENTS, [row])
        return digest

    def history(self, model: str, *, version: str = "") -> tuple[Deployment, ...]:
        """Return the deployments of a model, or of one version, oldest first.

        Raises:
            IntegrityBroken: a record is not what its digest says.
        """
        rows = self.catalog.database.rows(_history(model, version))
        return tuple(self.catalog.get(row.digest, Deployment) for row in reversed(rows))

    def current(self, model: str, *, version: str = "") -> Deployment | None:
        """Return where a model, or one version of it, stands: the last row of its history.

        Raises:
            IntegrityBroken: the record is not what its digest says.
        """
        rows = self.catalog.database.rows(_history(model, version).limit(1))
        return self.catalog.get(rows[0].digest, Deployment) if rows else None

    def standing(self, model: str) -> dict[str, Deployment]:
        """Return where every version of a model stands, by version.

        Raises:
            IntegrityBroken: a record is not what its digest says.
        """
        return {item.version: item for item in self.history(model)}

    def models(self) -> tuple[str, ...]:
        """Return the names of all models with a deployment, in order."""
        statement = select(DEPLOYMENTS.c.model).group_by(DEPLOYMENTS.c.model)
        rows = self.catalog.database.rows(statement.order_by(DEPLOYMENTS.c.model))
        return tuple(row.model for row in rows)

    def count(self, model: str) -> int:
        """Return how many acts a model's history has."""
        statement = select(func.count()).select_from(DEPLOYMENTS)
        rows = self.catalog.database.rows(statement.where(DEPLOYMENTS.c.model == model))
        return int(rows[0][0])


def _history(model: str, version: str) -> Select[Any]:
    statement = select(DEPLOYMENTS).where(DEPLOYMENTS.c.model == model)
    if version:
        statement = statement.where(DEPLOYMENTS.c.version == version)
    return statement.order_by(DEPLOYMENTS.c.seq.desc(), DEPLOYMENTS.c.nth.desc())
