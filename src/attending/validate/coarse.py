"""Figures of groups whose counts are hidden, made coarse: an exact ratio would tell its counts.

An AUROC is a number of pairs over events times non-events. With all its digits, and the rows
known, it belongs to one number of events only; with three decimals, to dozens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from attending.records.base import Part

if TYPE_CHECKING:
    from attending.records.validation import ValidationReport

P = TypeVar("P", bound=Part)
#: Decimals of a figure whose counts are hidden.
PLACES = 3
_WHOLE = ("comparisons", "figures", "gates", "calibration", "curves", "thresholds")


def coarse(report: ValidationReport) -> ValidationReport:
    """Return the report with three decimals where counts are hidden, and no rate that tells them.

    Where the events of all rows are hidden, every figure is coarse, and net benefit of acting on
    all, which tells the rate, is left out.
    """
    if report.events is None:
        report = _without_rate(report)
    hidden = {f"{row.attribute}={row.group}" for row in report.subgroups if row.suppressed}
    changed: dict[str, Any] = {
        "subgroups": tuple(rounded(r) if r.suppressed else r for r in report.subgroups),
        "periods": tuple(rounded(r) if r.suppressed else r for r in report.periods),
        "sites_table": _hidden_rounded(report.sites_table),
        "places": _hidden_rounded(report.places),
        "losses": tuple(rounded(r) for r in report.losses) if hidden else report.losses,
        "comparisons": tuple(
            rounded(c) if c.rows is None or c.group in hidden else c for c in report.comparisons
        ),
        "gates": tuple(
            gate.model_copy(
                update={
                    "checks": tuple(rounded(c) if c.group in hidden else c for c in gate.checks)
                }
            )
            for gate in report.gates
        ),
    }
    return report.model_copy(update=changed)


def _hidden_rounded(rows: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return rows, with three decimals where their counts are hidden."""
    return tuple(rounded(row) if row.n is None or row.events is None else row for row in rows)


def _without_rate(report: ValidationReport) -> ValidationReport:
    hidden = report.model_copy(
        update={
            "decision_curve": tuple(
                row.model_copy(update={"treat_all": None, "avoided_per_100": None})
                for row in report.decision_curve
            ),
            "sample_size": (),
        }
    )
    return hidden.model_copy(
        update={
            name: tuple(rounded(part) for part in getattr(hidden, name))
            for name in (*_WHOLE, "subgroups", "periods", "decision_curve", "summary")
        }
    )


def rounded(part: P) -> P:
    """Return a part of a report with every fraction rounded to three decimals.

    >>> from attending.records.validation import Range
    >>> rounded(Range(value=0.835048951, low=0.7, high=None)).value
    0.835
    """
    return part.model_copy(
        update={name: _round(getattr(part, name)) for name in type(part).model_fields}
    )


def _round(value: Any) -> Any:  # noqa: ANN401 - any value of a record
    if isinstance(value, bool):
        return value
    if isinstance(value, float):
        return round(value, PLACES)
    if isinstance(value, Part):
        return rounded(value)
    if isinstance(value, tuple):
        return tuple(_round(one) for one in value)
    if isinstance(value, dict):
        return {key: _round(one) for key, one in value.items()}
    return value
