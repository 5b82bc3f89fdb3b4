"""A notebook is executed and its run promoted; one with hidden state is refused with a reason."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from tests.faults.conftest import AT
from tests.lifecycle.study import Study

NOTEBOOKS = Path(__file__).parent / "notebooks"


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A home with a snapshot, and a committed project."""
    made = Study(tmp_path_factory.mktemp("notebook"))
    made.ingest(made.extract())
    made.commit()
    made.agree()
    return made


def executed(study, name):
    """Return a notebook after all its cells ran in a kernel of their own, top to bottom."""
    place = study.folder / f"{name}.ipynb"
    shutil.copy(NOTEBOOKS / place.name, place)
    told = {"PROJECT": str(study.project), "HOME_OF_RUNS": str(study.home), "AT": AT}
    done = subprocess.run(
        [sys.executable, "-m", "jupyter", "execute", "--inplace", str(place)],
        env={**os.environ, **told},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return nbformat.read(place, as_version=4)


def shown(notebook):
    """Return the last thing that a notebook shows: the digest of its run."""
    (output,) = notebook.cells[-1].outputs
    return output["data"]["text/plain"].strip("'")


def test_a_project_opens_in_python_without_loading_anything_until_it_is_asked():
    program = (
        "import sys, attending;"
        "heavy = {'numpy', 'pyarrow', 'pydantic', 'attending.notebook'} & set(sys.modules);"
        "print(sorted(heavy), callable(attending.open))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[] True"


@pytest.mark.requirement("C9")
def test_a_notebook_is_executed_and_its_run_promoted_from_the_commit(study):
    notebook = executed(study, "sound")
    run = shown(notebook)
    pictures = [
        output["data"]["text/html"]
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
        if "text/html" in output.get("data", {})
    ]
    assert "Discharged alive" in pictures[0]
    assert "sodium_last" in pictures[1]
    assert "a notebook made it" in pictures[2]
    assert "<iframe" in pictures[3] and "data:image" in pictures[3]
    was = study.asked("run", "show", run).json
    assert was["exploratory"]
    # As it is it can go nowhere.
    gate = study.asked("gate", "check", "trained", code=3).json
    (fact,) = (one for one in gate["conditions"] if one["name"] == "run.not_exploratory")
    assert fact["status"] == "failed"
    # Nor is it promoted from a folder that holds more than the commit.
    extra = study.project / "notes.txt"
    extra.write_text("not committed")
    assert "refused [run.not_clean]" in study.told("run", "promote", run, code=3).err
    extra.unlink()
    promoted = study.asked("run", "promote", run, "--by", "dana").json
    now = study.asked("run", "show", promoted["promoted"]).json
    assert not now["exploratory"]
    assert now["project_commit"] == promoted["project_commit"]
    assert now["artifacts"] == was["artifacts"]
    assert promoted["reasons"] == ["a notebook made it"]
    # What has standing is not promoted again.
    again = study.told("run", "promote", promoted["promoted"], code=3)
    assert "run.has_standing" in again.err


def test_a_run_that_would_still_be_exploratory_is_not_promoted(study, monkeypatch):
    study.study()
    (study.project / "notes.txt").write_text("not committed")
    run = study.fit()
    (study.project / "notes.txt").unlink()
    assert study.asked("run", "show", run).json["exploratory"]
    told = "attending.train.run_record.exploratory_reasons"
    with monkeypatch.context() as still:
        still.setattr(told, lambda *_, **__: ("numpy is installed from a folder",))
        refused = study.told("run", "promote", run, code=3)
    assert "refused [run.still_exploratory]" in refused.err
    assert "numpy is installed from a folder" in refused.err
    # A run from a folder with changes gets standing as one from a notebook does.
    promoted = study.asked("run", "promote", run, "--by", "dana").json
    assert not study.asked("run", "show", promoted["promoted"]).json["exploratory"]


@pytest.mark.requirement("C9")
@pytest.mark.parametrize(
    ("name", "code", "words"),
    [
        ("edited_by_hand", "run.hidden_state", "the features are not those that features.yaml"),
        ("out_of_order", "run.other_specs", "in model.yaml"),
        ("patched_features", "run.hidden_state", "the features are not those that features.yaml"),
        ("patched_fit", "run.hidden_state", "the same rows give another model"),
    ],
)
def test_a_notebook_with_hidden_state_is_refused_with_the_reason(study, name, code, words):
    run = shown(executed(study, name))
    refused = study.told("run", "promote", run, code=3)
    assert f"refused [{code}]" in refused.err
    assert words in refused.err
    runs = study.asked("run", "ls").json
    assert runs[-1]["digest"] == run  # nothing was kept in its place
    assert "a notebook made it" in study.asked("run", "show", run).json["reasons"]
