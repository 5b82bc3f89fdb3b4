"""A model that others built: XGBoost's own frozen file, made-up rows, and a home without it."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.cli.app import app
from attending.cli.door import through
from attending.lifecycle.examples import copy_example
from attending.models.xgboost_json import read_xgboost

if TYPE_CHECKING:
    from collections.abc import Callable

AT = "2026-03-01T06:00:00Z"
_FROZEN = Path(__file__).parents[1] / "models" / "xgboost.json"
_PERSONS = (
    ("dana", "data_scientist"),
    ("clara", "clinical_lead"),
    ("caro", "compliance_officer"),
    ("omar", "operator"),
)


def model_bytes(kind: str = "plain") -> bytes:
    """Return the JSON that XGBoost wrote."""
    said = json.loads(_FROZEN.read_text(encoding="utf-8"))["kinds"][kind]["model"]
    return json.dumps(said).encode()


def rows(n: int = 1500, *, seed: int = 8) -> list[dict[str, str]]:
    """Return scored patients whose outcomes follow the model's own risks."""
    fitted, rng = read_xgboost(model_bytes()), np.random.default_rng(seed)
    x = np.column_stack(
        [rng.normal(0, 1, n), rng.integers(0, 4, n), rng.lognormal(3, 2, n),
         rng.integers(0, 2, n), rng.normal(100, 0.001, n)]
    )  # fmt: skip
    x[rng.random(x.shape) < 0.1] = np.nan
    risk = fitted.risk(x)
    died = rng.random(n) < risk
    return [
        {
            "patient_id": f"P{at:05d}", "risk": repr(float(p)), "died": str(int(y)),
            **{name: "" if np.isnan(v) else repr(float(v))
               for name, v in zip(fitted.names, row, strict=True)},
        }
        for at, (p, y, row) in enumerate(zip(risk, died, x, strict=True))
    ]  # fmt: skip


def write(path: Path, found: list[dict[str, str]]) -> Path:
    """Return the path of a file of rows."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(found[0]))
        writer.writeheader()
        writer.writerows(found)
    return path


class Unit:
    """A home with four persons, a project with adopt.yaml, and the old system's files."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home, self.project = folder, folder / "home", folder / "project"
        copy_example("adopt-physionet-2012", self.project)
        for person, role in _PERSONS:
            secret = folder / f"{person}.secret"
            secret.write_text(f"a sentence for {person} to remember\n")
            self.run("user", "add", person, "--name", f"Dr {person}", "--role", role,
                     "--passphrase-file", str(secret), project=False)  # fmt: skip
        self.model = folder / "model.json"
        self.model.write_bytes(model_bytes())
        self.history = write(folder / "history.csv", rows())

    def beside(self, name: str) -> Unit:
        """Return another model of the same home, on the same files, with a project of its own."""
        other = object.__new__(Unit)
        other.folder, other.home, other.project = self.folder, self.home, self.folder / name
        other.model, other.history = self.model, self.history
        copy_example("adopt-physionet-2012", other.project)
        for spec in ("adopt", "release"):
            other.spec(spec, lambda text: text.replace("icu-mortality", name))
        return other

    def spec(self, name: str, change: Callable[[str], str]) -> None:
        """Change one spec as a text."""
        path = self.project / f"{name}.yaml"
        path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")

    def run(self, *args: str, code: int = 0, at: str = AT, project: bool = True) -> tuple[Any, str]:
        """Return the JSON and the errors of one verb; its exit code must be the expected one."""
        out, err = io.StringIO(), io.StringIO()
        where = ["--home", str(self.home), "--at", at]
        where += ["--project", str(self.project)] if project else []
        said = [*args, *where, "--json"]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            got = through(lambda: app(said, standalone_mode=False), argv=said)
        assert got == code, f"{args}: exit {got}\n{out.getvalue()[-1500:]}\n{err.getvalue()}"
        found = json.JSONDecoder().raw_decode(out.getvalue())[0] if out.getvalue() else None
        return found, err.getvalue()

    def words(self, *args: str, at: str = AT) -> str:
        """Return what one verb says to people."""
        out = io.StringIO()
        said = [*args, "--home", str(self.home), "--project", str(self.project), "--at", at]
        with contextlib.redirect_stdout(out):
            got = through(lambda: app(said, standalone_mode=False), argv=said)
        assert got == 0, out.getvalue()
        return " ".join(out.getvalue().split())

    def adopt(self, *args: str, code: int = 0, at: str = AT) -> tuple[Any, str]:
        """Propose the model with its file."""
        return self.run("adopt", str(self.history), "--by", "dana", *args, code=code, at=at)

    def sign(self, digest: str, person: str, role: str, *, code: int = 0, at: str = AT) -> str:
        """Sign a document as a person."""
        return self.run(
            "sign", digest, "--as", person, "--role", role, "--statement", "I have read it.",
            "--passphrase-file", str(self.folder / f"{person}.secret"),
            code=code, at=at, project=False,
        )[1]  # fmt: skip

    def enter(self, *args: str, at: str = AT) -> Any:
        """Propose, sign and enter; return the adoption."""
        adoption, _ = self.adopt(*args, at=at)
        status, _ = self.run("release", "status", project=False, at=at)
        if adoption["model"] not in {one["model"] for one in status}:  # a plan is signed once
            self.sign(adoption["release"], "omar", "operator", at=at)
        self.sign(adoption["digest"], "clara", "clinical_lead", at=at)
        self.sign(adoption["digest"], "caro", "compliance_officer", at=at)
        self.run("release", "enter", "--by", "omar", at=at)
        return adoption
