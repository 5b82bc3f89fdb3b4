"""Gates on what a project declares: permission, residency, flows, minimum necessary, label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.records.gates import GateFinding
from attending.scores.asked import codes_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import date

    from attending.records.gates import Answer
    from attending.specs.cohort import CohortSpec
    from attending.specs.contract import ContractSpec
    from attending.specs.contract_terms import Flow
    from attending.specs.features import FeaturesSpec

_COMPLIANCE, _CLINICIAN, _SCIENTIST = "compliance_officer", "clinical_lead", "data_scientist"


@dataclass(frozen=True)
class Scanned:
    """What the newest scan for identifiers says of a snapshot.

    Attributes:
        digest: of the scan, to be signed.
        told: what was found, in one line; no value.
        clean: whether nothing was.
        signed: whether a compliance officer approved what was found.
    """

    digest: str
    told: str
    clean: bool
    signed: bool


def judge_contract(
    spec: ContractSpec, *, today: date, permission_signed: bool, scan: Scanned | None
) -> tuple[GateFinding, ...]:
    """Return what the contract says of permission, residency, de-identification and flows.

    Args:
        spec: the contract.
        today: the day for which expiry is judged.
        permission_signed: whether a compliance officer signed the permission as it stands.
        scan: of this snapshot, for identifiers; None when it was not scanned.
    """
    return (
        _permission(spec, today, signed=permission_signed),
        _residency(spec),
        _deidentified(spec, today, scan),
        *_flows(spec, today),
    )


def judge_cohort(spec: CohortSpec) -> tuple[GateFinding, ...]:
    """Return whether cohort, label and exclusions are stated without ambiguity (D8)."""
    rules = [*spec.eligibility, *spec.exclusions]
    return (
        _row("cohort.stated", "met", _CLINICIAN),
        _row(
            "label.stated",
            "met" if spec.concept.meaning.strip() else "missing",
            _CLINICIAN,
            "the label does not say what it stands for",
        ),
        _row(
            "exclusions.stated",
            # Units are all there; no patient is let in or left out.
            "met" if rules or spec.of_units else "missing",
            _CLINICIAN,
            "no rule says who is eligible and who is excluded",
        ),
    )


def judge_features(spec: FeaturesSpec) -> tuple[GateFinding, ...]:
    """Return whether every code that is read is named by an approved feature (J2)."""
    whole = tuple(
        _row(
            "data.minimum_necessary",
            "refused",
            _SCIENTIST,
            reason,
            feature=feature.name,
            hint="Name the codes that are needed, or have the feature approved.",
        )
        for feature in spec.features
        for reason in [_too_much(feature.status, codes_of(spec, feature))]
        if reason
    )
    return whole or (_row("data.minimum_necessary", "met", _SCIENTIST),)


def judge_reads(
    read: Sequence[str], *, features: FeaturesSpec, cohort: Sequence[str]
) -> GateFinding:
    """Return whether every code that was read is named by an approved feature or the label.

    Args:
        read: the codes that the pipeline reads.
        features: the features.
        cohort: the codes that cohort and label name.
    """
    named = set(cohort)
    for feature in features.features:
        if feature.status == "approved":
            named |= set(codes_of(features, feature))
    extra = sorted(code for code in set(read) if not any(covers(one, code) for one in named))
    return _row(
        "data.reads_named",
        "refused" if extra else "met",
        _SCIENTIST,
        f"{len(extra)} codes are read that no approved feature and no label names, such as "
        f"{', '.join(extra[:3])}",
    )


def judge_proxies(features: FeaturesSpec, cohort: CohortSpec) -> tuple[GateFinding, ...]:
    """Return whether a feature reads the outcome's own code, or one that restates it (D02)."""
    label = cohort.label
    lists = {"the label's proxies": label.proxies}
    if label.code_value is not None:
        lists["the label itself"] = (label.code_value.code,)
    if label.recorded is not None:
        lists["the label itself"] = (*label.recorded.event, *label.recorded.none)
    found = tuple(
        _row(
            "leak.outcome_proxy",
            "refused",
            _SCIENTIST,
            f"{len(hit)} of its codes stand in {name}: {', '.join(hit[:3])}",
            feature=feature.name,
            hint="Leave the feature out; it restates the outcome.",
        )
        for feature in features.features
        for name, codes in lists.items()
        for hit in [overlap(codes_of(features, feature), codes)]
        if hit
    )
    return found or (_row("leak.outcome_proxy", "met", _SCIENTIST),)


