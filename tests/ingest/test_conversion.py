"""Numbers are converted between units that are known and alike; the rest is set aside."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attending.conversions import conversion
from attending.errors import BadInput
from attending.ingest.build import build_snapshot
from attending.ingest.mapped import mapped_source
from attending.specs.mapping import MappingSpec
from attending.specs.read_yaml import parse_spec
from attending.units import UCUM

MAPPING = """\
system: lab
version: "1"
time_zone: UTC
tables:
  - name: glucose
    file: glucose.csv
    subject: patient
    known_at: {rule: recorded, columns: [seen]}
    events:
      - code: [LOINC//14749-6]
        time: {columns: [drawn]}
        value: result
        unit: unit
        into: mmol/L
        molar_mass: 180.156
"""
TIMES = "2024-01-01T08:00:00Z,2024-01-01T09:00:00Z"


@pytest.mark.parametrize(
    ("source", "target", "factor", "offset"),
    [
        ("g/L", "g/dL", 0.1, 0),
        ("ug/L", "ng/mL", 1, 0),
        ("10*9/L", "10*3/uL", 1, 0),
        ("kPa", "mm[Hg]", 7.500615758, 0),
        ("[lb_av]", "kg", 0.45359237, 0),
        ("[degF]", "Cel", 5 / 9, -160 / 9),
        ("L/min", "mL/h", 60_000, 0),
        ("mg/(24.h)", "mg/h", 1 / 24, 0),
    ],
)
def test_factors_are_those_of_the_definitions(source, target, factor, offset):
    found = conversion(source, target)
    assert found == pytest.approx((factor, offset), rel=1e-9)


def test_every_unit_that_we_know_is_ucum():
    for code in UCUM:
        assert conversion(code, code).factor == 1


@pytest.mark.parametrize(
    ("source", "target"),
    [
        ("meq/L", "mmol/L"),
        ("U/L", "[IU]/L"),
        ("mg/dL", "mmol/L"),
        ("kg", "s"),
        ("{score}", "{ratio}"),
    ],
)
def test_what_measures_something_else_is_refused(source, target):
    with pytest.raises(BadInput, match="cannot become"):
        conversion(source, target)
    assert conversion("mg/dL", "mmol/L", molar_mass=113.12).factor == pytest.approx(1 / 11.312)


@pytest.mark.requirement("A3")
@pytest.mark.fault("D08")
def test_D08_a_number_without_a_unit_or_with_one_of_another_kind_is_set_aside(tmp_path):
    rows = [
        f"p1,90,mg/dL,{TIMES}",
        f"p2,5.0,mmol/L,{TIMES}",
        f"p3,90,,{TIMES}",
        f"p4,90,kg,{TIMES}",
        f"p5,90,mgg,{TIMES}",
        f"p6,,mg/dL,{TIMES}",
    ]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "glucose.csv").write_text(
        "\n".join(["patient,result,unit,drawn,seen", *rows])
    )
    (tmp_path / "out").mkdir()
    source = mapped_source(parse_spec(MAPPING.encode(), MappingSpec, name="mapping.yaml"))
    snapshot = build_snapshot(
        "mapped", tmp_path / "in", key=b"k" * 32, out=tmp_path / "out", source=source
    )
    shards = [pq.read_table(path) for path in (tmp_path / "out").glob("shard-*")]
    found = pa.concat_tables(shards).sort_by("numeric_value")
    assert found["numeric_value"].to_pylist() == pytest.approx([4.9957, 5.0, None], abs=1e-4)
    assert found["unit"].to_pylist() == ["mmol/L", "mmol/L", None]
    assert snapshot.account.balanced
    assert snapshot.account.quarantined_by_reason == {"no_conversion": 2, "unknown_unit": 1}
