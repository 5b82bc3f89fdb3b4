"""A contract says what a source promises; what it cannot mean is refused with its line."""

from __future__ import annotations

import datetime as dt

import pytest
from pydantic import TypeAdapter

from attending.errors import BadInput
from attending.specs.base import dump
from attending.specs.contract import ContractSpec
from attending.times import DAY
from tests.contract.example import contract


@pytest.mark.requirement("A1", "A10")
def test_it_names_source_systems_of_every_kind():
    assert [(one.name, one.kind) for one in contract().sources] == [
        ("handmade", "ehr"),
        ("billing", "claims"),
        ("lis", "labs"),
    ]
    with pytest.raises(BadInput, match="imaging"):
        contract(("kind: claims", "kind: rumours"))


@pytest.mark.requirement("A2")
def test_it_says_how_often_data_are_refreshed():
    assert contract().refresh_cadence == DAY
    with pytest.raises(BadInput, match="frequency needs a number and a unit"):
        contract(("frequency, value: 1, unit: d", "frequency, value: 1, unit: moon"))


def test_it_says_null_rates_time_rules_and_columns():
    spec = contract()
    assert [(column, rule.id) for column, rule in spec.null_rates] == [
        ("numeric_value", "lab-nulls")
    ]
    assert spec.time_zone == "UTC"
    assert spec.availability["diagnoses"] == "encounter_end+3d"
    assert spec.lags == {"notes": DAY}
    assert spec.required_columns == ("subject_id", "known_at")
    assert spec.vocabularies["LOINC"] == "2.76"


def test_it_says_who_allowed_what_and_where_data_may_stand():
    spec = contract()
    assert spec.permission is not None
    assert (spec.permission.reference, spec.permission.expires) == (
        "IRB-2023-17",
        dt.date(2024, 1, 1),
    )
    assert spec.residency == ("us-east",)
    assert spec.sites == ("NORTH", "SOUTH")


@pytest.mark.parametrize(
    ("change", "line", "message"),
    [
        (("diagnoses: encounter_end+3d", "diagnoses: someday"), "contract.yaml:", "someday"),
        (("mustBe: 0\n      - name: code", "severity: error\n      - name: code"), ":35", "mustBe"),
        (("metric: duplicateValues", "metric: madness"), "contract.yaml:", "madness"),
        (("attending.sites", "attending.sights"), "contract.yaml:", "attending.sights"),
        (("apiVersion: v3.1.0", "apiVersion: v2"), "contract.yaml:1", "pattern"),
        (("id: once", "id: lab-nulls"), "contract.yaml:1", "stands twice"),
        (("type: text", "type: sql"), "contract.yaml:", "library"),
    ],
)
def test_what_it_cannot_mean_is_refused_with_its_line(change, line, message):
    with pytest.raises(BadInput, match=message) as refusal:
        contract(change)
    assert refusal.value.where.startswith(line) or line in refusal.value.where


def test_its_digest_leaves_comments_out_and_it_reads_back_from_a_record():
    spec = contract()
    assert contract(("version: 1.0.0", "version: 1.0.0 # the first")).digest == spec.digest
    assert ContractSpec.model_validate(dump(spec)) == spec


def test_it_has_a_json_schema():
    schema = TypeAdapter(ContractSpec).json_schema()
    assert {"apiVersion", "schema", "slaProperties"} <= set(schema["properties"])