def overlap(read: Sequence[str], listed: Sequence[str]) -> list[str]:
    """Return the codes that are read and listed; on either side one ending in `*` is a prefix.

    >>> overlap(["MEDICATION//*"], ["MEDICATION//insulin"])
    ['MEDICATION//*']
    """
    return [one for one in read if any(covers(two, one) or covers(one, two) for two in listed)]


def covers(wide: str, narrow: str) -> bool:
    """Return whether a code or prefix holds another.

    >>> covers("LOINC//*", "LOINC//718-7"), covers("LOINC//718-7", "LOINC//*")
    (True, False)
    """
    if wide.endswith("*"):
        return narrow.rstrip("*").startswith(wide[:-1])
    return wide == narrow


def _too_much(status: str, codes: Sequence[str]) -> str:
    if status != "approved":
        return f"it is {status}, not approved"
    wide = [code for code in codes if code.endswith("*") and "//" not in code]
    return f"it reads {', '.join(wide)}: whole vocabularies at once" if wide else ""


def _permission(spec: ContractSpec, today: date, *, signed: bool) -> GateFinding:
    held = spec.permission
    if held is None:
        return _row("data.permission", "missing", _COMPLIANCE, "the contract names no permission")
    if held.expires is not None and held.expires < today:
        return _row(
            "data.permission", "refused", _COMPLIANCE, f"it expired on {held.expires.isoformat()}"
        )
    if not signed:
        return _row("data.permission", "missing", _COMPLIANCE, "the permission is not signed")
    return _row("data.permission", "met", _COMPLIANCE)


def _residency(spec: ContractSpec) -> GateFinding:
    if not spec.residency or not spec.servers:
        return _row(
            "data.residency", "missing", _COMPLIANCE, "the contract states no regions or no servers"
        )
    outside = [one.server for one in spec.servers if one.region not in spec.residency]
    return _row(
        "data.residency",
        "refused" if outside else "met",
        _COMPLIANCE,
        f"outside the agreed regions: {', '.join(outside)}",
    )


def _deidentified(spec: ContractSpec, today: date, scan: Scanned | None) -> GateFinding:
    held = spec.deidentification
    if held is None:
        return _row(
            "data.deidentified",
            "missing",
            _COMPLIANCE,
            "the contract names no review of de-identification",
            hint="Write attending.deidentification: method, reviewed_by, reviewed_on.",
        )
    if held.reviewed_on > today or (held.expires is not None and held.expires < today):
        return _row("data.deidentified", "refused", _COMPLIANCE, "the review is not in date")
    if scan is None:
        return _row(
            "data.deidentified",
            "missing",
            _COMPLIANCE,
            "this snapshot was not scanned for identifiers",
            hint="Run `attending snapshot scan`.",
        )
    if not (scan.clean or scan.signed):
        return _row(
            "data.deidentified",
            "missing",
            _COMPLIANCE,
            f"the scan found {scan.told}, and nobody signed that it may stay",
            hint=f"A compliance officer reads it, then `attending sign {scan.digest[:12]}`.",
        )
    return _row("data.deidentified", "met", _COMPLIANCE)


def _flows(spec: ContractSpec, today: date) -> Iterator[GateFinding]:
    flows = spec.flows
    if flows is None:
        yield _row(
            "data.flows",
            "missing",
            _COMPLIANCE,
            "the contract does not say to whom data go",
            hint="Write attending.flows; an empty list says to nobody.",
        )
        return
    faults = [
        f"{flow.party}: {fault}" for flow in flows for fault in _flow_faults(flow, spec, today)
    ]
    named = {flow.server for flow in flows}
    faults += [
        f"the server {one.server} stands elsewhere and no flow names it"
        for one in spec.servers
        if one.type != "local" and one.server not in named
    ]
    yield _row("data.flows", "refused" if faults else "met", _COMPLIANCE, "; ".join(faults))


def _flow_faults(flow: Flow, spec: ContractSpec, today: date) -> Iterator[str]:
    if flow.region not in spec.residency:
        yield f"region {flow.region} is not among those agreed"
    if not flow.agreement.strip():
        yield "no agreement is named"
    if flow.expires < today:
        yield f"the agreement expired on {flow.expires.isoformat()}"


def _row(  # noqa: PLR0917 - one row of the checklist, read across
    gate: str, answer: Answer, whose: str, reason: str = "", *, feature: str = "", hint: str = ""
) -> GateFinding:
    told = answer != "met"
    return GateFinding(
        gate=gate,
        feature=feature,
        answer=answer,
        whose=whose,
        reason=reason if told else "",
        hint=hint if told else "",
    )
