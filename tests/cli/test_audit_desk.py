"""The audit desk and recovery by the command line, as an auditor and an operator use them."""

from __future__ import annotations

import contextlib
import io
import json
from types import SimpleNamespace

import pytest

from attending.cli.app import app
from attending.cli.door import through
from tests.lifecycle.desks import MODEL, papers

AT = "2026-03-02T07:00:00Z"


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """A home with the papers of one model, closed, and a way to run verbs on it."""
    folder = tmp_path_factory.mktemp("audit")
    papers(folder / "home").desk.home.close()

    def run(*args, code=0, home=folder / "home", as_json=True, at=AT):
        out, err = io.StringIO(), io.StringIO()
        said = [str(one) for one in args] + ["--home", str(home), "--at", at]
        said += ["--json"] if as_json else []
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            got = through(lambda: app(said, standalone_mode=False), argv=said)
        assert got == code, out.getvalue() + err.getvalue()
        text = out.getvalue()
        return json.loads(text) if as_json and text else text

    return SimpleNamespace(run=run, folder=folder)


@pytest.mark.requirement("J12", "J14")
def test_an_auditor_asks_searches_exports_and_verifies(desk):
    found = desk.run("audit", "ask", MODEL)
    assert all(found[name] for name in ("approved", "data_pulled", "metrics", "incidents"))
    assert found["retired"] == ["v1 at 2026-03-02T06:00:00Z by clara: Replaced by v2."]
    told = desk.run("audit", "ask", MODEL, as_json=False)
    assert "retired:\n  v1 at 2026-03-02T06:00:00Z by clara: Replaced by v2." in told
    (hit,) = desk.run("audit", "search", "cardiac ward")
    assert hit["kind"] == "approval"
    assert desk.run("audit", "search", "***", code=2)["code"] == "search.words"
    bundle = desk.folder / "bundle.tar"
    made = desk.run("audit", "export", bundle, "--model", MODEL)
    assert made["files"] > 10
    report = desk.run("audit", "verify", "--bundle", bundle)
    assert (report["model"], report["findings"]) == (MODEL, [])
    changed = desk.folder / "changed.tar"
    data = bytearray(bundle.read_bytes())
    data[len(data) // 2] ^= 1
    changed.write_bytes(data)
    desk.run("audit", "verify", "--bundle", changed, code=4)
    desk.run("audit", "export", desk.folder / "none.tar", "--model", "nobody", code=2)


@pytest.mark.requirement("J11")
def test_an_operator_backs_up_drills_and_restores(desk):
    backups, second, back = (desk.folder / name for name in ("backups", "second", "back"))
    secret = desk.folder / "secret"
    secret.write_text("a long sentence\n")
    sealed = desk.folder / "keys.sealed"
    made = desk.run(
        *("backup", "make", backups, "--region", "north"),
        *("--keys-into", sealed, "--passphrase-file", secret),
    )
    assert (made["way"], made["region"]) == ("online", "north")
    again = desk.run("backup", "make", backups, "--region", "north")
    assert again["new_files"] < made["new_files"]
    desk.run("backup", "make", backups, "--region", "south", code=2)
    drill = desk.run("backup", "drill", backups, "--into", second, "--region", "south")
    assert drill["held"]
    assert (drill["second_region"], drill["lost_entries"]) == ("south", 0)
    late = "2026-03-05T07:00:00Z"
    desk.run(*("backup", "drill", backups, "--into", desk.folder / "third"), code=3, at=late)
    told = desk.run(
        *("backup", "restore", backups, "--keys", sealed, "--passphrase-file", secret),
        home=back,
    )
    assert (told["lost_entries"], told["keys"]) == (0, True)
    assert desk.run("audit", "verify", home=back)["findings"] == []
    witness = desk.folder / "home" / "witness"
    # The live home went on: against its witness the restored one is seen to be behind.
    desk.run("audit", "checkpoint", at=late)
    desk.run("audit", "verify", "--witness", witness, home=back, code=4)
    desk.run("backup", "restore", backups, "--witness", witness, home=desk.folder / "d", code=4)


@pytest.mark.requirement("J12")
def test_a_list_of_everyone_scored_needs_a_purpose(desk):
    asked = ("audit", "recall", MODEL, "--version", "v1", "--purpose")
    out = desk.folder / "v1.csv"
    late = "2026-03-05T08:00:00Z"
    said = desk.run(*asked, "v1 read a wrong unit", "--out", out, at=late)
    assert said == {"predictions": 0, "patients": 0, "file": str(out)}
    assert out.read_text().startswith('"request_id"')
    desk.run(*asked, "x", at=late, code=2)
    assert desk.run("erasure", "ls", at=late) == []
    assert desk.run("erasure", "check", at=late) == {"returned": 0}
