"""The container file, the units and the guide ask for nothing that the command line has not."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import typer

from attending.cli.app import app

DEPLOY = Path("deploy")
UNITS = sorted(DEPLOY.glob("*.service"))
SHARED = ("NoNewPrivileges", "ProtectSystem", "CapabilityBoundingSet", "SystemCallFilter", "UMask")


def unknown(words):
    """Return what of a call the command line does not know: a verb or options."""
    command = typer.main.get_command(app)
    rest = list(words)
    while hasattr(command, "commands"):
        name = rest.pop(0) if rest else ""
        if name not in command.commands:
            return [name]
        command = command.commands[name]
    known = {option for one in command.params for option in one.opts} | {"--help"}
    return [one for one in rest if one.startswith("-") and one.split("=")[0] not in known]


def calls(text):
    """Return every call of attending in a text, as words."""
    joined = text.replace("\\\n", " ")
    found = re.findall(
        r"^(?:ExecStart=|\s*|.*&& )\S*\battending ((?:[a-z-]+ )?.*)$", joined, re.MULTILINE
    )
    return [shlex.split(one, comments=True) for one in found if not one.startswith(("in ", "."))]


def settings(path):
    lines = [one for one in path.read_text().splitlines() if "=" in one and one[0] != "#"]
    return [tuple(one.split("=", 1)) for one in lines]


def test_units_and_guide_name_only_verbs_and_options_that_there_are():
    assert unknown(["serve", "--no-such-option"]) == ["--no-such-option"]
    assert unknown(["watch"]) == ["watch"]
    started = [call for path in UNITS for call in calls(path.read_text())]
    assert [call[0] for call in started] == ["run-due", "serve"]
    guide = Path("docs/deploying.md").read_text()
    blocks = "\n".join(re.findall(r"^    (?:sudo -u attending )?(.*)$", guide, re.MULTILINE))
    told = calls(blocks)
    assert len(told) > 6
    assert [(call, wrong) for call in started + told if (wrong := unknown(call))] == []


def test_units_are_hardened_and_systemd_reads_them(tmp_path):
    for path in UNITS:
        said = dict(settings(path))
        assert {name for name in SHARED if name not in said} == set()
        assert (said["User"], said["UMask"], said["ProtectSystem"]) == (
            "attending", "0077", "strict",
        )  # fmt: skip
    timer = dict(settings(DEPLOY / "attending-due.timer"))
    assert timer["Persistent"] == "true"
    analyze = shutil.which("systemd-analyze")
    for path in (*UNITS, DEPLOY / "attending-due.timer"):
        # The program is not at its place here; systemd looks for it.
        text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", path.read_text())
        (tmp_path / path.name).write_text(text)
    if analyze is not None:
        names = [str(tmp_path / path.name) for path in UNITS]
        done = subprocess.run(
            [analyze, "verify", "--man=no", *names], capture_output=True, text=True, check=False
        )
        assert str(tmp_path) not in done.stderr, done.stderr


def test_the_container_has_the_hashed_lock_no_root_and_no_registry():
    text = (DEPLOY / "Containerfile").read_text().replace("\\\n", " ")
    lines = [one.split(None, 1) for one in text.splitlines() if one and one[0] not in "# "]
    by_word: dict[str, list[str]] = {}
    for word, rest in lines:
        by_word.setdefault(word, []).append(rest)
    assert set(by_word) <= {
        "FROM", "ENV", "WORKDIR", "RUN", "COPY", "USER", "VOLUME", "EXPOSE", "STOPSIGNAL",
        "HEALTHCHECK", "ENTRYPOINT", "CMD",
    }  # fmt: skip
    # No host is named: whose mirror an image comes from is the site's own setting.
    assert [one for one in by_word["FROM"] if re.match(r"[^ ]*[.:][^ ]*/", one)] == []
    installs = [one for one in by_word["RUN"] if "pip install" in one]
    assert [
        one for one in installs if "--require-hashes" not in one and "--no-index" not in one
    ] == []
    copied = [name for one in by_word["COPY"] for name in one.split()[:-1] if one[0] != "-"]
    assert [name for name in copied if not Path(name).exists()] == []
    (user,) = by_word["USER"]
    assert not user.startswith(("0", "root"))
    assert json.loads(by_word["ENTRYPOINT"][0]) == ["attending"]
    lock = Path("requirements/postgres.txt").read_text()
    core = Path("requirements/core.txt").read_text()
    pins = [set(re.findall(r"^([a-z0-9.-]+==\S+)", one, re.MULTILINE)) for one in (core, lock)]
    assert {one.partition("==")[0] for one in pins[1] - pins[0]} == {"psycopg", "psycopg-binary"}
    assert pins[0] <= pins[1]
