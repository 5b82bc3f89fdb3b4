"""A file of an adopted model: scores, who they are about, and the inputs where they stand there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.errors import BadInput, Refused, did_you_mean
from attending.ingest.predictions import Read, read_predictions_of
from attending.ingest.predictions_cells import read_numbers, texts
from attending.ingest.predictions_columns import Asked, find_roles
from attending.ingest.predictions_table import read_table
from attending.records.adoption import ScoreParity

if TYPE_CHECKING:
    from pathlib import Path

    from attending.models.protocol import Fitted, Matrix
    from attending.records.adoption import Adoption
    from attending.specs.adopt import AdoptSpec
    from attending.types import Risks

#: How far a score of ours may lie from the old system's.
WITHIN = 1e-6
_OURS = "score by attending"
_NOT_YET = "outcome not known yet"


@dataclass(frozen=True)
class ScoredRows:
    """The rows of a file.

    Attributes:
        read: outcomes, scores and groups as `validate predictions` takes them.
        patients: the ids that the file gives, as text, in the same order.
        sites: likewise, None where no column tells them.
        x: the inputs of the model, shape (n, p); None for scores only.
        parity: the old scores against ours; None where only one of them is there.
    """

    read: Read
    patients: pa.Array
    sites: pa.Array | None
    x: Matrix | None
    parity: ScoreParity | None

    @property
    def risk(self) -> Risks:
        """Return the scores, shape (n,)."""
        found: Risks = self.read.table["risk"].to_numpy().astype(np.float64)
        return found


def asked_of(spec: AdoptSpec) -> Asked:
    """Return what adopt.yaml says of the columns."""
    said = spec.columns
    return Asked(
        outcome=said.outcome,
        risk=said.risk,
        patient=said.patient,
        time=said.time,
        site=said.site,
        event=said.event,
        percent=said.percent,
    )


def asked_again(adoption: Adoption) -> Asked:
    """Return the same columns as at the adoption, so that no later file is read otherwise."""
    columns = {one.taken_as: one.column for one in adoption.scores.columns}
    risk = columns.get("risk", "")
    return Asked(
        event=adoption.event,
        percent=adoption.percent,
        outcome=columns.get("outcome", ""),
        patient=columns.get("patient", ""),
        time=columns.get("time", ""),
        risk="" if risk == _OURS else risk,
        site=columns.get("group site", ""),
    )


def read_rows(path: Path, asked: Asked, fitted: Fitted | None) -> ScoredRows:
    """Return the rows of a file; our own scores stand in where it has none.

    Raises:
        BadInput: a column is missing, a patient or a score too.
        Refused: our scores are not those of the old system; they are counted, never named.
    """
    table, notes = read_table(path)
    x = _inputs(table, fitted) if fitted is not None else None
    ours = fitted.risk(x) if fitted is not None and x is not None else None
    if asked.event and asked.outcome in table.column_names and _empty(table[asked.outcome]):
        asked = replace(asked, event="")  # nothing is known yet, so no word is the event
    waiting = asked.outcome not in table.column_names and _none_like(table, asked)
    if waiting:
        table = table.append_column(_NOT_YET, pa.nulls(table.num_rows, pa.string()))
        asked = replace(asked, outcome=_NOT_YET, event="")
    if ours is not None and not _has_scores(table, asked):
        table = table.append_column(_OURS, pa.array(ours))
        asked = replace(asked, risk=_OURS, percent=False)
    found = read_predictions_of(table, path, asked, notes=notes)
    if found.table.num_rows != table.num_rows:
        raise BadInput(
            f"{table.num_rows - found.table.num_rows} of {table.num_rows} rows have no score",
            code="adopt.no_score",
            hint="Take rows without a score out of the file.",
            where=path.name,
        )
    columns = {one.taken_as: one.column for one in found.file.columns}
    if "patient" not in columns:
        raise BadInput(
            "no column tells patients apart, and scores are kept by patient",
            code="adopt.no_patient",
            hint="Name it in adopt.yaml: columns: {patient: COLUMN}.",
            where=path.name,
        )
    return ScoredRows(
        read=found,
        patients=_column(table, columns["patient"]),
        sites=_column(table, columns["group site"]) if "group site" in columns else None,
        x=x,
        parity=_parity(found, ours) if columns["risk"] != _OURS else None,
    )


def require_parity(parity: ScoreParity | None) -> None:
    """Refuse a model that is not the one whose scores were used.

    Raises:
        Refused: with the count of scores that differ.
    """
    if parity is not None and parity.differing:
        raise Refused(
            f"{parity.differing} of {parity.rows} scores differ by more than {parity.within:g} "
            f"from what the model file gives, the largest by {parity.largest:.2g}",
            code="adopt.parity",
            hint="Bring the file that is in use, with the inputs as it takes them: same units, "
            "missing values empty. Or adopt the scores alone, without a model file.",
        )


def _empty(column: pa.ChunkedArray) -> bool:
    return bool(texts(column).null_count == len(column))


def _none_like(table: pa.Table, asked: Asked) -> bool:
    """Return whether no column looks like an outcome."""
    if asked.outcome:
        return True
    try:
        find_roles(table, asked)
    except BadInput as error:
        return error.code == "predictions.no_outcome"
    return False


def _has_scores(table: pa.Table, asked: Asked) -> bool:
    if asked.risk:
        return asked.risk in table.column_names
    try:
        find_roles(table, asked)
    except BadInput as error:
        return error.code != "predictions.no_risk"
    return True


def _inputs(table: pa.Table, fitted: Fitted) -> Matrix:
    for name in fitted.names:
        if name not in table.column_names:
            raise BadInput(
                f"the file has no column '{name}', which the model takes",
                code="adopt.input",
                hint=did_you_mean(name, table.column_names[:200]),
            )
    found: Matrix = np.column_stack(
        [read_numbers(table[name], name=name).values for name in fitted.names]
    )
    return found


def _column(table: pa.Table, name: str) -> pa.Array:
    plain = texts(table[name])
    return plain.combine_chunks() if isinstance(plain, pa.ChunkedArray) else plain


def _parity(found: Read, ours: Risks | None) -> ScoreParity | None:
    if ours is None:
        return None
    gaps = np.abs(found.table["risk"].to_numpy().astype(np.float64) - ours)
    return ScoreParity(
        rows=len(gaps),
        differing=int(np.count_nonzero(~(gaps <= WITHIN))),
        largest=float(np.format_float_positional(gaps.max(), precision=2, fractional=False)),
        within=WITHIN,
    )
