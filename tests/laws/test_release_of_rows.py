"""Quarantining rows and releasing them, in any steps, holds what declaring at once would hold."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import csv

from attending.digests import canonical, digest_file
from attending.engines.local import LocalEngine
from attending.ingest.shards import sorted_events
from attending.lifecycle import closing, growing, ingesting, quarantining, simulating, snapshots
from attending.lifecycle.closing import Declared, Word
from attending.lifecycle.desk import create_home
from attending.records.events import plain
from attending.stores.snapshots import MANIFEST
from attending.times import HOUR, parse_instant

FIRST, SECOND = (parse_instant(f"2023-08-0{day}T06:00:00Z") for day in (1, 8))
LAGS = {"labs": 24 * HOUR, "diagnoses": 72 * HOUR}
STORED = {"labs": "resulted_at", "diagnoses": "coded_at"}


def blanked(folder, *, seed):
    """Take away when one result and one diagnosis in ten were stored; the manifest still fits."""
    some = np.random.default_rng(seed)
    path = folder / MANIFEST
    manifest = json.loads(path.read_bytes())
    for name, column in STORED.items():
        file = folder / f"{name}.csv"
        head = csv.read_csv(file).column_names
        as_text = csv.ConvertOptions(
            column_types=dict.fromkeys(head, pa.string()), strings_can_be_null=True
        )
        table = csv.read_csv(file, convert_options=as_text)
        keep = pa.array(some.random(table.num_rows) > 0.1)
        place = table.schema.get_field_index(column)
        cells = pc.if_else(keep, table[column], pa.scalar(None, pa.string()))
        csv.write_csv(
            table.set_column(place, column, cells), file, csv.WriteOptions(quoting_style="none")
        )
        lines = file.read_text().split("\n", 1)
        file.write_text(lines[0].replace('"', "") + "\n" + lines[1])
        manifest["files"][f"{name}.csv"]["sha256"] = digest_file(file)
    path.write_bytes(canonical(manifest))
    return folder


def events(held):
    return sorted_events(LocalEngine(held.shards).map(plain))


@pytest.fixture(scope="module", params=[1, 2])
def place(request, tmp_path_factory):
    """A base and a week's feed of a hospital, each with rows that wait for a lag."""
    folder = tmp_path_factory.mktemp("release")
    hospital = simulating.build_hospital(patients=200, years=2, seed=request.param)
    simulating.write_source(hospital, folder / "base", until=FIRST)
    simulating.write_source(hospital, folder / "week", until=SECOND, since=FIRST)
    for name in ("base", "week"):
        blanked(folder / name, seed=request.param)
    desk = create_home(folder / "home", at=SECOND, seed=request.param)
    secrets = simulating.add_persons(desk)
    yield replace(desk, actor="erik"), folder, Word("erik", secrets["erik"], "agreed")
    desk.home.close()


def test_released_step_by_step_is_ingested_at_once(place):
    desk, folder, word = place
    at_once = ingesting.ingest(desk, "hospital", folder / "base", lags=LAGS)
    held = ingesting.ingest(desk, "hospital", folder / "base")
    waits = held.snapshot.account.quarantined
    assert waits > at_once.snapshot.account.quarantined
    assert events(held).num_rows < events(at_once).num_rows  # the control: without them
    for table in ("diagnoses", "labs"):
        declared = Declared(lags={table: LAGS[table]})
        held, record = closing.release(
            desk, folder / "base", word, declared=declared, snapshot=held.digest
        )
        assert sum(record.released.values()) + sum(record.waiting.values()) == waits
        waits -= sum(record.released.values())
    assert events(held).equals(events(at_once))
    assert waits == at_once.snapshot.account.quarantined
    folded = snapshots.compact(desk, held.digest)
    assert folded.snapshot.account == at_once.snapshot.account
    waiting = quarantining.waiting(desk, folded.digest)
    assert sum(one.rows for one in waiting if one.state == "waiting") == waits


def test_released_after_a_later_delivery_is_ingested_in_time(place):
    desk, folder, word = place
    base = ingesting.ingest(desk, "hospital", folder / "base", lags=LAGS)
    in_time = growing.append(desk, "hospital", folder / "week", onto=base.digest, lags=LAGS)
    base = ingesting.ingest(desk, "hospital", folder / "base")
    held = growing.append(desk, "hospital", folder / "week", onto=base.digest)
    for delivery in ("base", "week"):
        held, _ = closing.release(
            desk, folder / delivery, word, declared=Declared(lags=LAGS), snapshot=held.digest
        )
    assert events(held).equals(events(in_time))
