"""Hostile packed files: bombs, cut and altered ones, archives with strange members."""

from __future__ import annotations

import gzip
import struct
import zipfile

from tests.attacks.hostile import HEAD, ROW, ROWS, Hostile, fhir, mapped, mimic, omop

_GZ, _ZIP = "file: labs.csv.gz", "archive: labs.zip\n    file: labs.csv"
_PACKED = gzip.compress(ROWS.encode() + f"{ROW}\n".encode() * 2000)
_MEGABYTE = 1 << 20


def _gz(data):
    return lambda folder: (folder / "labs.csv.gz").write_bytes(data)


def _bomb(line, *, head=b"", megabytes=1024):
    """Return a gzip file that holds a gigabyte, made of members of 64 MB."""
    block = gzip.compress(line * (64 * _MEGABYTE // len(line)), compresslevel=6)
    return gzip.compress(head) + block * (megabytes // 64)


def _zip(*members, wreck=lambda data: data):
    def make(folder):
        with zipfile.ZipFile(folder / "labs.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in members:
                archive.writestr(name, data)
        path = folder / "labs.zip"
        path.write_bytes(wreck(path.read_bytes()))

    return make


def _sealed(data):
    """Set the bit that says a member is sealed, in its own header and in the directory's."""
    data = bytearray(data)
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def _lying(data):
    """Say in both headers that a member is small."""
    data = bytearray(data)
    struct.pack_into("<I", data, 22, 10)
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 10)
    return bytes(data)


def _fhir_bomb(folder):
    fhir(folder)
    (folder / "Observation.ndjson").unlink()
    (folder / "Observation.ndjson.gz").write_bytes(_bomb(b"\n"))


def _bundle_bomb(folder):
    (folder / "all.json").write_bytes(
        b'{"resourceType": "Bundle", "entry": [' + b"{}," * (20 << 20)
    )


def _mimic_bomb(folder):
    mimic(folder)
    path = folder / "hosp" / "labevents.csv"
    head = path.read_bytes()
    path.unlink()
    path.with_suffix(".csv.gz").write_bytes(_bomb(b",,,,,,,,\n", head=head))


def _omop_cut(folder):
    omop(folder)
    path = folder / "MEASUREMENT.csv.gz"
    path.write_bytes(path.read_bytes()[:-12])


def _sums(folder):
    mimic(folder)
    (folder / "SHA256SUMS.txt").write_bytes(b"\xff\xfe\n")


_MANY = f"{HEAD}\n".encode() + b"1,2,3,4,5,6,7\n" * (16 * _MEGABYTE)
PACKED: dict[str, Hostile] = {
    "gzip_bomb_of_one_line": mapped(_gz(_bomb(b"\0")), "ingest.not_a_table", file=_GZ),
    "gzip_bomb_of_rows": mapped(
        _gz(_bomb(f"{ROW}\n".encode(), head=f"{HEAD}\n".encode())),
        "ingest.unpacks_too_far",
        file=_GZ,
    ),
    "gzip_bomb_in_mimic": Hostile("mimic-iv", _mimic_bomb, "ingest.unpacks_too_far"),
    "gzip_bomb_in_fhir": Hostile("fhir", _fhir_bomb, "ingest.no_resources"),
    "gzip_cut": mapped(_gz(_PACKED[:-30]), "ingest.truncated", status=3, file=_GZ),
    "gzip_without_end": mapped(_gz(_PACKED[:-8]), "ingest.truncated", status=3, file=_GZ),
    "gzip_bad_crc": mapped(
        _gz(_PACKED[:-8] + b"\0\0\0\0" + _PACKED[-4:]), "ingest.truncated", status=3, file=_GZ
    ),
    "gzip_garbage_behind": mapped(
        _gz(_PACKED + b"\x00\x01garbage"), "ingest.truncated", status=3, file=_GZ
    ),
    "gzip_that_is_text": mapped(_gz(ROWS.encode()), "ingest.truncated", status=3, file=_GZ),
    "gzip_in_gzip": mapped(_gz(gzip.compress(_PACKED)), "ingest.wrong_kind", file=_GZ),
    "omop_cut": Hostile("omop", _omop_cut, "ingest.truncated", 3),
    "sums_of_bytes": Hostile("mimic-iv", _sums, "ingest.truncated", 3),
    "zip_bomb": mapped(_zip(("labs.csv", _MANY)), "ingest.unpacks_too_far", file=_ZIP),
    "zip_bomb_that_lies": mapped(
        _zip(("labs.csv", _MANY), wreck=_lying), "ingest.truncated", status=3, file=_ZIP
    ),
    "zip_with_parent": mapped(
        _zip(("labs.csv", ROWS), ("../../x.csv", ROWS)), "ingest.archive", file=_ZIP
    ),
    "zip_with_root": mapped(
        _zip(("labs.csv", ROWS), ("/etc/x.csv", ROWS)), "ingest.archive", file=_ZIP
    ),
    "zip_sealed": mapped(_zip(("labs.csv", ROWS), wreck=_sealed), "ingest.archive", file=_ZIP),
    "zip_without_it": mapped(_zip(("other.csv", ROWS)), "ingest.missing_file", file=_ZIP),
    "zip_cut": mapped(
        _zip(("labs.csv", ROWS), wreck=lambda data: data[:-30]),
        "ingest.truncated",
        status=3,
        file=_ZIP,
    ),
    "bundle_of_many_nothings": Hostile("fhir", _bundle_bomb, "ingest.no_resources"),
}
