"""The tutorial's file never seen before: every command and every answer on the page is run."""

from __future__ import annotations

import json
import shlex

from tests.journeys.conftest import ROOT, Shell

SECTION = "## 7. A file never seen before"


def blocks() -> list[list[str]]:
    """Return the indented blocks of the section, in their order."""
    text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
    section = text.split(SECTION)[1].split("\n## ")[0]
    found: list[list[str]] = [[]]
    for line in section.splitlines():
        if line.startswith("    "):
            found[-1].append(line[4:])
        elif found[-1]:
            found.append([])
    return [block for block in found if block]


def test_every_command_of_the_section_runs_and_says_what_the_page_says(tmp_path):
    table, propose, questions, answers, use, again = blocks()
    shell = Shell(folder=tmp_path, home=tmp_path / "home")
    (tmp_path / "imaging").mkdir()
    studies = tmp_path / "imaging" / "studies.csv"
    studies.write_text("\n".join(table) + "\n")

    def run(line, *more, code=0):
        program, *args = shlex.split(line)
        assert program == "attending"
        return shell.run(*args, *more, code=code)

    (proposed,) = propose
    asked = run(proposed).stdout.splitlines()
    assert asked[-len(questions) :] == questions
    mapping = tmp_path / "mapping.yaml"
    assert mapping.read_text().count("# QUESTION") == len(questions)
    # The page's answers go into the file that was proposed; nothing else is changed by hand.
    mapping.write_text("\n".join(answers) + "\n")
    check, take_in = use
    tried = json.loads(run(check, "--json").stdout)
    assert (tried["balanced"], len(tried["codes"])) == (True, 3)
    assert not (tmp_path / "radiology").exists()
    told = json.loads(run(take_in, "--json").stdout)
    assert (told["rows_in"], told["accepted"], told["subjects"]) == (3, 3, 2)
    # Tomorrow: one study more, one that cannot be read, and the three again.
    studies.write_text(
        "\n".join([*table, "st-4,b,CT,HEAD,22/02/2026 10:00,22/02/2026 11:00,9",
                   "st-5,b,CT,HEAD,31/02/2026 10:00,22/02/2026 11:00,9"]) + "\n"
    )  # fmt: skip
    (onto,) = again
    grown = json.loads(run(onto, "--json").stdout)
    assert (grown["accepted"], grown["duplicate"], grown["quarantined"]) == (1, 3, 1)
    assert grown["quarantined_by_reason"] == {"no_time": 1}
    # An answer that names no column is refused, and leaves the home as it was.
    mapping.write_text("\n".join(answers).replace("Reported", "Signed") + "\n")
    assert "Signed" in run(take_in, code=2).stderr
