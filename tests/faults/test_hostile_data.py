"""X08: hostile data files: a typed refusal or counted rows, in seconds and little memory."""

from __future__ import annotations

import gzip
import hashlib
import json

import pytest

from attending.ingest.hospital import COLUMNS
from tests.faults.test_hostile_yaml import MEGABYTES, SECONDS, read_apart
from tests.ingest.handmade import TABLES, write
from tests.ingest.test_fhir import LAB, export

_HEAD = ",".join(COLUMNS["labs"]).encode()
_ROW = TABLES["labs"][2].encode()
_MANY = 40 << 20
#: What the file of results holds; its totals are stated as its source would.
CSV: dict[str, bytes] = {
    "endless_line": _HEAD + b"\n" + b"x" * _MANY,
    "endless_cell": _HEAD + b"\n" + b"R1,1,final,P1,E1,N,1,1," + b"u" * _MANY + b",,\n",
    "open_quote": _HEAD + b'\n"' + (_ROW + b"\n") * 200_000,
    "no_header": (_ROW + b"\n") * 3,
    "empty": b"",
    "only_header": _HEAD + b"\n",
    "control_header": _HEAD.replace(b"loinc", b"lo\x07inc") + b"\n" + _ROW + b"\n",
    "twice_header": _HEAD.replace(b"site", b"loinc") + b"\n" + _ROW + b"\n",
    "many_columns": _HEAD + b"," + b",".join(b"c%d" % n for n in range(200_000)) + b"\n",
    "nul": _HEAD + b"\n" + _ROW.replace(b"final", b"fi\x00nal") + b"\n",
    "binary": bytes(range(256)) * 4096,
    "parquet_magic": b"PAR1" + b"\xff" * 4096 + b"PAR1",
    "gzip_magic": gzip.compress(_HEAD + b"\n" + _ROW + b"\n"),
    "utf16": (_HEAD + b"\n" + _ROW + b"\n").decode().encode("utf-16"),
    "xml": b'<!DOCTYPE x [<!ENTITY a "&b;&b;">]><x>&a;</x>',
    "formula": _HEAD + b"\n" + _ROW.replace(b"2345-7", b"=cmd|' /C calc'!A0") + b"\n",
    "far_number": _HEAD + b"\n" + _ROW.replace(b",140,", b",1e999,") + b"\n",
    "far_version": _HEAD + b"\n" + _ROW.replace(b"R2,1,", b"R2,99999999999999999999999,") + b"\n",
    "far_time": _HEAD + b"\n" + _ROW.replace(b"2023-01-06T06", b"999999-01-06T06") + b"\n",
    "odd_lines": _HEAD + b"\n" + b"a,b\n" * 200_000,
}
_LAB = json.dumps(LAB).encode()
#: Lines of a FHIR export of Observations.
NDJSON: dict[str, bytes] = {
    "one_line": b'{"resourceType": "Observation", "id": "' + b"x" * (120 << 20) + b'"}\n',
    "no_end": b"[" * (80 << 20),
    "deep": b'{"id": "o", "x": ' + b"[" * 90_000 + b"]" * 90_000 + b"}\n",
    "deep_object": b'{"a":' * 90_000 + b"1" + b"}" * 90_000 + b"\n",
    "not_a_number": _LAB.replace(b"1.9", b"NaN") + b"\n",
    "far_number": _LAB.replace(b"1.9", b"1e400") + b"\n",
    "long_number": _LAB.replace(b"1.9", b"9" * 6000) + b"\n",
    "list": b"[1, 2, 3]\n" * 1000,
    "half": _LAB[:50] + b"\n",
    "latin": _LAB.replace(b"mg/dl", b"\xb5g") + b"\n",
    "surrogate": _LAB.replace(b"mg/dl", b"\\ud800") + b"\n",
    "other_types": json.dumps({**LAB, "valueQuantity": [1], "code": 7}).encode() + b"\n",
}
_CHILD = """
import json, sys, time
from pathlib import Path
from attending.errors import AttendingError
from attending.ingest.build import build_snapshot
found = {}
for folder in sorted(one for one in Path(sys.argv[1]).iterdir() if one.is_dir()):
    kind = folder.name.partition("-")[0]
    out = folder / "out"
    out.mkdir()
    start = time.monotonic()
    try:
        made = build_snapshot(kind, folder, key=b"k" * 32, out=out)
        account = made.account
        assert account.balanced
        said = ("", account.quarantined + account.rejected)
    except AttendingError as error:
        said = (error.code, -error.exit_code)
    found[folder.name] = (*said, time.monotonic() - start)
told = Path("/proc/self/status").read_text().splitlines()
peak = int(next(line for line in told if line.startswith("VmHWM")).split()[1]) / 1024
print(json.dumps({"found": found, "megabytes": peak}))
"""
#: What is read as text, says nothing hostile and is taken in.
_HARMLESS = {"hospital-only_header", "hospital-formula", "hospital-far_version"}


def _hospital(folder, data):
    write(folder)
    (folder / "labs.csv").write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text())
    rows = max(0, len(data.splitlines()) - 1)
    manifest["files"]["labs.csv"] = {"rows": rows, "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.fault("X08")
def test_x08_hostile_files_are_refused_or_set_aside_in_time_and_memory(tmp_path):
    for name, data in CSV.items():
        _hospital(tmp_path / f"hospital-{name}", data)
    for name, data in NDJSON.items():
        export(tmp_path / f"fhir-{name}")
        (tmp_path / f"fhir-{name}" / "Observation.ndjson").write_bytes(data)
    # Control: a plain reader of one deep line falls over with an error of its own.
    with pytest.raises(RecursionError):
        json.loads(NDJSON["deep"])
    # Guard: a refusal with a code, or every strange row counted; nothing else.
    said = read_apart(_CHILD, tmp_path)
    assert len(said["found"]) == len(CSV) + len(NDJSON)
    for name, (code, count, spent) in said["found"].items():
        assert (code and count in {-2, -3}) or count > 0 or name in _HARMLESS, (name, code, count)
        assert spent < SECONDS, (name, spent)
    assert said["megabytes"] < MEGABYTES
