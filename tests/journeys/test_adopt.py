"""A new user adopts a model trained elsewhere on PhysioNet 2012, by the commands of one page."""

from __future__ import annotations

import ast
import contextlib
import importlib.util
import io
import json
import re
import shlex
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attending.cli.app import app
from attending.cli.door import through
from attending.cli.face import clock
from attending.cli.guard import guarded
from attending.lifecycle.desk import open_desk
from attending.lifecycle.scoring import contents_of, request_of
from tests.journeys.conftest import EXAMPLES, ROOT

FROZEN = json.loads((Path(__file__).parent / "adopted_physionet.json").read_text())
SCRIPT = EXAMPLES / "adopt-physionet-2012" / "train_elsewhere.py"


def _script():
    """Return the script of the team that knows nothing of us, without its XGBoost."""
    spec = importlib.util.spec_from_file_location("train_elsewhere", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _scores(model, x):
    """Return the risks that the JSON says, one node after another: no reader of ours."""
    learner = model["learner"]
    base = float(learner["learner_model_param"]["base_score"].strip("[]"))
    found = []
    for row in x.astype(np.float32):
        margin = np.log(base / (1 - base))
        for tree in learner["gradient_booster"]["model"]["trees"]:
            node = 0
            while tree["left_children"][node] >= 0:
                value = row[tree["split_indices"][node]]
                bound = np.float32(tree["split_conditions"][node])
                left = tree["default_left"][node] if np.isnan(value) else value < bound
                node = tree["left_children" if left else "right_children"][node]
            margin += tree["split_conditions"][node]
        found.append(1 / (1 + np.exp(-margin)))
    return np.array(found)


def _elsewhere(folder, data):
    """Write what the script writes, by its own functions; the frozen model stands for the fit."""
    team = _script()
    stays, x, died = team.read_stays(data)
    theirs = np.array(stays) % 2 == 0
    text = (SCRIPT.parent / "model.json").read_text()
    risk = _scores(json.loads(text), x[theirs])
    folder.mkdir()
    (folder / "model.json").write_text(text)
    team.write_files(folder, np.array(stays)[theirs], risk, x[theirs], died[theirs])
    return risk, died[theirs]


class Page:
    """Runs the commands of docs/adopt.md in their order, as they stand there."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.said, self.names = folder, [], {}
        monkeypatch.chdir(folder)
        monkeypatch.setenv("ATTENDING_HOME", str(folder / "home"))
        for person in ("dana", "clara", "caro", "omar"):
            (folder / f"{person}.secret").write_text(f"a sentence for {person} to remember\n")

    def commands(self):
        """Return every command of the page but those that install, and the one of XGBoost."""
        text = (ROOT / "docs" / "adopt.md").read_text(encoding="utf-8")
        lines = [line.strip() for line in text.split("\n") if line.startswith("    ")]
        return [line for line in lines if not line.startswith(("make ", "python ", "export "))]

    def run(self, line):
        """Run one command; what it names to be signed stands for the words of the page."""
        for name, digest in self.names.items():
            line = line.replace(name, digest)
        if not line.startswith("attending "):
            subprocess.run(["bash", "-c", line], check=True, cwd=self.folder)
            return
        out, err = io.StringIO(), io.StringIO()
        words = shlex.split(line)[1:]
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            verbs: Any = guarded(app)  # who may, as at the command line
            code = through(lambda: verbs(words, standalone_mode=False), argv=words)
        assert code == 0, f"{line}: exit {code}\n{out.getvalue()[-1000:]}\n{err.getvalue()}"
        self.said.append((line, out.getvalue()))
        for name, kind in (("RELEASE", "release plan"), ("ADOPTION", "adoption")):
            if found := re.search(
                rf"^to sign: {kind} ([0-9a-f]{{64}})", out.getvalue(), re.MULTILINE
            ):
                self.names[name] = found[1]

    def after(self, words):
        """Return what the commands that begin so printed."""
        return [said for line, said in self.said if line.startswith(words)]


def test_the_script_of_the_other_team_does_not_know_us():
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"))
    named = {a.name for node in ast.walk(tree) if isinstance(node, ast.Import) for a in node.names}
    named |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not any(name.startswith("attending") for name in named)
    assert "xgboost" in named and "xgboost" not in sys.modules


def test_each_target_that_a_reader_is_told_to_make_is_there_and_install_finds_the_command():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in ("README.md", "docs/adopt.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        told = re.findall(r"^(?:    |.*`)make ([a-z-]+)", text, re.MULTILINE)
        assert "install" in told and set(told) <= targets, page
    recipe = (ROOT / "Makefile").read_text().partition("\ninstall:")[2].partition("\n\n")[0]
    assert "export PATH" in recipe and "$(BIN)" in recipe


@pytest.mark.data
def test_a_new_user_adopts_a_model_and_a_feed_of_scores_with_the_page_alone(
    tmp_path, data_folder, monkeypatch
):
    risk, died = _elsewhere(tmp_path / "elsewhere", data_folder / "physionet-2012-set-a")
    # The scores are those that XGBoost itself gave on the real rows.
    told = [risk.mean(), *np.quantile(risk, [0.1, 0.5, 0.9])]
    np.testing.assert_allclose(told, FROZEN["risk"], rtol=0, atol=1e-6)
    assert (len(risk), int(died.sum())) == (FROZEN["rows"], FROZEN["died"])
    page = Page(tmp_path, monkeypatch)
    for line in page.commands():
        page.run(line)
    with_model, alone = page.after("attending adopt ")
    assert "the model file gives the old scores: all 1,740 to 1e-06" in with_model
    assert "the model file gives the old scores: not asked" in alone
    assert [said.split()[0] for said in page.after("attending release enter")] == [
        "icu-mortality@v1", "icu-feed@v1",
    ]  # fmt: skip
    assert all("240 scores have an outcome" in page.after("attending intake")[k] for k in (1, 2))
    assert all("verdict: continue" in said for said in page.after("attending monitor run"))
    assert "Next answer due by" in page.after("attending today")[1]
    found = re.search(r"^card (.*)$", alone, re.MULTILINE)
    assert found is not None
    card = Path(found[1]).read_text(encoding="utf-8")
    assert "Not shown (clinical sign-off): the explanation layer was reviewed." in card
    assert "explanation.reviewed" not in card and "--spec" not in card
    assert "no score can be made again, and none explained" in card
    assert "No score is explained" in card and "These factors show" not in card
    # Why one score, and what the next gate would ask; the feed has no explanation to show.
    for name, project, says in (
        ("icu-mortality", "icu", "computed again: the same score to 1e-06"),
        ("icu-feed", "feed", "not shown: only scores come here"),
    ):
        later = clock(None) + timedelta(days=1)  # the page runs by the clock of the machine
        with open_desk(tmp_path / "home", at=later, actor="omar") as desk:
            asked = request_of(next(contents_of(desk, name)))
        page.run(f"attending explain prediction {asked} --project {project} --by clara")
        assert says in page.after(f"attending explain prediction {asked}")[0]
    # Incidents and the audit's questions work from the first day; no id of a patient stands there.
    page.run(
        'attending incident open outage --title "no scores" --harm low --project icu --by omar'
    )
    page.run("attending audit ask icu-mortality")
    page.run("attending release inventory")
    assert "Omar Haddad" in page.after("attending audit ask")[0]
    day = (tmp_path / "elsewhere" / "day.csv").read_text(encoding="utf-8").split("\n")
    ids = {row.split(",")[0] for row in day[1:-1]}
    kept = "".join(said for _, said in page.said) + card
    assert len(ids) == 240
    assert not any(re.search(rf"\b{one}\b", kept) for one in ids)
