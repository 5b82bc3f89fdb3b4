"""The incident drill of the docs, command by command, from a wrong unit to the signed end."""

from __future__ import annotations

import json
import shlex
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from attending.cli.app import app
from attending.errors import AttendingError
from attending.lifecycle import incidents
from attending.lifecycle.desk import open_desk
from attending.times import format_instant
from tests.journeys.conftest import ROOT
from tests.lifecycle.ward import SECOND, make_silent

SIGNED = ("sign", "disable", "enable")


def commands():
    """Return the commands of the page, in their order."""
    text = (ROOT / "docs" / "incident_drill.md").read_text(encoding="utf-8")
    return [shlex.split(line)[1:] for line in text.splitlines() if line.startswith("    attending")]


class Drill:
    """Runs commands in the home, a minute apart, and keeps what they named."""

    def __init__(self, ward, folder):
        self.home, self.folder, self.minute = ward.desk.home.root, folder, 0
        self.named: dict[str, str] = {}
        for person, secret in ward.secrets.items():
            (folder / f"{person}.secret").write_text(secret)
            (folder / f"{person}.secret").chmod(0o600)

    def run(self, words):
        """Return what a command printed, as it prints it for machines."""
        self.minute += 1
        args = [self.named.get(word, word) for word in words]
        args = [str(self.folder / word) if word == "touched.parquet" else word for word in args]
        if args[0] in SIGNED or args[1] in SIGNED:
            args += [
                "--passphrase-file",
                str(self.folder / f"{args[args.index('--as') + 1]}.secret"),
            ]
        if args[0] != "hospital":
            at = format_instant(SECOND + timedelta(minutes=self.minute))
            args += ["--home", str(self.home), "--at", at]
        done = CliRunner().invoke(app, [*args, "--json"])
        if isinstance(done.exception, AttendingError):
            raise done.exception
        assert done.exit_code == 0, (words, done.output, done.exception)
        return json.loads(done.stdout)


@pytest.fixture
def drill(tmp_path, monkeypatch):
    ward = make_silent(tmp_path)
    ward.desk.home.close()
    watched = tmp_path / "project" / "monitoring.yaml"  # a small hospital: a longer look
    watched.write_text(watched.read_text().replace("window: 28d", "window: 70d", 1))
    monkeypatch.chdir(tmp_path)
    return Drill(ward, tmp_path)


@pytest.mark.requirement("K1", "K3")
def test_the_drill_of_the_page_goes_from_a_wrong_unit_to_the_signed_end(drill):
    told: dict[str, list[dict]] = {}
    refused = set()
    for words in commands():
        name = " ".join(words[:2])
        if name == "incident review":
            early = next(one for one in commands() if one[0] == "sign")
            assert "REVIEW" in early  # nothing is signed before it is written
        if words[:2] == ["incident", "step"] and words[3] == "contain":
            with pytest.raises(AttendingError) as other:  # another's step, and the verb says whose
                drill.run([*words[:-1], "caro"])
            refused.add(other.value.code)
        if words[:1] == ["sign"] and "clara" in words:
            own = ["dana" if one == "clara" else one for one in words]
            with pytest.raises(AttendingError) as author:
                drill.run(own)
            refused.add(author.value.code)
        found = told.setdefault(name, [])
        found.append(drill.run(words))
        if name == "monitor run":
            _look(found[-1])
            drill.named["REPORT"] = _report(drill)
        if name == "incident open":
            drill.named["INCIDENT"] = found[-1]["digest"]
        if name == "incident review":
            drill.named["REVIEW"] = found[-1]["digest"]
    assert "incident.owner" in refused
    assert len(refused) == 2
    shown = told["incident show"][0]
    assert (shown["state"], shown["overdue"]) == ("closed", [])
    assert shown["incident"]["finding"] == drill.named["REPORT"]
    assert all(not one["late"] for one in shown["done"].values())
    touched = pq.read_table(drill.folder / "touched.parquet")
    assert touched.num_rows == told["incident impact"][0]["predictions"] > 20
    assert all(one["text"].startswith("THIS IS A DRILL") for one in told["incident letter"])


def _look(said):
    """Assert that the planted unit is what the monitors found."""
    found = {name for one in said["report"]["findings"] for name in (one["subject"], *one["also"])}
    assert {"creatinine_last", "glucose_last"} <= found
    assert said["verdict"]["answer"] != "continue"
    assert said["verdict"]["drift"] == "data"


def _report(drill):
    at = SECOND + timedelta(minutes=drill.minute)
    with open_desk(drill.home, at=at) as desk:
        assert incidents.incidents(desk) == ()
        return desk.home.ledger.search(action="monitor.run", limit=1)[0].subject
