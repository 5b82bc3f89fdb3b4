"""One demo and two real homes, made once by the command line, for all journeys to look at."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.once import copied

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
AT = "2026-01-05T08:00:00Z"


@dataclass
class Shell:
    """Runs `attending` as a user does, in a folder of its own."""

    folder: Path
    home: Path
    said: list[str] = field(default_factory=list)

    def run(self, *args: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        """Run one verb; the exit code must be the expected one, and no traceback may show."""
        done = subprocess.run(
            [sys.executable, "-m", "attending", *args],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "ATTENDING_HOME": str(self.home), "COLUMNS": "200"},
        )
        shown = done.stdout + done.stderr
        assert "Traceback" not in shown, shown
        assert done.returncode == code, f"{args}: exit {done.returncode}\n{shown}"
        return done

    def json(self, *args: str, code: int = 0):
        """Run one verb with --json and return what it printed."""
        return json.loads(self.run(*args, "--json", code=code).stdout)

    def passphrase(self, person: str) -> Path:
        """Return the file that holds a person's passphrase."""
        path = self.folder / f"{person}.secret"
        if not path.exists():
            path.write_text(f"a sentence for {person} to remember\n")
            path.chmod(0o600)
        return path

    def persons(self) -> None:
        """Add five persons, one for each role that signs."""
        for person, name, role in (
            ("dana", "Dana Reyes", "data_scientist"),
            ("erik", "Erik Lind", "data_engineer"),
            ("clara", "Dr Clara Moss", "clinical_lead"),
            ("caro", "Caro Bell", "compliance_officer"),
            ("omar", "Omar Haddad", "operator"),
        ):
            self.run(
                "user", "add", person, "--name", name, "--role", role,
                "--passphrase-file", str(self.passphrase(person)), "--at", AT,
            )  # fmt: skip

    def sign(self, document: str, person: str, role: str, *, meaning="approval", at=AT, code=0):
        """Sign a document as a person."""
        return self.run(
            "sign", document, "--as", person, "--role", role, "--meaning", meaning,
            "--statement", "I have read it.", "--at", at,
            "--passphrase-file", str(self.passphrase(person)), code=code,
        )  # fmt: skip


def commit(folder: Path) -> None:
    """Commit a folder, so that a run from it is not exploratory."""
    for args in (
        ("init", "-q"),
        ("add", "-A"),
        ("-c", "user.name=t", "-c", "user.email=t@example.invalid", "commit", "-qm", "asked"),
    ):
        subprocess.run(["git", "-C", str(folder), *args], check=True, capture_output=True)


def new_shell(folder: Path, example: str) -> tuple[Shell, Path]:
    """Return a shell and a committed copy of an example project."""
    shell = Shell(folder=folder, home=folder / "home")
    project = folder / "project"
    shell.run("new", str(project), "--from", example)
    commit(project)
    return shell, project


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    """Return the demo, run as a user would: its home and everything that it printed.

    It is run once for all workers, and each has a copy: where it was run stands as where it is.
    """
    folder = tmp_path_factory.mktemp("demo")
    told = copied("demo", folder, _run_demo)
    said = [line.replace(told["where"], str(folder)) for line in told["said"]]
    return Shell(folder=folder, home=folder / "home", said=said)


def _run_demo(folder):
    shell = Shell(folder=folder, home=folder / "home")
    done = shell.run("demo", "--seed", "7", "--home", str(shell.home))
    return {"where": str(folder), "said": done.stdout.splitlines()}


@pytest.fixture(scope="session")
def mimic(tmp_path_factory, data_folder):
    """A home with the MIMIC-IV demo ingested, once for all workers; each has a copy."""

    def taken_in(folder):
        shell, _ = new_shell(folder, "readmission-mimic-iv")
        return shell.json("ingest", "mimic-iv", str(data_folder / "mimic-iv-demo"), "--at", AT)

    folder = tmp_path_factory.mktemp("mimic")
    account = copied("mimic", folder, taken_in)
    return Shell(folder=folder, home=folder / "home"), folder / "project", account


@pytest.fixture(scope="session")
def icu(tmp_path_factory, data_folder):
    """A home with PhysioNet 2012 ingested and five persons."""
    folder = tmp_path_factory.mktemp("icu")
    shell, project = new_shell(folder, "icu-mortality-physionet-2012")
    shell.persons()
    account = shell.json(
        "ingest", "physionet-2012", str(data_folder / "physionet-2012-set-a"), "--at", AT
    )
    return shell, project, account
