"""A file of an adopted model: scores, who they are about, and the inputs where they stand there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.errors import BadInput, Refused
from attending.ingest.predictions import Read, read_predictions_of
from attending.ingest.predictions_cells import read_numbers, texts
from attending.ingest.predictions_columns import Asked, find_roles
from attending.ingest.predictions_table import read_table
from attending.lifecycle.adopted_wording import of_adoption, told_to_adopters
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
#: Names of missing columns that one message holds.
_MOST_NAMED = 10
#: Decimals to which the scores of a file may have been rounded.
_DECIMALS = range(1, 6)


@dataclass(frozen=True)
class ScoredRows:
    """The rows of a file.

    Attributes:
        read: outcomes, scores and groups as `validate predictions` takes them.
        patients: the ids that the file gives, as text, in the same order.
        sites: likewise, None where no column tells them.
        x: the inputs of the model, shape (n, p); None for scores only.
        parity: the old scores against ours; None where only one of them is there.
        rounded: to how many decimals the old scores agree with ours, where they were rounded.
    """

    read: Read
    patients: pa.Array
    sites: pa.Array | None
    x: Matrix | None
    parity: ScoreParity | None
    rounded: int | None = None

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
    _require_score(table, asked, fitted, where=path.name)
    x = _inputs(table, fitted) if fitted is not None else None
    ours = fitted.risk(x) if fitted is not None and x is not None else None
    asked = replace(asked, inputs=() if fitted is None else fitted.names)
    if asked.event and asked.outcome in table.column_names and _empty(table[asked.outcome]):
        asked = replace(asked, event="")  # nothing is known yet, so no word is the event
    waiting = asked.outcome not in table.column_names and _none_like(table, asked)
    if waiting:
        table = table.append_column(_NOT_YET, pa.nulls(table.num_rows, pa.string()))
        asked = replace(asked, outcome=_NOT_YET, event="")
    if ours is not None and not _has_scores(table, asked):
        table = table.append_column(_OURS, pa.array(ours))
        asked = replace(asked, risk=_OURS, percent=False)
    found = _read(table, path, asked, notes=notes)
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
        rounded=_rounded(found, ours) if columns["risk"] != _OURS else None,
    )


def _read(table: pa.Table, path: Path, asked: Asked, *, notes: list[str]) -> Read:
    """Return the rows as validation takes them; each must have a score.

    Raises:
        BadInput: rows without a score, counted; or what cannot be read in one way only.
    """
    with told_to_adopters():
        found = read_predictions_of(table, path, asked, notes=notes, drop_missing=True)
    if found.table.num_rows != table.num_rows:
        raise BadInput(
            f"{table.num_rows - found.table.num_rows} of {table.num_rows} rows have no score",
            code="adopt.no_score",
            hint="Take rows without a score out of the file.",
            where=path.name,
        )
    words = tuple(of_adoption(note) for note in found.file.notes)
    return found._replace(file=found.file.model_copy(update={"notes": words}))


def _require_score(table: pa.Table, asked: Asked, fitted: Fitted | None, *, where: str) -> None:
    """Refuse a file without the column of scores that was named, where no model can make them.

    Raises:
        BadInput: the column is not there.
    """
    if asked.risk and asked.risk not in table.column_names and not _any_input(table, fitted):
        raise BadInput(
            f"the file has no column '{asked.risk}', which holds the scores",
            code="adopt.no_score",
            hint="An outcome is taken with its score: send the row again with both.",
            where=where,
        )


def _any_input(table: pa.Table, fitted: Fitted | None) -> bool:
    return fitted is not None and not set(fitted.names).isdisjoint(table.column_names)


def require_parity(rows: ScoredRows) -> None:
    """Refuse a model that is not the one whose scores were used.

    Raises:
        Refused: with the count of scores that differ.
    """
    parity = rows.parity
    if parity is None or not parity.differing:
        return
    told = (
        f"{parity.differing} of {parity.rows} scores differ by more than {parity.within:g} "
        f"from what the model file gives, the largest by {parity.largest:.2g}"
    )
    if rows.rounded is not None:
        places = "1 decimal" if rows.rounded == 1 else f"{rows.rounded} decimals"
        raise Refused(
            f"{told}; they agree to {places}, so the old scores look rounded",
            code="adopt.parity",
            hint="Export them in full, or adopt the scores alone, without a model file.",
        )
    raise Refused(
        told,
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
    lacks = [name for name in fitted.names if name not in table.column_names]
    if lacks:
        named = ", ".join(lacks[:_MOST_NAMED])
        more = f" and {len(lacks) - _MOST_NAMED} more" if len(lacks) > _MOST_NAMED else ""
        verb = "is" if len(lacks) == 1 else "are"
        raise BadInput(
            f"{len(lacks)} of {len(fitted.names)} inputs of the model {verb} missing: "
            f"{named}{more}",
            code="adopt.input",
            hint="Each row holds score and inputs, also when it tells an outcome: put a column "
            "for each input into the file, under the name that the model has for it, with empty "
            "cells where nothing was measured.",
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


def _rounded(found: Read, ours: Risks | None) -> int | None:
    """Return the decimals to which the old scores were rounded; None where that tells nothing."""
    if ours is None:
        return None
    old = found.table["risk"].to_numpy().astype(np.float64)
    for places in _DECIMALS:
        near = np.abs(old - ours).max() <= 0.5 * 10.0**-places + WITHIN
        if near and np.allclose(old, np.round(old, places), rtol=0, atol=1e-12):
            return places
    return None
