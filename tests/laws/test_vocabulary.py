"""One word per concept: what specs and records choose from is defined in the glossary, once."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import pytest

from attending.govern.roles import MEANINGS, ROLES
from attending.records.monitoring import ANSWERS, SEVERITIES, Drift
from attending.records.recalibration import Update
from attending.records.release import Deployment
from attending.specs.change_control import RemedyName, Topic
from attending.specs.project import FILES
from attending.specs.release import STAGES

PAGE = Path(__file__).parents[2] / "docs" / "glossary.md"
LISTS = {
    "spec": FILES,
    "stage": STAGES,
    "act": get_args(Deployment.model_fields["act"].annotation),
    "role": tuple(ROLES),
    "meaning": MEANINGS,
    "answer": ANSWERS,
    "severity": SEVERITIES,
    "drift": get_args(Drift),
    "remedy": get_args(RemedyName),
    "topic": get_args(Topic),
    "update": get_args(Update),
}


def rows(text):
    """Return the rows of both tables: words, and words by list."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    cells = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    return [one for one in cells if len(one) == 2][1:], [one for one in cells if len(one) == 3][1:]


def faults(text):
    """Return what is wrong with a glossary."""
    words, chosen = rows(text)
    names = [word for word, _ in words]
    found = [f"twice: {word}" for word in sorted({one for one in names if names.count(one) > 1})]
    said = [(of, word) for of, word, _ in chosen]
    wanted = [(of, word) for of, items in LISTS.items() for word in items]
    found += [f"not defined: {of} {word}" for of, word in wanted if (of, word) not in said]
    found += [f"not used: {of} {word}" for of, word in said if (of, word) not in wanted]
    found += [f"says nothing: {row[-2]}" for row in (*words, *chosen) if len(row[-1]) < 4]
    return found


@pytest.mark.requirement("I7")
def test_every_word_that_specs_choose_from_is_defined_once():
    text = PAGE.read_text(encoding="utf-8")
    assert faults(text) == []
    # Refusals: a word that nobody defined, one that means nothing here, one that is there twice.
    gone = "\n".join(line for line in text.splitlines() if "| stage | silent |" not in line)
    assert faults(gone) == ["not defined: stage silent"]
    assert faults(text + "| stage | shadow | another word for silent |\n") == [
        "not used: stage shadow"
    ]
    assert faults(text + "| cohort | a study group |\n") == ["twice: cohort"]
