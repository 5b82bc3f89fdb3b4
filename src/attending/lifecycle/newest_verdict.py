"""The newest verdict of a version, as the ledger and the records say alike.

A record that was taken out would leave an older verdict, which may have said *continue*; one that
was put in has no entry. Both are told, and the version answers nobody meanwhile.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import IntegrityBroken, NotFound
from attending.records.monitoring import Verdict

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk

#: What the ledger calls a verdict that was given.
RECORDED = "verdict.record"


def newest_verdict(desk: Desk, model: str, version: str) -> Verdict | None:
    """Return the newest verdict of a version, None when none was given.

    Raises:
        IntegrityBroken: a verdict that the ledger names is gone, or was changed, or the newest
            record is not the one that the ledger names last.
    """
    found = desk.home.catalog.latest(Verdict, model=model, version=version)
    named = _named_last(desk, model, version)
    if (found and found.digest) == named:
        return found
    raise IntegrityBroken(
        "the newest verdict is not the one that the ledger names last",
        code="verdict.changed",
        hint="Run `attending audit verify`; nobody is answered by this version meanwhile.",
    )


def _named_last(desk: Desk, model: str, version: str) -> str | None:
    """Return the digest of the last verdict of a version that the ledger names."""
    looked, many = 0, 1
    while True:
        # Few entries first: the wanted one is mostly the last, and the ledger is long.
        entries = desk.home.ledger.search(action=RECORDED, limit=many)
        for entry in reversed(entries[: len(entries) - looked]):
            given = _given(desk, entry.subject)
            if (given.model, given.version) == (model, version):
                return given.digest
        if len(entries) < many:
            return None
        looked, many = many, many * 8


def _given(desk: Desk, digest: str) -> Verdict:
    try:
        return desk.home.catalog.get(digest, Verdict)
    except NotFound:
        raise IntegrityBroken(
            "a verdict that the ledger names is not among the records",
            code="verdict.gone",
            hint="Restore it from a backup; nobody is answered by this version meanwhile.",
        ) from None
