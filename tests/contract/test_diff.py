"""A remapped code system, a changed range or another source asks for a review of models."""

from __future__ import annotations

import pytest

from attending.contract.diff import diff
from tests.contract.example import contract


@pytest.mark.requirement("A11")
@pytest.mark.parametrize(
    ("change", "path"),
    [
        (('ICD10CM: "2024"', 'ICD10CM: "2025"'), "vocabularies"),
        (("minimum: 0.1", "minimum: 0.3"), "creatinine-range"),
        (("validValues: [mg/dL]", "validValues: [umol/L]"), "creatinine-unit"),
        (("name: handmade, kind: ehr", "name: new-vendor, kind: ehr"), "sources"),
        (("labs: recorded", "labs: lag:2h"), "availability"),
        (("name: enzymatic", "name: Jaffe"), "attending.methods"),
        (("analyser: c702", "analyser: AU5800"), "attending.methods"),
        (('version: "2"', 'version: "3"'), "attending.methods"),
    ],
)
def test_what_models_rest_on_needs_a_review(change, path):
    found = diff(contract(), contract(change))
    assert found.needs_review
    assert any(path in one.path for one in found.changes if one.model_input)
    assert not diff(contract(), contract()).changes


def test_a_new_purpose_or_team_needs_none():
    changes = [("name: Clinical data", "name: Data people"), ("Batch at 06:00", "Batch at seven")]
    changes.append(("reference: IRB-2023-17", "reference: IRB-2024-02"))
    found = diff(contract(), contract(*changes))
    assert len(found.changes) == 3
    assert not found.needs_review
