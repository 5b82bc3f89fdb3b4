"""The history of a model's deployments, held against the ledger before anybody is answered by it.

A row that was taken out would leave an older act, which may have let the version answer; one that
was put in has no entry, and one that was changed says something else than its record. Each is told,
and the model answers nobody meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import IntegrityBroken, NotFound
from attending.records.release import Deployment

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.lifecycle.desk import Desk
    from attending.stores.deployments import Acted

#: How the ledger calls the acts that put a deployment into force.
ACTS = ("release.", "adopt.enter")
#: More acts than any home has.
_MOST = 1_000_000


def require_recorded(desk: Desk, model: str) -> None:
    """Refuse a model whose deployments are not those that the ledger names, in its order.

    Raises:
        IntegrityBroken: a deployment that the ledger names is gone, one was put in or changed, or
            they stand in another order.
    """
    named, rows = _named(desk), desk.home.deployments.acted()
    _require_all_there(desk, model, set(named) - {row.digest for row in rows})
    for row in rows:
        if row.model == model:
            _require_as_named(desk, row, named)


def _named(desk: Desk) -> dict[str, int]:
    """Return by digest of each deployment that the ledger names the number of its entry."""
    return {
        entry.subject: entry.seq
        for action in ACTS
        for entry in desk.home.ledger.search(action=action, limit=_MOST)
        if entry.subject_kind == Deployment.kind
    }


def _require_all_there(desk: Desk, model: str, gone: set[str]) -> None:
    for digest in sorted(gone):
        try:
            mine = desk.home.catalog.get(digest, Deployment).model == model
        except NotFound:
            mine = True  # nobody can say any more whose it was
        if mine:
            raise IntegrityBroken(
                "a deployment that the ledger names is not in the history",
                code="deployment.gone",
                hint="Restore it from a backup; nobody is answered by this model meanwhile.",
            )


def _require_as_named(desk: Desk, row: Acted, named: Mapping[str, int]) -> None:
    record = desk.home.catalog.get(row.digest, Deployment)
    says = (record.model, record.version, record.stage)
    fresh = record.stage == "prototype" and record.act == "begin"  # bound with its run
    right = fresh if row.digest not in named else named[row.digest] == row.seq
    if not right or says != (row.model, row.version, row.stage):
        raise IntegrityBroken(
            "a deployment is not as the ledger names it",
            code="deployment.changed",
            hint="Run `attending audit verify`; nobody is answered by this model meanwhile.",
        )
