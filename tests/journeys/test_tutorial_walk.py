"""The tutorial's road on real data, walked as it is written: every command, in the page's order."""

from __future__ import annotations

import re
import shlex
import shutil

import pytest

from tests.journeys.conftest import ROOT, Shell, commit

pytestmark = pytest.mark.data
_SECTION_ON_OTHER_DATA = "## 7. "
#: What the walk does by other means, and the minutes of measuring that another test takes.
_OTHER_MEANS = ("make", "export", "mkdir", "git", "explain")
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")


def commands() -> list[list[str]]:
    """Return the commands of sections 1 to 6, without the name of the program."""
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    road = text.split(_SECTION_ON_OTHER_DATA)[0].replace("\\\n", " ")
    lines = [shlex.split(line) for line in road.splitlines() if line.startswith("    ")]
    found = [line for line in lines if line and line[0] != "--expires"]
    return [line[1:] if line[0] == "attending" else line for line in found]


def _found(pattern: str, said: str) -> str:
    match = re.search(pattern, said)
    assert match is not None, said
    return match[1]


def test_the_road_ends_at_trained_and_not_at_a_gate_that_nobody_can_open(tmp_path, data_folder):
    shell = Shell(folder=tmp_path, home=tmp_path / "home")
    shutil.copytree(data_folder / "physionet-2012-set-a", tmp_path / "physionet")
    named: dict[str, str] = {}
    for written in commands():
        if written[0] in _OTHER_MEANS:
            continue
        args = [named.get(word, word) for word in written]
        if args[0] == "user":
            args += ["--passphrase-file", str(shell.passphrase(args[2]))]
        if args[0] == "sign":
            args += ["--passphrase-file", str(shell.passphrase(args[args.index("--as") + 1]))]
        said = shell.run(*args).stdout
        digests = _DIGEST.findall(said)
        if args[0] == "new":
            commit(tmp_path / "icu")
        elif args[0] == "agree":
            named["AGREEMENT"] = digests[0][:6]
        elif args[:2] == ["gate", "except"]:
            named["EXCEPTION"] = digests[0][:6]
        elif args[:2] == ["train", "fit"]:
            named["RUN"] = digests[0]
            assert "sample size: TOO FEW" in said
        elif args[:2] == ["validate", "model"]:
            named["REPORT"] = _found(r"document show ([0-9a-f]+) --by dana", said)
        elif args[:2] == ["release", "propose"]:
            named["DATA_ACCESS"] = _found(r"data_access:? +([0-9a-f]{6,})", said)
    assert "trained" in said
    assert (tmp_path / "report.html").read_text(encoding="utf-8").startswith("<!doctype html")
    closed = shell.run("gate", "check", "validated", "--project", "icu", code=3)
    assert "time.zones_real" in closed.stdout
