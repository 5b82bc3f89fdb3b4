"""Promises that a snapshot keeps or breaks as a whole: source, zone, permission, residency."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.records.contract import CheckResult

if TYPE_CHECKING:
    from attending.records.contract import Severity, Verdict
    from attending.records.snapshot import Snapshot
    from attending.specs.contract import ContractSpec
    from attending.types import Instant


def snapshot_checks(
    spec: ContractSpec, snapshot: Snapshot, *, as_of: Instant | None = None
) -> list[CheckResult]:
    """Return the checks that need no row."""
    return [
        _source(spec, snapshot),
        _zone(spec, snapshot),
        _permission(spec, as_of),
        _residency(spec),
        _account(snapshot),
        _availability(spec, snapshot),
    ]


def _result(
    name: str,
    *,
    ok: bool | None,
    element: str,
    bound: str,
    detail: str = "",
    severity: Severity = "error",
) -> CheckResult:
    verdict: Verdict = "not_shown" if ok is None else "met" if ok else "failed"
    return CheckResult(
        name=name,
        rule="snapshot",
        element=element,
        figure=None if ok is None else float(ok),
        bound=bound,
        unit="1 = holds",
        severity=severity,
        verdict=verdict,
        detail=detail,
    )


def _source(spec: ContractSpec, snapshot: Snapshot) -> CheckResult:
    """A system that the contract does not name is a migration, not a delivery."""
    named = {source.name: source.version for source in spec.sources}
    system = snapshot.source_system
    version = named.get(system)
    ok = system in named and version in {None, snapshot.source_version}
    return _result(
        "source.known",
        ok=ok if named else None,
        element="attending.sources",
        bound="one of " + (", ".join(sorted(named)) or "the sources, of which none is named"),
        detail=f"the snapshot is of {system} {snapshot.source_version}",
    )


def _zone(spec: ContractSpec, snapshot: Snapshot) -> CheckResult:
    return _result(
        "time_zone",
        ok=snapshot.time_zone == spec.time_zone if spec.time_zone else None,
        element="attending.timeZone",
        bound=spec.time_zone or "a time zone, which is not stated",
        detail=f"the snapshot's times are {snapshot.time_zone}",
    )


def _permission(spec: ContractSpec, as_of: Instant | None) -> CheckResult:
    given = spec.permission
    expired = bool(given and given.expires and as_of and as_of.date() > given.expires)
    detail = "no permission is stated" if given is None else f"permission {given.reference}"
    return _result(
        "permission",
        ok=given is not None and not expired,
        element="attending.permission",
        bound="a permission that has not expired",
        detail=f"{detail}, expired on {given.expires}" if given and expired else detail,
    )


def _residency(spec: ContractSpec) -> CheckResult:
    """A server without a region is one of which nobody knows where it stands."""
    allowed = set(spec.residency)
    outside = [one.server for one in spec.servers if one.region not in allowed]
    return _result(
        "residency",
        ok=not outside if allowed else None,
        element="attending.residency",
        bound="every server in " + (", ".join(sorted(allowed)) or "regions that are not stated"),
        detail=f"outside: {', '.join(outside)}" if allowed and outside else "",
    )


def _account(snapshot: Snapshot) -> CheckResult:
    account = snapshot.account
    return _result(
        "account.balanced",
        ok=account.balanced,
        element="account",
        bound="in = accepted + quarantined + rejected + duplicate",
        detail=f"{account.rows_in} rows in, {account.quarantined} quarantined",
    )


def _availability(spec: ContractSpec, snapshot: Snapshot) -> CheckResult:
    """What was assumed at ingest must be what the contract says may be assumed."""
    stated = spec.availability
    silent = sorted(
        {
            item.code or item.table
            for item in snapshot.availability
            if item.assumed and not ({item.table, item.code} & set(stated))
        }
    )
    return _result(
        "availability.declared",
        ok=not silent,
        element="attending.availability",
        bound="every assumed availability is declared",
        detail=f"assumed and not declared: {', '.join(silent)}" if silent else "",
        severity="warning",
    )
