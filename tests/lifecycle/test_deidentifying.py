"""What leaves as de-identified holds no quasi-identifier, or is refused with the list of them."""

from __future__ import annotations

from types import SimpleNamespace

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from attending.contract.quasi_identifiers import found_in, patients_by_code, rare_codes, suppressed
from attending.errors import Refused
from attending.lifecycle import ingesting, simulating, snapshots
from attending.lifecycle.deidentifying import export_deidentified
from attending.lifecycle.desk import create_home, keep
from attending.lifecycle.exporting import export_run
from attending.models.lightgbm_text import smallest_leaf
from attending.records.run import ArtifactDigest
from attending.times import parse_instant
from tests.documents.example_records import run
from tests.engines.tables import event, events

UNTIL = parse_instant("2024-08-01T06:00:00Z")
_YEARS = 365.25 * 24


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """Two homes with the same source: one with the calendar's dates, one with shifted ones."""
    folder = tmp_path_factory.mktemp("deid")
    hospital = simulating.build_hospital(patients=150, years=3, seed=7)
    simulating.write_source(hospital, folder / "source", until=UNTIL)
    desks = {}
    for name in ("real", "shifted"):
        desks[name] = create_home(folder / name, at=UNTIL, seed=7)
        ingesting.ingest(desks[name], "hospital", folder / "source", shift=name == "shifted")
    yield SimpleNamespace(folder=folder, **desks)
    for desk in desks.values():
        desk.home.close()


@pytest.mark.fault("X45")
def test_x45_quasi_identifiers_are_listed_and_the_export_refused(ward, tmp_path):
    # Control: the plain export writes everything.
    snapshots.export(ward.real, tmp_path / "plain")
    table = pq.read_table(tmp_path / "plain")
    assert pc.sum(pc.is_valid(table["source_row"])).as_py() > 0
    with pytest.raises(Refused) as refusal:
        export_deidentified(ward.real, tmp_path / "out")
    assert refusal.value.exit_code == 3
    for words in ("dates of the calendar in time", "row numbers of the source", "fewer than 11"):
        assert words in refusal.value.message
    assert not (tmp_path / "out").exists()
    # Leaving out cannot mend dates.
    with pytest.raises(Refused) as refusal:
        export_deidentified(ward.real, tmp_path / "out", suppress=True)
    assert "dates of the calendar" in refusal.value.message
    assert "fewer than 11" not in refusal.value.message
    with pytest.raises(Refused):
        export_deidentified(ward.shifted, tmp_path / "out")
    rows = export_deidentified(ward.shifted, tmp_path / "out", suppress=True)
    written = pq.read_table(tmp_path / "out")
    assert written.num_rows == rows > 0
    assert rare_codes(patients_by_code(written)) == frozenset()
    assert pc.sum(pc.is_valid(written["source_row"])).as_py() == 0
    (entry,) = ward.shifted.home.ledger.search(action="snapshot.export_deidentified")
    assert entry.details["table_rows"] == rows


@pytest.mark.fault("X45")
def test_x45_each_kind_is_found_by_itself():
    common = [event(n, 24 * n, "LAB//1", 1.0) for n in range(1, 13)]
    young = [event(n, -30 * _YEARS, "MEDS_BIRTH") for n in range(1, 13)]
    # Control: what many have and nobody wrote is clean.
    clean = events([*common, *young])
    rare = rare_codes(patients_by_code(clean))
    assert found_in(clean, rare=rare, dates_real=False) == ()
    for row, kind in (
        (event(1, 5, "DX//rare"), "codes of fewer than 11 patients"),
        (event(1, -91 * _YEARS, "MEDS_BIRTH"), "births of patients older than 89"),
        (event(1, 5, "LAB//1", text_value="a tall man"), "free text"),
        (event(1, 5, "LAB//1", source_row="17"), "row numbers of the source"),
    ):
        table = events([*common, *young, row])
        rare = rare_codes(patients_by_code(table))
        assert [one.kind for one in found_in(table, rare=rare, dates_real=False)] == [kind]
        assert found_in(suppressed(table, rare=rare), rare=rare, dates_real=False) == ()
    # What looks like an identifier cannot be left out: it is told by column, and refused.
    table = events([*common, *young, event(1, 5, "LAB//1", site="ann@example.org")])
    assert {one.column for one in found_in(table, rare=frozenset(), dates_real=False)} == {"site"}
    assert found_in(clean, rare=frozenset(), dates_real=True)[0].kind == "dates of the calendar"


@pytest.mark.fault("X45")
def test_x45_a_model_with_a_patient_in_a_leaf_does_not_leave(ward, tmp_path):
    desk = ward.real
    for rows, refused in ((1, True), (10, True), (11, False)):
        text = f"tree\nversion=v4\nTree=0\nleaf_count=40 {rows}\n".encode()
        # Control: the file by itself says plainly how many there were.
        assert smallest_leaf(text) == rows
        kept = desk.home.artifacts.put(text)
        made = run(artifacts=(ArtifactDigest(name="model.txt", digest=kept),), specs={}, seed=rows)
        keep(desk, made, action="run.fit", keys={"model": made.model})
        if refused:
            with pytest.raises(Refused) as refusal:
                export_run(desk, made, to="mlflow", into=tmp_path / "mlruns")
            assert refusal.value.code == "export.small_leaf"
            assert not (tmp_path / "mlruns").exists()
        else:
            assert export_run(desk, made, to="mlflow", into=tmp_path / "mlruns").is_dir()


def test_pieces_add_up():
    parts = [patients_by_code(events([event(n, 1, "LAB//1", 1.0)])) for n in range(1, 12)]
    assert rare_codes(pa.concat_tables(parts[:10])) == {"LAB//1"}
    assert rare_codes(pa.concat_tables(parts)) == frozenset()
