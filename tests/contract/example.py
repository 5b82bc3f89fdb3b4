"""A contract for the handmade hospital extract, as a team would write it."""

from __future__ import annotations

from attending.specs.contract import ContractSpec
from attending.specs.read_yaml import parse_spec

YAML = """\
apiVersion: v3.1.0
kind: DataContract
id: ward-events
name: Events of the wards
version: 1.0.0
status: active
description:
  purpose: Inputs for readmission models
  usage: Batch at 06:00
  limitations: No intensive care monitors
servers:
  - {server: lake, type: local, path: ./data, format: parquet, region: us-east}
schema:
  - name: events
    properties:
      - {name: subject_id, logicalType: integer, required: true}
      - {name: known_at, logicalType: timestamp, required: true, criticalDataElement: true}
      - name: numeric_value
        logicalType: number
        quality:
          - id: lab-nulls
            metric: nullValues
            arguments: {codes: ["LOINC//*"]}
            mustBeLessOrEqualTo: 10
            unit: percent
            dimension: completeness
          - id: creatinine-range
            metric: invalidValues
            arguments: {codes: [LOINC//2160-0], minimum: 0.1, maximum: 30}
            mustBeLessOrEqualTo: 1
            unit: percent
      - name: unit
        logicalType: string
        quality:
          - id: creatinine-unit
            metric: invalidValues
            arguments: {codes: [LOINC//2160-0], validValues: [mg/dL]}
            mustBe: 0
      - name: code
        logicalType: string
        quality:
          - id: code-form
            metric: invalidValues
            arguments: {pattern: "^[A-Z0-9_]+(//.+)?$"}
            mustBe: 0
    quality:
      - id: once
        metric: duplicateValues
        arguments: {properties: [subject_id, time, code, numeric_value, source_row]}
        mustBe: 0
      - id: enough-labs
        metric: rowCount
        arguments: {codes: ["LOINC//*"]}
        mustBeBetween: [1, 1000]
      - {id: read, type: text, description: Read by the laboratory's lead, severity: info}
slaProperties:
  - {property: latency, value: 16, unit: h, element: "LOINC//*"}
  - {property: frequency, value: 1, unit: d}
  - {property: retention, value: 7, unit: y, driver: regulatory}
team: {name: Clinical data, members: [{username: jdoe, role: owner}]}
roles: [{role: modeller, access: read, firstLevelApprovers: data steward}]
customProperties:
  - property: attending.sources
    value: [{name: handmade, kind: ehr}, {name: billing, kind: claims}, {name: lis, kind: labs}]
  - {property: attending.timeZone, value: UTC}
  - property: attending.availability
    value: {labs: recorded, diagnoses: encounter_end+3d, DRG//: never, notes: "lag:24h"}
  - {property: attending.residency, value: [us-east]}
  - property: attending.permission
    value: {reference: IRB-2023-17, grantedBy: Data steward, expires: 2024-01-01}
  - {property: attending.vocabularies, value: {LOINC: "2.76", ICD10CM: "2024"}}
  - property: attending.methods
    value: {"LOINC//2160-0": {name: enzymatic, analyser: c702, version: "2"}}
  - {property: attending.sites, value: [NORTH, SOUTH]}
  - {property: theirs.costCentre, value: "4711"}
"""


def contract(*changes: tuple[str, str]) -> ContractSpec:
    """Return the contract with words replaced."""
    text = YAML
    for before, after in changes:
        assert before in text, before
        text = text.replace(before, after)
    return parse_spec(text.encode(), ContractSpec, name="contract.yaml")
