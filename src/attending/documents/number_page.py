"""One page for who reads a number or a count: what it says, how far off it is, and its range.

Nobody is named in it: a model of numbers ends at its report, so the page is of the model.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.lines import labelled
from attending.documents.numbers import NOT_SHOWN, count, interval, number, percent
from attending.documents.pages import document
from attending.documents.picture import Table
from attending.documents.sentences import gate_sentence, gate_title
from attending.errors import BadInput

if TYPE_CHECKING:
    from attending.records.number_validation import NumberFigures
    from attending.records.run import Run
    from attending.records.validation import ModelFigures, ValidationReport


def number_page(report: ValidationReport, run: Run, *, synthetic: bool) -> bytes:
    """Return one page on a model of numbers, from its report and its run alone.

    Raises:
        BadInput: the report is of a model of risks.
    """
    if report.number is None:
        raise BadInput(
            "this model foretells a risk, no number",
            code="page.not_a_number",
            hint="The clinician's page of a risk is asked for at a prediction.",
        )
    held = report.number
    return document(
        "number_page.html.j2",
        synthetic=synthetic,
        report=report,
        run=run,
        unit=held.unit,
        says=number_sentences(report),
        warnings=[
            f"{gate_title(gate.gate).capitalize()}: {gate_sentence(report, gate)}"
            for gate in report.gates
            if gate.outcome != "met"
        ],
        groups=_groups(held),
    )


def number_sentences(report: ValidationReport) -> tuple[str, ...]:
    """Return what a reader must know, one short sentence after the other."""
    held = report.number
    if held is None:
        return ()
    found = [_off(figures, held.unit) for figures in report.figures if figures.role != "other"]
    middle = (
        f"Half of what came lay between {number(held.quartiles[0])} and "
        f"{number(held.quartiles[2])} {held.unit}."
        if held.quartiles and held.quartiles[0] < held.quartiles[2]
        else ""
    )
    told = (*found, middle, *_range(report, held))
    return tuple(one for one in told if one)


def _off(figures: ModelFigures, unit: str) -> str:
    """Return how far off a model or a baseline is."""
    mae = next((one for one in figures.estimates if one.name == "mae"), None)
    if mae is None or mae.value is None:
        return f"How far off {_who(figures)} is, is {NOT_SHOWN}."
    return f"{_who(figures).capitalize()} is off by {number(mae.value)} {unit} on average."


def _who(figures: ModelFigures) -> str:
    return "the model" if figures.role == "model" else f"the {labelled(figures).lower()}"


def _range(report: ValidationReport, held: NumberFigures) -> tuple[str, ...]:
    """Return what the range of each number promised, and what it held."""
    coverage, width = report.estimate("interval_coverage"), report.estimate("interval_width")
    if coverage is None or coverage.value is None:
        return (f"Whether its range holds is {NOT_SHOWN}.",)
    wide = f" It is {number(width.value)} {held.unit} wide on average." if width else ""
    said = (
        f"Each number comes with a range. It should hold {percent(held.level)} of what comes, and "
        f"on later {held.cluster} it held {percent(coverage.value)}.{wide}"
    )
    return (said,)


def _groups(held: NumberFigures) -> Table:
    """Return how far off it is in each group, and whether its range holds there."""
    return Table(
        caption="How far off it is in each group; “not shown” means too few to tell",
        header=("Group", "Rows", f"Off by, {held.unit}", "In its range"),
        rows=tuple(
            (
                f"{row.attribute}: {row.group}",
                "hidden" if row.n is None else count(row.n),
                interval(row.mae.value, row.mae.low, row.mae.high)
                if row.status == "ok"
                else NOT_SHOWN,
                percent(row.coverage.value) if row.status == "ok" else NOT_SHOWN,
            )
            for row in held.groups
        ),
    )
