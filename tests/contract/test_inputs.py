"""What a model rests on is compared by contract, source, unit and vocabulary."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from attending.contract.check import check
from attending.contract.infer import infer, partial_values
from attending.contract.inputs import input_basis, input_changes, partial_inputs
from attending.specs.contract import ContractSpec
from attending.specs.read_yaml import parse_spec
from tests.contract.example import contract
from tests.ingest.handmade import TABLES, ingest, write

TIMES = "2023-01-06T06:00:00Z,2023-01-06T08:00:00Z"


def taken(folder, **tables):
    snapshot = ingest(write(folder / "in", **tables), folder / "out")
    return snapshot, [pq.read_table(path) for path in sorted((folder / "out").glob("shard*"))]


def lab(number, value, unit):
    return f"R{number},1,final,P1,E1,NORTH,2160-0,{value},{unit},{TIMES}"


def basis(taken_in, spec):
    snapshot, shards = taken_in
    partials = pa.concat_tables([partial_inputs(shard) for shard in shards])
    return input_basis("readmission", spec=spec, snapshot=snapshot, partials=partials)


def test_the_same_source_under_the_same_contract_changes_nothing(tmp_path):
    snapshot = taken(tmp_path)
    assert input_changes(basis(snapshot, contract()), basis(snapshot, contract())) == ()


def test_a_known_code_in_another_unit_is_a_change_and_a_new_code_is_none(tmp_path):
    plain = [lab(number, 1.1, "mg/dL") for number in range(3)]
    before = basis(taken(tmp_path / "a", labs=plain), contract())
    sodium = plain[0].replace("R0,", "R9,").replace("2160-0", "2951-2")
    after = basis(taken(tmp_path / "b", labs=[*plain, sodium]), contract())
    assert input_changes(before, after) == ()
    switched = basis(taken(tmp_path / "c", labs=[lab(1, 97, "umol/L")]), contract())
    (change,) = input_changes(before, switched)
    assert (change.path, change.before, change.after) == ("unit.LOINC//2160-0", "mg/dL", "umol/L")


@pytest.mark.parametrize(
    ("field", "value"),
    [("source_version", "9.9"), ("source_system", "new"), ("time_zone", "UTC+1")],
)
def test_another_source_is_a_change(tmp_path, field, value):
    before = basis(taken(tmp_path), contract())
    (change,) = input_changes(before, before.model_copy(update={field: value}))
    assert change.path == f"snapshot.{field}"


def test_a_vocabulary_that_was_not_there_is_a_change(tmp_path):
    before = basis(taken(tmp_path), contract())
    seen = (*before.vocabularies, "SNOMED")
    (change,) = input_changes(before, before.model_copy(update={"vocabularies": seen}))
    assert change.path == "vocabulary.SNOMED"


def test_partial_counts_of_shards_add_up_in_any_order(tmp_path):
    snapshot, shards = taken(tmp_path)
    whole = basis((snapshot, [pa.concat_tables(shards)]), contract())
    assert basis((snapshot, shards[::-1]), contract()) == whole


def test_a_draft_reads_as_a_contract_and_names_no_value_of_a_patient(tmp_path):
    labs = [lab(number, round(0.7 + number * 0.037, 3), "mg/dL") for number in range(40)]
    snapshot, shards = taken(tmp_path, labs=[*labs, lab(77, 23.77, "mg/dL")])
    partials = pa.concat_tables([partial_values(shard) for shard in shards])
    text = infer(partials, snapshot, codes=5)
    spec = parse_spec(text.encode(), ContractSpec, name="draft.yaml")
    rules = {rule.id: rule for _, rule in spec.quality}
    stated = rules["LOINC__2160_0_range"].arguments
    assert stated.minimum is not None
    assert stated.maximum is not None
    assert (stated.minimum, stated.maximum) == (1.0, 2.0)  # one far value does not widen it
    kept = {one.name: one.verdict for one in check(spec, snapshot, shards).checks}
    assert {kept[name] for name in rules} == {"met"}  # a draft holds for what it was drafted from
    assert rules["LOINC__2160_0_unit"].arguments.valid_values == ("mg/dL",)
    assert spec.permission is None
    assert spec.status == "draft"
    assert len(TABLES["vitals"]) < 11
    assert not any(name.startswith("LOINC__8867") for name in rules)
