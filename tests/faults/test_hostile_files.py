"""Hostile files by their id: YAML that would run or explode, and tables that are none."""

from __future__ import annotations

import resource

import pytest
from ruamel.yaml import YAML

from attending.errors import AttendingError, BadInput
from attending.lifecycle import ingesting
from attending.specs.contract import ContractSpec
from attending.specs.read_yaml import parse_spec, read_spec

BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)
HOSTILE = {
    "alias bomb": BOMB,
    "python tag": "a: !!python/object/apply:os.system [echo]",
    "custom tag": "a: !include /etc/hostname",
    "merge loop": "a: &a\n  <<: *a\n",
    "duplicate key": "a: 1\na: 2\n",
    "deep nest": "[" * 5000 + "]" * 5000,
    "large": "a: " + "x" * 50_000_000,
    "not utf-8": "a: \udcff",
}
MOST_KILOBYTES = 500_000


@pytest.mark.fault("X05")
def test_x05_hostile_yaml_is_refused_by_type_and_without_growing(tmp_path):
    # Control: a plain safe loader takes the bomb, and every one of its aliases.
    assert len(YAML(typ="safe", pure=True).load(BOMB)["c"]) == 9
    path = tmp_path / "contract.yaml"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for what, text in HOSTILE.items():
        path.write_bytes(text.encode("utf-8", "surrogateescape"))
        with pytest.raises(BadInput) as refused:
            read_spec(path, ContractSpec)
        assert refused.value.code.startswith("spec."), what
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < MOST_KILOBYTES


def test_x05_scalars_are_typed_by_the_schema_and_not_by_their_looks():
    text = "apiVersion: v3.1.0\nkind: DataContract\nid: 'no'\nname: 12:30:45\nversion: 010\n"
    text += "status: active\ndescription: {purpose: no}\n"
    spec = parse_spec(text.encode(), ContractSpec, name="contract.yaml")
    assert (spec.id, spec.name, spec.version) == ("no", "12:30:45", "010")
    assert spec.description.purpose == "no"


@pytest.mark.fault("X08")
def test_x08_a_hostile_table_is_refused_by_type_and_nothing_is_kept(ward):
    place, _ = ward.extract()
    good = (place / "labs.csv").read_bytes()
    head = good.split(b"\n", 1)[0]
    hostile = {
        "a parquet head": b"PAR1" + b"\xff" * 4096 + b"PAR1",
        "an entity bomb": b'<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>',
        "control characters": head.replace(b"loinc", b"lo\x00\x07inc") + b"\n",
        "one endless line": b"x" * 20_000_000,
        "nothing": b"",
    }
    # Control: whatever the bytes say, the file has the right name and lies in the right place.
    assert (place / "labs.csv").is_file()
    for what, data in hostile.items():
        (place / "labs.csv").write_bytes(data)
        _restate(place)
        with pytest.raises(AttendingError) as refused:
            ingesting.ingest(ward.desk, "hospital", place)
        assert refused.value.where == "labs.csv", what
    assert ingesting.snapshots(ward.desk) == ()


def _restate(place):
    """State the digest of the hostile file, so that only its content can refuse it."""
    import json

    from attending.digests import canonical, digest_file

    manifest = json.loads((place / "manifest.json").read_text())
    manifest["files"]["labs.csv"]["sha256"] = digest_file(place / "labs.csv")
    (place / "manifest.json").write_bytes(canonical(manifest))
