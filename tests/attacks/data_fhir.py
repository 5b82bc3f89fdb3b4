"""Hostile FHIR: lines and Bundles that are no JSON, too deep, too long, or say a name twice."""

from __future__ import annotations

import json

from tests.attacks.hostile import Hostile, bundle, fhir
from tests.ingest.test_fhir import LAB

_LAB = json.dumps(LAB).encode()


def _lines(data):
    return lambda folder: fhir(folder, Observation=data)


def _bundle(data):
    return lambda folder: (folder / "one.json").write_bytes(
        data if isinstance(data, bytes) else json.dumps(bundle(folder, *data)).encode()
    )


def _counted(data, why="odd_line"):
    return Hostile("fhir", _lines(data + b"\n"), counted=why)


_WHOLE = json.dumps(bundle(None)).encode()
FHIR: dict[str, Hostile] = {
    "bundle_deep": Hostile("fhir", _bundle(b'{"entry":' + b"[" * 100_000), "ingest.truncated", 3),
    "bundle_cut": Hostile("fhir", _bundle(_WHOLE[:-20]), "ingest.truncated", 3),
    "bundle_with_a_tail": Hostile("fhir", _bundle(_WHOLE + b"{}"), "ingest.truncated", 3),
    "bundle_latin1": Hostile("fhir", _bundle(b'{"id": "\xe9"}'), "ingest.truncated", 3),
    "bundle_list": Hostile("fhir", _bundle(b"[1, 2]"), "ingest.truncated", 3),
    "bundle_long_number": Hostile(
        "fhir", _bundle(b'{"total": ' + b"9" * 10_000 + b"}"), "ingest.truncated", 3
    ),
    "bundle_name_twice": Hostile(
        "fhir",
        _bundle(_WHOLE.replace(b'"id": "p"', b'"id": "p", "id": "q"')),
        "ingest.truncated",
        3,
    ),
    "bundle_endless_entry": Hostile(
        "fhir",
        _bundle(b'{"resourceType": "Bundle", "entry": ["' + b"x" * (64 << 20)),
        "ingest.truncated",
        3,
    ),
    "json_of_another_kind": Hostile("fhir", _bundle(b'{"a": 1}'), "ingest.not_a_bundle"),
    "ndjson_web_page": Hostile("fhir", _lines(b"<html>502</html>"), "ingest.wrong_kind"),
    "bundle_cycle": Hostile(
        "fhir",
        _bundle([{**LAB, "id": "o2", "subject": {"reference": "Observation/o2"}}]),
        counted="unknown_patient",
    ),
    "line_deep": _counted(b'{"id": "o", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"),
    "line_far_number": _counted(_LAB.replace(b"1.9", b"1e999"), "not_a_number"),
    "line_nan": _counted(_LAB.replace(b"1.9", b"NaN"), "not_a_number"),
    "line_half_surrogate": _counted(_LAB.replace(b"mg/dl", b"\\ud800")),
    "line_name_twice": _counted(_LAB.replace(b'"id": "o"', b'"id": "o", "id": "q"')),
    "line_huge_integer": _counted(_LAB.replace(b"1.9", b"9" * 10_000)),
    "line_endless_id": Hostile(
        "fhir", _lines(_LAB.replace(b'"o"', b'"' + b"o" * (1 << 20) + b'"')), counted="odd_name"
    ),
}
