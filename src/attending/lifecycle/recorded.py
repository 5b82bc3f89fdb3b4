"""Validation of predictions that somebody recorded: a file in, a report and its figures out.

It needs no project and no home, and keeps nothing but the two files that it writes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow.compute as pc

from attending.documents.validation_report import validation_report
from attending.errors import BadInput
from attending.ingest.predictions import Read, read_predictions
from attending.ingest.predictions_columns import Asked
from attending.records.card import CardFact
from attending.records.validation import ModelRef
from attending.specs.read_yaml import read_spec
from attending.specs.recorded import RecordedSpec
from attending.statistics.inputs import TooFewOutcomes
from attending.validate.predictions import validate_predictions
from attending.validate.unasked import UNASKED, unasked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from attending.records.predictions_file import PredictionsFile
    from attending.records.validation import ValidationReport

__all__ = ["UNASKED", "Asked", "Judged", "Read", "Ways", "judge", "read", "write"]

_LEAST = 10
_SUFFIXES = (".gz", ".bz2", ".zst", ".lz4", ".csv", ".tsv", ".txt", ".parquet", ".pq")


@dataclass(frozen=True)
class Ways:
    """How the file is judged: a spec, or thresholds and draws; and what the model is called.

    Attributes:
        unasked: what the report says where no spec was asked.
    """

    spec: Path | None = None
    thresholds: tuple[float, ...] = ()
    draws: int = 500
    seed: int = 20_260_101
    model: str = ""
    unasked: str = UNASKED


@dataclass(frozen=True)
class Judged:
    """The report of recorded predictions, and how their file was read."""

    report: ValidationReport
    file: PredictionsFile


def read(path: Path, asked: Asked, *, delimiter: str = "", drop_missing: bool = False) -> Read:
    """Return a file of predictions as a plain table, and which column was taken as what.

    Raises:
        BadInput: it cannot be read in one way only.
        NotFound: there is no such file.
    """
    return read_predictions(path, asked, delimiter=delimiter, drop_missing=drop_missing)


def judge(found: Read, ways: Ways) -> Judged:
    """Return the report of predictions that were read.

    Raises:
        TooFewOutcomes: fewer than ten events or ten non-events.
        BadInput: the spec cannot be answered by the file.
    """
    _require_both(found)
    _require_spread(found)
    if ways.spec is None:
        spec = unasked(found.table, thresholds=ways.thresholds, draws=ways.draws, seed=ways.seed)
    else:
        spec = read_spec(ways.spec, RecordedSpec)
    notes = (*found.file.notes, *(() if ways.spec else (ways.unasked,)))
    about = ModelRef(name=ways.model or _stem(found.file.name), notes=notes)
    report = validate_predictions(
        spec,
        found.table,
        about=about,
        calendar="real" if found.real_calendar else "floating",
        horizon=found.horizon,
    )
    return Judged(_with_warning(report), found.file)


def _require_both(found: Read) -> None:
    outcome = found.table["outcome"].drop_null()
    events = int(pc.sum(outcome).as_py() or 0)
    others = len(outcome) - events
    if not events or not others:
        raise TooFewOutcomes(
            f"every one of {len(outcome)} outcomes is {'an event' if events else 'no event'}",
            code="predictions.one_outcome",
            hint="Give rows of patients with and without the event. If another word is the event, "
            "write --event WORD; if another column is the outcome, --outcome COLUMN.",
            where=found.file.name,
        )
    if min(events, others) < _LEAST:
        raise TooFewOutcomes(
            f"there are {len(outcome)} rows with fewer than {_LEAST} "
            f"{'events' if events < _LEAST else 'non-events'}",
            code="predictions.too_few",
            hint=f"No figure means anything below {_LEAST} of each; 100 of each, better 200, are "
            "asked of an external validation. Take in a longer period or more sites.",
            where=found.file.name,
        )


def _require_spread(found: Read) -> None:
    """Refuse risks that are all the same, which tell no patient from another."""
    known = found.table.filter(found.table["outcome"].is_valid())["risk"]
    if pc.count_distinct(known).as_py() == 1:
        raise BadInput(
            f"all {len(known)} risks are the same number",
            code="predictions.no_spread",
            hint="Risks that tell no patient from another cannot be judged. Is it the right "
            "column? Another is named by --risk COLUMN.",
            where=found.file.name,
        )


def _with_warning(report: ValidationReport) -> ValidationReport:
    """Return the report with a note where risks rank patients the wrong way round."""
    found = report.estimate("auroc")
    if found is None or found.high is None or found.high >= 0.5:
        return report
    note = (
        "Patients with the event have lower risks than those without: is this the probability of "
        "the other outcome, or is the wrong word taken as the event?"
    )
    return report.model_copy(update={"notes": (note, *report.notes)})


def write(judged: Judged, source: Path, out: Path | None) -> tuple[Path, Path]:
    """Return the paths of the report and of its figures, written beside the file or as asked.

    Raises:
        BadInput: it would overwrite the file of predictions.
    """
    page = out or source.with_name(f"{_stem(source.name)}.validation.html")
    page = page if page.suffix else page.with_suffix(".html")
    figures = page.with_suffix(".json")
    if source.resolve() in {page.resolve(), figures.resolve()}:
        raise BadInput(
            "the report would overwrite the file of predictions",
            code="predictions.out",
            hint="Name another file: --out report.html",
            where=str(page),
        )
    page.write_bytes(validation_report(judged.report, synthetic=False, facts=facts(judged.file)))
    content = {"file": judged.file.content(), "digest": judged.report.digest}
    text = json.dumps(
        {**content, "report": judged.report.content()},
        indent=2, sort_keys=True, ensure_ascii=False,
    )  # fmt: skip
    figures.write_text(text + "\n", encoding="utf-8")
    return page, figures


def facts(file: PredictionsFile) -> Sequence[CardFact]:
    """Return how the file was read, as facts in words."""
    said = [("File", f"{file.name}, {file.rows:,} rows, SHA-256 {file.file_digest}")]
    said += [
        (
            f"{read.taken_as[:1].upper()}{read.taken_as[1:]}",
            f"column “{read.column}”, {read.found}" + (f"; {read.reading}" if read.reading else ""),
        )
        for read in file.columns
    ]
    if file.unused:
        said.append(("Not used for these figures", ", ".join(file.unused)))
    return [CardFact(label=label, says=says) for label, says in said]


def _stem(name: str) -> str:
    """Return a file's name without what says its kind."""
    while name.lower().endswith(_SUFFIXES):
        name = name.rpartition(".")[0]
    return name
