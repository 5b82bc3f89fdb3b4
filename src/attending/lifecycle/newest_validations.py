"""The newest validation of every model, with what a list of them shows and no more."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attending.records.run import Run
from attending.records.validation import ValidationReport
from attending.stores.kept import KEPT

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk

#: About as many bytes as a line has.
_LINE_BYTES = 256


@dataclass(frozen=True)
class ReportLine:
    """What a list shows of a report."""

    digest: str
    n: int
    auroc: float | None
    gates_met: bool
    run: str


@dataclass(frozen=True)
class ReportRow:
    """One model with its newest validation; None where it has none.

    Attributes:
        older: whether the report is of a run that is not the newest.
    """

    model: str
    report: ReportLine | None
    older: bool = False


def newest_validations(desk: Desk) -> tuple[ReportRow, ...]:
    """Return every model with its newest validation report.

    Raises:
        IntegrityBroken: a report is not what its digest says.
    """
    newest = desk.home.catalog.newest_bytes(ValidationReport.kind, "model")
    shown = {model: _line(*found) for (model,), found in newest.items()}
    runs = {line.digest for line in desk.home.catalog.list(Run.kind)}
    newest_runs = desk.home.catalog.newest_bytes(Run.kind, "model")
    fitted = {model: digest for (model,), (digest, _) in newest_runs.items()}
    rows = []
    for name in desk.home.deployments.models():
        line = shown.get(name)
        older = line is not None and line.run in runs and line.run != fitted.get(name)
        rows.append(ReportRow(name, line, older=older))
    return tuple(rows)


def _line(digest: str, data: bytes) -> ReportLine:
    return KEPT.made(
        digest, ReportLine, lambda: _line_of(digest, json.loads(data)), size=_LINE_BYTES
    )


def _line_of(digest: str, content: dict[str, Any]) -> ReportLine:
    """Return the line of a report; the whole report is made for its own page only."""
    mine = next((one for one in content["figures"] if one["name"] == "model"), {"estimates": ()})
    aurocs = (one["value"] for one in mine["estimates"] if one["name"] == "auroc")
    return ReportLine(
        digest, content["n"], next(aurocs, None), content["gates_met"], content["model"]["run"]
    )
