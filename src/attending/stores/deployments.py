"""Where each version of a model stands: an append-only history, and the numbers of versions."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, select

from attending.errors import NotFound, Refused
from attending.records.base import from_content
from attending.records.release import Deployment
from attending.stores.tables import ANSWERING, DEPLOYMENTS, RECORDS, VERSIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row, Select

    from attending.stores.records import Catalog
    from attending.stores.unit import Unit


#: Stages in which readers see what a version answers.
READ_BY_READERS = frozenset({"limited", "live"})
#: Stands for every site that has no term of its own.
EVERY_SITE = "*"


@dataclass(frozen=True)
class Acted:
    """One row of the history as it stands, and the number of the ledger entry that bound it."""

    digest: str
    model: str
    version: str
    stage: str
    seq: int


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

    def require_unchanged(self, unit: Unit, model: str, *, seen: str | None) -> None:
        """Refuse to act on a model on which somebody else acted since its history was read.

        Args:
            unit: the unit that will act.
            model: whose history.
            seen: the digest of its last deployment as it was read; None when there was none.

        Raises:
            Refused: another act came in between; the version that it was on is named.
        """
        digest, version, stage = unit.first("read_last_act", model=model) or (None, "", "")
        if digest != seen:
            refusal = _came_between(f"{version} is {stage} now" if digest else "")
            raise refusal

    def enter(self, unit: Unit, deployment: Deployment, *, sites: Sequence[str] = ()) -> str:
        """Return the digest of a deployment, now the last of its model's history.

        Args:
            unit: the unit whose ledger entry will bind it.
            deployment: where the version stands from now on.
            sites: where it answers when it answers; every site when empty.

        Raises:
            Refused: it is not the sequel of what stands: another act came in between.
        """
        begins = not deployment.version and deployment.previous is None
        of_it = _history(deployment.model).where(DEPLOYMENTS.c.version == deployment.version)
        last = [] if begins else unit.rows(of_it.limit(1))
        if last and last[0].digest != deployment.previous:
            refusal = _came_between(f"{deployment.version} is {last[0].stage} now")
            raise refusal
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
        unit.insert(ANSWERING, _terms(unit, deployment, sites))
        return digest

    def answering(self, model: str) -> dict[str, str]:
        """Return the version that answers at each site of a model; `*` is every other site."""
        rows = self.catalog.database.rows(_last_terms(model))
        return {row.site: row.version for row in rows if row.version}

    def history(self, model: str, *, version: str = "") -> tuple[Deployment, ...]:
        """Return the deployments of a model, or of one version, oldest first.

        Raises:
            IntegrityBroken: a record is not what its digest says.
        """
        rows = self._rows(model, version)
        return tuple(self.catalog.get(row.digest, Deployment) for row in reversed(rows))

    def _rows(self, model: str, version: str = "") -> Sequence[Row[Any]]:
        """Return the rows of a model's history, or of one version's, newest first."""
        return self.catalog.database.rows(_history(model, version))

    def acted(self) -> tuple[Acted, ...]:
        """Return the rows of every model's history, oldest first, whatever their records say."""
        names = (DEPLOYMENTS.c[one.name] for one in fields(Acted))
        ordered = select(*names).order_by(DEPLOYMENTS.c.seq, DEPLOYMENTS.c.nth)
        return tuple(Acted(*tuple(row)) for row in self.catalog.database.rows(ordered))

    def current(self, model: str, *, version: str = "") -> Deployment | None:
        """Return where a model, or one version of it, stands: the last row of its history.

        A run that was fitted since and has no number yet hides no version that has one.

        Raises:
            IntegrityBroken: the record is not what its digest says.
        """
        digest = self._last(model, version)
        return self.catalog.get(digest, Deployment) if digest else None

    def _last(self, model: str, version: str) -> str:
        """Return the digest of the last row with a number, else of the last; empty without any."""
        history = _history(model, version)
        numbered = history.where(DEPLOYMENTS.c.version != "")
        rows = self.catalog.database.rows(numbered.limit(1))
        rows = rows or self.catalog.database.rows(history.limit(1))
        return rows[0].digest if rows else ""

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

    def last(self, model: str) -> str | None:
        """Return the digest of the last act on a model, None when there was none."""
        rows = self.catalog.database.rows(_history(model).limit(1))
        return rows[0].digest if rows else None

    def count(self, model: str) -> int:
        """Return how many acts a model's history has."""
        statement = select(func.count()).select_from(DEPLOYMENTS)
        rows = self.catalog.database.rows(statement.where(DEPLOYMENTS.c.model == model))
        return int(rows[0][0])


def _history(model: str, version: str = "") -> Select[Any]:
    statement = select(DEPLOYMENTS).where(DEPLOYMENTS.c.model == model)
    if version:
        statement = statement.where(DEPLOYMENTS.c.version == version)
    return statement.order_by(DEPLOYMENTS.c.seq.desc(), DEPLOYMENTS.c.nth.desc())


def _last_terms(model: str) -> Select[Any]:
    last = (
        select(ANSWERING.c.site, func.max(ANSWERING.c.term).label("term"))
        .where(ANSWERING.c.model == model)
        .group_by(ANSWERING.c.site)
        .subquery()
    )
    same = and_(ANSWERING.c.site == last.c.site, ANSWERING.c.term == last.c.term)
    statement = select(ANSWERING).join(last, same).where(ANSWERING.c.model == model)
    return statement.order_by(ANSWERING.c.site)


def _terms(unit: Unit, deployment: Deployment, sites: Sequence[str]) -> list[dict[str, Any]]:
    """Return the terms that a deployment begins: where it answers now, and where nobody does."""
    last = {row.site: row for row in unit.rows(_last_terms(deployment.model))}
    here = set(sites or (EVERY_SITE,)) if _answers(deployment) else set()
    left = {site for site, row in last.items() if row.version == deployment.version} - here
    wanted = {**dict.fromkeys(left, ""), **dict.fromkeys(here, deployment.version)}
    return [
        {
            "model": deployment.model,
            "site": site,
            "term": last[site].term + 1 if site in last else 1,
            "version": version,
        }
        for site, version in sorted(wanted.items())
        if site not in last or last[site].version != version
    ]


def first_terms(unit: Unit) -> list[dict[str, Any]]:
    """Return the terms of a store whose deployments are older than the table of terms.

    Where two versions could answer, the one that was put there last does, at every site.
    """
    records = select(DEPLOYMENTS.c.model, RECORDS.c.content).join(
        RECORDS, RECORDS.c.digest == DEPLOYMENTS.c.digest
    )
    stands: dict[tuple[str, str], Deployment] = {}
    for row in unit.rows(records.order_by(DEPLOYMENTS.c.seq, DEPLOYMENTS.c.nth)):
        item: Deployment = from_content(Deployment, json.loads(row.content))
        stands.pop((item.model, item.version), None)
        stands[item.model, item.version] = item
    answers = {item.model: item.version for item in stands.values() if _answers(item)}
    return [
        {"model": model, "site": EVERY_SITE, "term": 1, "version": version}
        for model, version in sorted(answers.items())
    ]


def _answers(deployment: Deployment) -> bool:
    return deployment.stage in READ_BY_READERS and deployment.serves == "version"


def _came_between(holder: str) -> Refused:
    return Refused(
        f"another act on this model came in between{': ' if holder else ''}{holder}",
        code="release.conflict",
        hint="Look at `attending release status` and decide again.",
    )
