"""Persons, documents and evidence for tests of signatures and gates."""

from __future__ import annotations

from attending.digests import digest_bytes
from attending.govern.gates import Evidence, Fact
from attending.govern.policy import default_gates
from attending.govern.sign import Document, Intent, sign
from attending.records.governance import Person, Role
from attending.specs.release import Stage  # noqa: TC001 - read where the annotations are
from attending.times import parse_instant

NOON = parse_instant("2026-03-02T12:00:00Z")
ONE = parse_instant("2026-03-02T13:00:00Z")
RUN = digest_bytes(b"run")
HOME = "ward"

NAMES: dict[str, Role] = {
    "sam": "data_scientist",
    "eve": "data_engineer",
    "cleo": "clinical_lead",
    "carl": "compliance_officer",
    "otto": "operator",
    "nina": "nurse_leader",
}
PEOPLE = {
    name: Person(person_id=name, printed_name=name.title(), roles=(role,))
    for name, role in NAMES.items()
}
BY_ROLE = {person.roles[0]: person for person in PEOPLE.values()}


def document(kind: str, *, content: bytes = b"", authors=frozenset({"sam"})) -> Document:
    return Document(kind, digest_bytes(content or kind.encode()), frozenset(authors), HOME)


def signed(doc: Document, signer: Person, *, role=None, meaning="approval", at=NOON, prior=()):
    intent = Intent(role or signer.roles[0], meaning, "I have read it.", shown=doc.digest)
    return sign(doc, signer, intent=intent, at=at, authenticated_at=at, prior=prior)


def all_signatures(stage: Stage):
    """Return every signature that the gate before a stage asks for, in the asked order."""
    return tuple(
        signed(
            document(rule.document),
            BY_ROLE[rule.role],
            meaning=rule.meaning,
            at=ONE if rule.after else NOON,
        )
        for rule in default_gates()[stage].signatures
    )


def full_evidence(stage: Stage, **changes) -> Evidence:
    """Return evidence for which the gate before a stage opens, with changes."""
    gate = default_gates()[stage]
    whole = {
        "model": "readmission",
        "run": RUN,
        "stage": gate.from_stage,
        "as_of": ONE,
        "home": HOME,
        "facts": {rule.name: Fact("met", "ab" * 32) for rule in gate.facts},
        "documents": {rule.document: document(rule.document).digest for rule in gate.signatures},
        "approvals": all_signatures(stage),
    }
    return Evidence(**{**whole, **changes})
