"""Which signatures count: on the present document, by different persons, in date, not withdrawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attending.digests import short
from attending.govern.roles import one_of
from attending.records.governance import Condition
from attending.times import DAY, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from attending.govern.policy import SignatureRule
    from attending.records.governance import Approval, Status
    from attending.types import Instant


@dataclass(frozen=True)
class Signed:
    """Approvals as a gate may count them.

    Attributes:
        approvals: all that there are.
        withdrawn: digests of those that were taken back.
        home: the installation; a signature from another does not count.
        keeps_days: how old a signature may be.
        void: by digest, why others do not stand: changed bytes, a bad seal.
        must_open: whether one counts only when the signer was shown the document.
    """

    approvals: tuple[Approval, ...]
    withdrawn: frozenset[str]
    home: str
    as_of: Instant
    keeps_days: int
    void: Mapping[str, str] = field(default_factory=dict)
    must_open: bool = False

    def fault(self, approval: Approval) -> str:
        """Return why an approval does not count, empty when it does."""
        age = to_micros(self.as_of) - to_micros(approval.signed_at)
        faults = (
            (approval.digest in self.withdrawn, "withdrawn"),
            (approval.home != self.home, "signed in another home"),
            (age < 0, "signed later than now"),
            (age > self.keeps_days * DAY, f"older than {self.keeps_days} days"),
            (bool(_principals(approval) & {*approval.authors}), "signed by an author"),
            (approval.digest in self.void, self.void.get(approval.digest, "")),
            (self.must_open and approval.opened_at is None, "the signer did not open it"),
        )
        return next((what for holds, what in faults if holds), "")


def conditions(
    rules: Sequence[SignatureRule], documents: dict[str, str], signed: Signed
) -> tuple[Condition, ...]:
    """Return one condition for each signature that a gate asks for.

    Args:
        rules: the signatures that are asked for.
        documents: the present digest of each kind of document.
        signed: the approvals that there are.
    """
    chosen = _choose(rules, documents, signed)
    return tuple(
        _condition(rule, documents.get(rule.document), found=chosen.get(rule), signed=signed)
        for rule in rules
    )


def _choose(
    rules: Sequence[SignatureRule], documents: dict[str, str], signed: Signed
) -> dict[SignatureRule, Approval]:
    """Return an approval for as many rules as different persons can fill, document by document."""
    chosen: dict[SignatureRule, Approval] = {}
    for kind in {rule.document: None for rule in rules}:
        asked = [rule for rule in rules if rule.document == kind]
        fitting = [_fitting(rule, documents.get(kind), signed) for rule in asked]
        picked = _different_persons(fitting, frozenset())
        chosen |= {rule: item for rule, item in zip(asked, picked, strict=True) if item}
    return {rule: item for rule, item in chosen.items() if _in_order(rule, item, chosen)}


def _fitting(rule: SignatureRule, document: str | None, signed: Signed) -> list[Approval]:
    """Return the approvals that could fill a rule, the earliest first."""
    found = [
        item
        for item in signed.approvals
        if (item.document_kind, item.document) == (rule.document, document)
        and (item.role, item.meaning) == (rule.role, rule.meaning)
        and not signed.fault(item)
    ]
    return sorted(found, key=lambda item: (item.signed_at, item.signer))


def _different_persons(
    fitting: Sequence[list[Approval]], taken: frozenset[str]
) -> list[Approval | None]:
    """Return one approval for each place, nobody twice, with as few places empty as can be."""
    if not fitting:
        return []
    free = [item for item in fitting[0] if not _principals(item) & taken]
    options = [
        [item, *_different_persons(fitting[1:], taken | _principals(item))] for item in free
    ] + [[None, *_different_persons(fitting[1:], taken)]]
    return min(options, key=lambda option: option.count(None))


def _in_order(rule: SignatureRule, item: Approval, chosen: dict[SignatureRule, Approval]) -> bool:
    if rule.after is None:
        return True
    first = (
        other
        for asked, other in chosen.items()
        if (asked.document, asked.role) == (rule.document, rule.after)
    )
    return any(other.signed_at < item.signed_at for other in first)


def _condition(
    rule: SignatureRule, document: str | None, *, found: Approval | None, signed: Signed
) -> Condition:
    if found is not None:
        status: Status = "met"
        note = f"{found.printed_name}, {found.role}: {found.meaning}; {_how(found)}"
    else:
        status, note = _why_not(rule, document, signed)
    evidence = found.digest if found else document
    return Condition(name=rule.name, status=status, whose=rule.role, evidence=evidence, note=note)


def _principals(approval: Approval) -> frozenset[str]:
    """Return whose word a signature is: the signer's, and that of who let them sign."""
    return frozenset({approval.signer, approval.delegated_by or approval.signer})


def _how(approval: Approval) -> str:
    """Return whether the signer was shown the document, and for whom they signed."""
    shown = "opened before signing" if approval.opened_at else "not opened here"
    return f"{shown}, for {approval.delegated_by}" if approval.delegated_by else shown


def _why_not(rule: SignatureRule, document: str | None, signed: Signed) -> tuple[Status, str]:
    """Return what is wrong: no document, no signature, or one that does not count."""
    if document is None:
        return "missing", f"there is no {rule.document.replace('_', ' ')}"
    of_kind = [item for item in signed.approvals if item.document_kind == rule.document]
    here = [item for item in of_kind if item.document == document and item.role == rule.role]
    for item in here:
        if fault := signed.fault(item):
            return "failed", f"the signature of {item.printed_name} does not count: {fault}"
        if item.meaning != rule.meaning:
            return "failed", f"signed as {item.meaning}, expected {rule.meaning}"
    if here:
        after = f" and after the {rule.after}" if rule.after else ""
        return "failed", f"must be signed by another person{after}"
    return _void_or_missing(rule, document, of_kind)


def _void_or_missing(
    rule: SignatureRule, document: str, of_kind: Iterable[Approval]
) -> tuple[Status, str]:
    void = [item for item in of_kind if item.role == rule.role]
    if void:
        was = short(void[-1].document)
        return "failed", f"void: signed over {was}, the document is now {short(document)}"
    return "missing", f"{one_of(rule.role)} has not signed"
