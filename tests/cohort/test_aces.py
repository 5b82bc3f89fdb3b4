"""ACES tasks become cohorts where a cohort can say the same, and are refused by name elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from attending.cohort.aces import cohort_from_aces
from attending.errors import BadInput
from attending.specs.cohort import CohortSpec
from attending.specs.read_yaml import parse_yaml

TASKS = Path(__file__).parents[2] / "benchmarks"


def task(name, *edits):
    text = (TASKS / f"aces_{name}.yaml").read_text()
    for before, after in edits:
        assert before in text
        text = text.replace(before, after)
    return parse_yaml(text.encode(), name=name).value


def imported(name, *edits):
    return CohortSpec.model_validate(cohort_from_aces(task(name, *edits), name=name))


def test_the_two_tasks_of_the_benchmark_become_cohorts():
    mortality = imported("mortality")
    assert (mortality.index.event, mortality.label.kind) == ("landmark", "death_in_stay")
    assert [rule.rule for rule in mortality.rules] == ["alive_at_index"]
    back = imported("readmission")
    assert (back.index.event, back.label.kind) == ("discharge", "readmission")
    assert [rule.rule for rule in back.rules] == ["alive_at_discharge"]


@pytest.mark.parametrize(
    ("name", "edit", "named"),
    [
        (
            "mortality",
            ("discharge: (None, 0)", "discharge: (1, None)"),
            "windows.gap.has.discharge",
        ),
        ("mortality", ("expr: or(", "expr: and("), "predicates.discharge_or_death"),
        ("mortality", ("trigger: admission\n", "trigger: death\n"), "trigger"),
        ("readmission", ("end: start + 30d", "end: null"), "windows.target.end"),
        ("readmission", ("start_inclusive: False", "start_inclusive: True"), "windows.target"),
        ("readmission", ("    label: admission", "    lable: admission"), "windows.target.lable"),
        ("readmission", ("trigger: discharge", "static: x\ntrigger: discharge"), "static"),
    ],
)
def test_what_does_not_map_is_refused_by_name(name, edit, named):
    with pytest.raises(BadInput, match=named):
        cohort_from_aces(task(name, edit), name=name)
