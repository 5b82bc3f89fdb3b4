"""Which line is whose: the model, its baselines and other candidates, the same in every picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from attending.documents.canvas import BASELINE, GREEN, INK, MODEL, ORANGE, PURPLE, SKY
from attending.documents.numbers import count

if TYPE_CHECKING:
    from attending.records.validation import ModelFigures, ValidationReport

#: Lines after the model and its first baseline.
LATER = (
    {"color": GREEN, "linestyle": (0, (1, 1)), "linewidth": 2.0},
    {"color": PURPLE, "linestyle": (0, (6, 2, 1, 2)), "linewidth": 2.0},
    {"color": ORANGE, "linestyle": (0, (3, 1, 1, 1)), "linewidth": 2.0},
    {"color": SKY, "linestyle": (0, (8, 3)), "linewidth": 2.0},
    {"color": INK, "linestyle": (0, (2, 2)), "linewidth": 1.6},
)


class Line(NamedTuple):
    """How one model is named and drawn."""

    label: str
    style: dict[str, Any]  # what matplotlib takes


def labelled(figures: ModelFigures) -> str:
    """Return a model's label, with what a baseline could know."""
    return f"{figures.label} ({figures.knowability})" if figures.knowability else figures.label


def label_of(report: ValidationReport, name: str) -> str:
    """Return the label of a model of the report, or its name where it has no figures."""
    found = next((each for each in report.figures if each.name == name), None)
    return labelled(found) if found else name


def of_whom(report: ValidationReport) -> str:
    """Return how many predictions and events a picture of all rows stands on."""
    return f" Made from {count(report.n)} predictions, events: {count(report.events)}."


def lines(report: ValidationReport) -> dict[str, Line]:
    """Return how each model of a report is drawn: the model first, then in the report's order."""
    drawn: dict[str, Line] = {}
    for figures in report.figures:
        if figures.role == "model":
            style = MODEL
        elif BASELINE not in [line.style for line in drawn.values()]:
            style = BASELINE
        else:
            style = LATER[len(drawn) % len(LATER)]
        drawn[figures.name] = Line(labelled(figures), style)
    return drawn
