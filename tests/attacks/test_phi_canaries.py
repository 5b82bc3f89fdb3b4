"""X40 to X42: patients' identifiers through every path, looked for everywhere else."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from attending import keys
from attending.errors import BadInput
from attending.lifecycle import scoring, simulating
from attending.stores.tables import PREDICTIONS
from attending.web.wire import PredictionRequest, asked
from tests.attacks import canaries
from tests.attacks.canaries import ALL, found_in, found_under
from tests.attacks.canary_paths import (
    Shell,
    take_in,
    through_every_verb,
    through_the_service,
    wrong,
)
from tests.attacks.no_network import Called, cut_off
from tests.lifecycle import ward as wards
from tests.lifecycle.ward import make_ward

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def journey(tmp_path_factory):
    """Fifty canaries through everything; where the files lie, and all that was said."""
    folder = tmp_path_factory.mktemp("canaries")
    temporary, logs = folder / "tmp", folder / "logs"
    temporary.mkdir()
    logs.mkdir()
    handler, root = logging.FileHandler(logs / "all.log"), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    shell, planted, write = Shell(folder), {}, simulating.write_source

    def write_planted(hospital, where, *, until, since=None):
        made = write(hospital, where, until=until, since=since)
        planted.update(canaries.plant_extract(where))
        return made

    logging.getLogger("httpx2").setLevel(logging.WARNING)  # the asker's own, with what it asks
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wards.simulating, "write_source", write_planted)
        patch.setattr(tempfile, "tempdir", str(temporary))
        patch.chdir(folder)
        with cut_off() as called:
            ward = make_ward(folder, anew=True)
            made = scoring.score(ward.desk, ward.project)
            through_every_verb(shell, ward)
            take_in(shell, folder, folder / "other")
            answers = through_the_service(ward, made.table.to_pylist())
    root.removeHandler(handler)
    root.setLevel(level)
    handler.close()
    yield SimpleNamespace(
        folder=folder, home=ward.desk.home.root, other=folder / "other", ward=ward, shell=shell,
        asked=answers, planted=planted, called=called, logs=logs, temporary=temporary,
    )  # fmt: skip
    ward.desk.home.close()


def in_tables(file):
    """Return the canaries in each column of a store, but for the day of birth in a prediction.

    A prediction is a patient's record: it holds what its inputs were and when they happened.
    """
    found: dict[str, set[str]] = {}
    with closing(sqlite3.connect(file)) as store:
        tables = store.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            rows = store.execute(f"SELECT * FROM {table}")  # noqa: S608 - names of the store's own
            for row in rows:
                for (column, *_), value in zip(rows.description, row, strict=True):
                    seen = found_in(value if isinstance(value, bytes) else str(value).encode())
                    if (table, column) == ("predictions", "content"):
                        seen -= {one.born for one in ALL}
                    if seen:
                        found.setdefault(f"{table}.{column}", set()).update(seen)
    return found


@pytest.mark.fault("X40")
def test_x40_canaries_stand_in_the_store_of_patients_and_nowhere_else(journey):
    assert len(journey.planted) == len(ALL)
    # Control: the search finds them where they belong, and one that was let out.
    sources = [journey.folder / name for name in ("first", "second", "bulk", "table")]
    seen = set().union(*found_under(sources).values())
    assert {text for one in ALL for text in one.all} <= seen
    leak = journey.logs / "leak.log"
    leak.write_text(f"scored {ALL[7].name}\n")
    assert found_under([journey.logs]) == {str(leak): {ALL[7].name.split()[0]}}
    leak.unlink()
    for home in (journey.home, journey.other):
        rows = sorted(home.glob("store.db*"))
        assert found_under([home], apart=[home / "snapshots", *rows]) == {}
        assert in_tables(home / "store.db") == {}
    assert found_under([journey.logs, journey.temporary, journey.folder / "ledger"]) == {}
    assert found_under([journey.ward.project.folder.path("release").parent]) == {}


@pytest.mark.fault("X40")
def test_x40_no_verb_and_no_answer_tells_a_canary(journey):
    codes = Counter(code for _, code, _ in journey.shell.said)
    assert set(codes) == {0, 2, 3}  # done, and refused in both ways
    told = Counter(code for code, _ in journey.asked.said)
    assert {200, 201, 400, 401, 403, 409, 422} <= set(told)
    # Control: what was sent would be found in what is told.
    assert found_in(str(wrong(ALL[3], {})).encode()) >= set(ALL[3].all[:3])
    assert [(verb, found) for verb, _, text in journey.shell.said
            if (found := found_in(text.encode()))] == []  # fmt: skip
    assert [(text[-300:], found) for _, text in journey.asked.said
            if (found := found_in(text.encode()))] == []  # fmt: skip


@pytest.mark.fault("X41")
def test_x41_a_number_of_a_patient_stands_in_telemetry_as_a_keyed_pseudonym_or_not_at_all(journey):
    home = journey.ward.desk.home
    (scored,) = [row for row in _rows(home) if row.subject_id == _pseudonym(home, ALL[5].mrn)][:1]
    assert scored.subject_id > 0
    # Control: who hashes without a key is found out by trying all numbers that there are.
    tried = {hashlib.sha256(one.mrn.encode()).hexdigest()[:13]: one.mrn for one in ALL}
    assert tried[hashlib.sha256(ALL[5].mrn.encode()).hexdigest()[:13]] == ALL[5].mrn
    assert _pseudonym(home, ALL[5].mrn) != keys.pseudonym(b"k" * 32, "subject", ALL[5].mrn)
    metrics = [text for code, text in journey.asked.said if "attending_predictions_total" in text]
    logs = (journey.logs / "all.log").read_text()
    assert metrics
    for text in (*metrics, logs):
        for one in ALL:
            assert one.mrn not in text
            assert str(_pseudonym(home, one.mrn)) not in text
    names = [str(path.relative_to(journey.home)) for path in journey.home.rglob("*")]
    assert found_in("\n".join(names).encode()) == set()


def _pseudonym(home, mrn):
    return keys.pseudonym(home.pseudonym_key(), "subject", mrn)


def _rows(home):
    return home.database.rows(select(PREDICTIONS))


@pytest.mark.fault("X42")
def test_x42_an_error_names_the_path_of_a_field_and_never_what_it_held(journey):
    event = {"code": "LOINC//2160-0", "known_at": "2024-12-01T06:00:00Z"}
    good = {"subject_id": "7", "prediction_time": "2024-12-01T06:00:00Z",
            "index_start": "2024-12-01T06:00:00Z"}  # fmt: skip
    paths = set()
    for one in ALL[:3]:
        for change in wrong(one, event)[:-1]:
            body = json.dumps(good | change).encode()
            with pytest.raises(ValidationError) as bare:
                PredictionRequest.model_validate_json(body, strict=True)
            # Control: what the library says of it holds the value, or the asker's own name.
            assert found_in(str(bare.value).encode())
            with pytest.raises(BadInput) as refused:
                asked(body)
            assert found_in(json.dumps(refused.value.as_problem()).encode()) == set()
            paths.add(refused.value.message.partition("'")[2].partition("'")[0])
    assert {"subject_id", "events.0.time", "events.0.numeric_value", "events.0"} <= paths
    reasons = [text for verb, _, text in journey.shell.said if verb == "quarantine show"]
    assert len(reasons) == 2  # what was set aside is told by its place and reason
    assert all("labs" in text or "Observation" in text for text in reasons)


@pytest.mark.fault("X48")
def test_x48_the_whole_journey_calls_nobody(journey):
    assert journey.called == []
    # Control: a call outwards, and even the question for a name, is seen and fails.
    with cut_off() as called:
        for host in ("192.0.2.1", "models.example"):
            with pytest.raises(Called):
                socket.create_connection((host, 80), timeout=1)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as telling, pytest.raises(Called):
            telling.sendto(b"x", ("192.0.2.1", 53))
    assert len(called) == 3


@pytest.mark.fault("X48")
def test_x48_verbs_run_in_a_process_without_a_network(tmp_path):
    """Where the machine lets us, the process has no network at all; the hook stands in any case."""
    alone = ["unshare", "--net"]
    may = subprocess.run([*alone, "true"], capture_output=True, check=False).returncode == 0
    lines = (
        "new project --from readmission-synthetic",
        "hospital write extract --patients 60 --years 1 --seed 3",
        "ingest hospital extract --home home", "snapshot ls --home home",
        "cohort build --project project --home home", "audit verify --home home",
    )  # fmt: skip
    command = [sys.executable, "-m", "tests.attacks.no_network", *lines]
    done = subprocess.run(
        [*(alone if may else ()), *command], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "home" / "store.db").is_file()
    # Control: a process that calls somebody ends otherwise.
    calls = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=1)"
    guarded = f"from tests.attacks.no_network import cut_off\nwith cut_off():\n    {calls}"
    ended = subprocess.run(
        [sys.executable, "-c", guarded], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "Called" in ended.stderr
