"""One trail leads from the source to the deployed files, with every approval, and a gap is told."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import pytest

from attending.lifecycle import signing, simulating
from attending.lifecycle.desk import open_desk
from attending.times import parse_instant
from tests.faults.conftest import AT
from tests.lifecycle.study import Study


@pytest.mark.requirement("C10")
def test_the_trail_leads_from_the_source_to_the_files_with_who_approved_them(tmp_path):
    study = Study(tmp_path)
    study.ingest(study.extract())
    study.commit()
    digest = study.fit()
    with open_desk(study.home, at=parse_instant(AT)) as desk:
        secrets = simulating.add_persons(desk)
        signing.sign(
            replace(desk, actor="erik"),
            digest,
            person="erik",
            passphrase=secrets["erik"],
            role="data_engineer",
            meaning="review",
            statement="I have read the record.",
        )
    run = study.asked("run", "show", digest).json
    stops = study.asked("run", "trail", digest).json
    told = [stop["what"] for stop in stops]
    for before, after in (
        ("snapshot", "cohort"), ("cohort", "feature_set"), ("feature_set", "run"),
        ("run", "approval"), ("approval", "artifact"), ("artifact", "deployment"),
    ):  # fmt: skip
        assert told.index(before) < told.index(after), told
    by_what = {stop["what"]: stop for stop in stops}
    assert by_what["snapshot"]["said"] == "from synthetic-hospital"
    assert by_what["approval"]["said"] == "Erik Lind, data_engineer: review of this run"
    for item in run["artifacts"]:
        assert item["digest"] in by_what["deployment"]["said"]
    assert all(stop["at"] for stop in stops if stop["what"] != "artifact")
    # A stop that was changed behind the ledger's back breaks the trail.
    with sqlite3.connect(study.home / "store.db") as store:
        store.execute(
            "update records set content = replace(content, '1', '2') where kind = 'cohort'"
        )
    store.close()
    refused = study.told("run", "trail", digest, code=4)
    assert "record.changed" in refused.err
