"""Hostile Parquet and MEDS: footers that lie, bombs, and columns of kinds that are no cells."""

from __future__ import annotations

import io

import pyarrow as pa
import pyarrow.parquet as pq

from tests.attacks.hostile import HEAD, ROW, Hostile, mapped, meds, physionet

_FILE = "file: labs.parquet"
_ROWS = 777_777
_NAMES = HEAD.split(",")
_CELLS = dict(zip(_NAMES, ([one] for one in ROW.split(",")), strict=True))


def _written(table, **options):
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()


def _file(data):
    return lambda folder: (folder / "labs.parquet").write_bytes(data)


def _varint(number):
    number, out = number << 1, bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*out, number])


def _patched(data, old, new, *, times=-1):
    """Return a file in whose footer one number is another one."""
    length = int.from_bytes(data[-8:-4], "little")
    start = len(data) - 8 - length
    footer = data[start:-8]
    assert _varint(old) in footer
    footer = footer.replace(_varint(old), _varint(new), times)
    return data[:start] + footer + len(footer).to_bytes(4, "little") + b"PAR1"


_ONE = pa.table(_CELLS)
_MANY = pa.table({name: pa.nulls(_ROWS, pa.string()) for name in _NAMES})
_SMALL = _written(_ONE)
_WIDE = _written(_MANY)
_LONG = {**_CELLS, "unit": ["\0" * (1 << 20)]}


def _bomb(folder):
    table = pa.concat_tables([pa.table(_LONG)] * 300)
    pq.write_table(table, folder / "labs.parquet", compression="zstd", use_dictionary=False)


def _deep(levels):
    kind = pa.string()
    for _ in range(levels):
        kind = pa.list_(kind)
    return _ONE.set_column(2, "test", pa.nulls(1, kind))


def _not_text():
    bad = pa.StringArray.from_buffers(
        1, pa.array([0, 2], pa.int32()).buffers()[1], pa.py_buffer(b"\xff\xfe")
    )
    return _ONE.set_column(2, "test", bad)


def _events(**changes):
    rows = {
        "subject_id": pa.array([7], pa.int64()),
        "time": pa.array([1_700_000_000_000_000], pa.timestamp("us")),
        "code": pa.array(["LAB//1"]),
    }
    return pa.table({**rows, **changes})


def _meds(said=None, **changes):
    return Hostile("meds", lambda folder: meds(folder, _events(**changes), said=said))


def _physionet_cut(folder):
    physionet(folder)
    path = folder / "events.parquet"
    path.write_bytes(path.read_bytes()[:-6])


def _physionet_words(folder):
    physionet(folder)
    words = {name: ["x"] for name in ("RecordID", "Time", "Parameter", "Value")}
    pq.write_table(pa.table(words), folder / "events.parquet")


def _like(case, code, status=2, counted=""):
    return Hostile(case.kind, case.make, code, status, counted)


PARQUET: dict[str, Hostile] = {
    "parquet_without_footer": mapped(_file(_SMALL[:-9]), "ingest.truncated", status=3, file=_FILE),
    "parquet_of_bytes": mapped(
        _file(b"PAR1" + b"\xff" * 4096 + b"PAR1"), "ingest.truncated", status=3, file=_FILE
    ),
    "parquet_that_is_a_web_page": mapped(
        _file(b"<html>login</html>"), "ingest.wrong_kind", file=_FILE
    ),
    "parquet_lying_rows": mapped(
        _file(_patched(_WIDE, _ROWS, 5, times=1)), "ingest.truncated", status=3, file=_FILE
    ),
    "parquet_of_2_to_40_rows": mapped(
        _file(_patched(_WIDE, _ROWS, 1 << 40)), "ingest.unpacks_too_far", file=_FILE
    ),
    "parquet_bomb": mapped(_bomb, "ingest.unpacks_too_far", file=_FILE),
    "parquet_list": mapped(_file(_written(_deep(1))), "ingest.column_type", file=_FILE),
    "parquet_deep": mapped(_file(_written(_deep(60))), "ingest.truncated", status=3, file=_FILE),
    "parquet_duplicate_column": mapped(
        _file(_written(_ONE.append_column("patient", _ONE["patient"]))),
        "ingest.duplicate_column",
        file=_FILE,
    ),
    "parquet_not_text": mapped(
        _file(_written(_not_text())), "ingest.truncated", status=3, file=_FILE
    ),
    "physionet_cut": Hostile("physionet-2012", _physionet_cut, "ingest.truncated", 3),
    "physionet_words_for_numbers": Hostile(
        "physionet-2012", _physionet_words, "ingest.truncated", 3
    ),
    "meds_list_for_code": _like(_meds(code=pa.array([["a"]])), "ingest.column_type"),
    "meds_words_for_patient": _like(_meds(subject_id=pa.array(["x"])), "ingest.column_type"),
    "meds_deep_json": _like(_meds(said=b"[" * 100_000), "ingest.manifest"),
    "meds_endless_json": _like(_meds(said=b" " * (64 << 20)), "ingest.manifest"),
    "meds_strange_availability": _like(
        _meds(said=b'{"etl_name": "attending", "attending": {"availability": 7}}'),
        "ingest.manifest",
    ),
    "meds_nan_value": _meds(numeric_value=pa.array([float("inf")], pa.float32())),
    "meds_control_code": _like(_meds(code=pa.array(["LAB//\u202e1"])), "", 0, "odd_code"),
}
