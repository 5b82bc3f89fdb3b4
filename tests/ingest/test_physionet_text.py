"""PhysioNet 2012 as published, a file of text for each stay, gives the packed form's events."""

from __future__ import annotations

import itertools
import shutil

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from attending.errors import BadInput, NotFound, Refused
from attending.ingest.physionet import EVENTS_FILE, OUTCOMES_FILE
from tests.ingest.handmade import events_of, ingest

HEAD = "RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death"
FIRST = "00:00,RecordID,{0}\n00:00,Age,54\n00:00,Gender,0\n00:00,Height,-1\n"


def published(folder, stays, *, under="set-a"):
    """Write the public layout: outcomes, and a file for each stay."""
    (folder / under).mkdir(parents=True, exist_ok=True)
    for record, lines in stays.items():
        (folder / under / f"{record}.txt").write_text("Time,Parameter,Value\n" + lines)
    rows = "".join(f"{record},6,1,5,-1,0\n" for record in stays)
    (folder / OUTCOMES_FILE).write_text(f"{HEAD}\n{rows}")
    return folder


@pytest.mark.data
def test_the_published_files_give_the_very_events_of_the_packed_form(data_folder, tmp_path):
    packed = data_folder / "physionet-2012-set-a"
    table = pq.read_table(packed / EVENTS_FILE)
    some = sorted(set(table["RecordID"].to_pylist()))[:150]
    table = table.filter(pc.is_in(table["RecordID"], value_set=pa.array(some, pa.int32())))
    one, many = tmp_path / "one", tmp_path / "many"
    one.mkdir()
    pq.write_table(table, one / EVENTS_FILE)
    cells = zip(*(table[name].to_pylist() for name in table.column_names), strict=True)
    stays = {
        record: "".join(f"{time},{word},{value!r}\n" for _, time, word, value in rows)
        for record, rows in itertools.groupby(cells, key=lambda row: row[0])
    }
    published(many, stays)
    for folder in (one, many):
        shutil.copy(packed / OUTCOMES_FILE, folder / OUTCOMES_FILE)
    first = ingest(one, tmp_path / "a", kind="physionet-2012")
    second = ingest(many, tmp_path / "b", kind="physionet-2012")
    assert first.account == second.account
    assert events_of(tmp_path / "a").equals(events_of(tmp_path / "b"))
    assert len(second.files) == 151


@pytest.mark.parametrize("under", ["set-a", "."])
def test_every_line_is_accounted_for(tmp_path, under):
    odd = "00:07,HR,73\n00:07,HR,7x\n00:08,,5\n00:09,HR,1,2\n00:07,HR,73\n"
    stays = {9: FIRST.format(9), 10: FIRST.format(10) + odd}
    folder = published(tmp_path / "set", stays, under=under)
    account = ingest(folder, tmp_path / "out", kind="physionet-2012").account
    assert account.balanced
    assert account.rejected_by_reason == {"missing_value": 2, "odd_line": 1}
    assert account.quarantined_by_reason == {"not_a_number": 1, "no_code": 1}
    assert account.duplicate == 1
    rates = events_of(tmp_path / "out")
    rates = rates.filter(pc.equal(rates["code"], "PHYSIONET2012//HR"))
    assert rates["numeric_value"].to_pylist() == [73.0]


def test_a_file_of_another_record_is_refused_and_so_is_a_folder_without_stays(tmp_path):
    folder = published(tmp_path / "set", {9: FIRST.format(10)})
    with pytest.raises(BadInput) as wrong:
        ingest(folder, tmp_path / "wrong", kind="physionet-2012")
    assert wrong.value.code == "ingest.wrong_record"
    (folder / "set-a" / "9.txt").unlink()
    with pytest.raises(NotFound) as none:
        ingest(folder, tmp_path / "none", kind="physionet-2012")
    assert "physionet.org/content/challenge-2012" in none.value.hint
    (tmp_path / "8.txt").write_text("Time,Parameter,Value\n" + FIRST.format(8))
    (folder / "set-a" / "8.txt").symlink_to(tmp_path / "8.txt")
    with pytest.raises(Refused) as outside:
        ingest(folder, tmp_path / "outside", kind="physionet-2012")
    assert outside.value.code == "ingest.outside_folder"
