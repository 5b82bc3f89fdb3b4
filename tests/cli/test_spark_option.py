"""`--spark`: the same verbs with the same answers; a cluster that is not there ends with exit 5."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from attending.lifecycle.desk import open_desk
from attending.times import parse_instant
from tests.faults.conftest import AT, Ward


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """A home with one small snapshot, and a project."""
    made = Ward(tmp_path_factory.mktemp("spark"))
    folder, _ = made.write()
    made.ingest(folder)
    return made


def entries(ward, action):
    """Return the details of the ledger's entries of one kind, the newest first."""
    with open_desk(ward.home, at=parse_instant(AT)) as desk:
        return [entry.details for entry in desk.home.ledger.search(action=action, limit=9)]


def test_every_verb_gives_the_same_records_on_spark(ward, spark_master):
    for verb in (
        ("contract", "check"),
        ("cohort", "build"),
        ("features", "build"),
        ("features", "parity", "--most", "40"),
        ("gate", "leaks"),
    ):
        here = ward.asked(*verb)
        there = ward.asked(*verb, "--spark", spark_master)
        assert here.json["digest"] == there.json["digest"]
        assert here.out == there.out
        assert there.err == ""
    for asked in (
        ("baseline", "show", "--score", "news2", "--score", "lace"),
        ("cohort", "diff", str(ward.project / "cohort.yaml")),
        ("codelist", "diff", "charlson", "elixhauser", "--impact"),
    ):
        code = 3 if asked[0] == "codelist" else 0
        told = ward.asked(*asked, code=code)
        assert told.out == ward.asked(*asked, "--spark", spark_master, code=code).out
    # The engine stands in the ledger, and in no record.
    assert sorted(one["engine"] for one in entries(ward, "features.build")) == ["local", "spark"]
    # A refusal of a gate is the same refusal.
    assert ward.asked("gate", "check", "pretrain", "--spark", spark_master, code=3).err


def test_a_cluster_that_is_not_there_ends_with_exit_5_and_records_nothing(ward, spark_master):
    del spark_master
    before = len(entries(ward, "contract.check"))
    refused = ward.asked("contract", "check", "--spark", "spark://127.0.0.1:1", code=5)
    assert "refused [spark.unreachable]" in refused.err
    assert "leave --spark away" in refused.err
    assert (
        ward.asked("contract", "check", "--spark", "lokal", code=2).json["code"] == "spark.master"
    )
    assert len(entries(ward, "contract.check")) == before


def test_without_java_spark_is_refused_in_one_line(ward, spark_master, tmp_path):
    del spark_master
    done = subprocess.run(
        [sys.executable, "-m", "attending", "contract", "check", "--spark", "local[2]",
         "--home", str(ward.home), "--project", str(ward.project), "--at", AT],
        env={**os.environ, "JAVA_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 5
    assert done.stderr.splitlines() == [
        "refused [spark.java] Java did not start, or it is too old for Spark",
        "  Install Java 17 or 21, or name it in JAVA_HOME.",
    ]
