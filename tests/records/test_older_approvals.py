"""An approval or a gate's answer of the first release reads back to its bytes: its name stands."""

from __future__ import annotations

import pytest

from attending.digests import canonical
from attending.records.base import from_content
from attending.records.governance import Approval, GateDecision

AT = "2025-07-01T06:00:00Z"
APPROVAL = {
    "kind": "approval",
    "document_kind": "card",
    "document": "a" * 64,
    "home": "b" * 32,
    "signer": "clara",
    "printed_name": "Dr Clara Moss",
    "role": "clinical_lead",
    "meaning": "approval",
    "statement": "I have read it.",
    "authors": ["dana"],
    "authenticated_at": AT,
    "signed_at": AT,
}
DECISION = {
    "kind": "gate_decision",
    "gate": "lineage review",
    "model": "readmission-30d",
    "run": "c" * 64,
    "from_stage": "prototype",
    "to_stage": "trained",
    "as_of": AT,
    "documents": {},
    "conditions": [],
    "allowed": False,
}


@pytest.mark.parametrize(("kind", "content"), [(Approval, APPROVAL), (GateDecision, DECISION)])
def test_it_reads_back_to_its_bytes_and_a_later_field_that_is_said_is_kept(kind, content):
    held = from_content(kind, content | {"kind": kind.kind})
    assert held.as_bytes() == canonical(content | {"kind": kind.kind})
    later = {"nonce": "d" * 64} if kind is Approval else {"risk_level": "high"}
    said = from_content(kind, content | {"kind": kind.kind} | later)
    assert said.content().items() >= later.items()
    assert said.digest != held.digest
