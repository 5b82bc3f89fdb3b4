"""Recorded predictions of anyone, read into the plain table that validation takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.digests import digest_file
from attending.errors import BadInput
from attending.ingest.predictions_cells import (
    read_baseline,
    read_numbers,
    read_outcome,
    read_risk,
    texts,
)
from attending.ingest.predictions_columns import find_roles
from attending.ingest.predictions_followed import followed_outcomes, horizon_of
from attending.ingest.predictions_table import read_table
from attending.ingest.predictions_times import lacks_zone, read_times
from attending.records.predictions_file import ColumnRead, PredictionsFile

if TYPE_CHECKING:
    from pathlib import Path

    from attending.ingest.predictions_columns import Asked, Roles
    from attending.types import Mask

#: Ages in years are taken together: up to 39, 40 to 64, 65 to 79, 80 and over.
_BANDS = ((0, "<18"), (18, "18-39"), (40, "40-64"), (65, "65-79"), (80, "80+"))
_MOST_GROUPS = 40
_MOST_AGE = 130
#: Years that no prediction of these days was made in: dates that were shifted.
_REAL_YEARS = (1970, 2100)


class Read(NamedTuple):
    """The plain table, what was read of the file, and whether its calendar is real.

    Attributes:
        horizon: up to which column `followed` of the table goes; None without that column.
    """

    table: pa.Table
    file: PredictionsFile
    real_calendar: bool
    horizon: float | None = None


def read_predictions(
    path: Path, asked: Asked, *, delimiter: str = "", drop_missing: bool = False
) -> Read:
    """Return outcomes, risks, patients and groups of a file, and which column was which.

    Args:
        path: a CSV file, packed or not, or Parquet; one prediction a row.
        asked: what the user said of its columns.
        delimiter: between two cells; found by itself when empty.
        drop_missing: whether rows without a risk are left out and counted.

    Raises:
        BadInput: the file, a column or a cell cannot be read in one way only.
        NotFound: there is no such file.
    """
    table, notes = read_table(path, delimiter=delimiter)
    return read_predictions_of(table, path, asked, notes=notes, drop_missing=drop_missing)


def read_predictions_of(
    table: pa.Table,
    path: Path,
    asked: Asked,
    *,
    notes: list[str],
    drop_missing: bool = False,
) -> Read:
    """Return what `read_predictions` does, of a file whose cells were read already.

    Args:
        table: the cells, as `read_table` gives them.
        path: the file.
        asked: what the user said of its columns.
        notes: what a reader must know of the reading.
        drop_missing: whether rows without a risk are left out and counted.

    Raises:
        BadInput: a column or a cell cannot be read in one way only.
    """
    if not table.num_rows:
        raise BadInput(
            "the file has no row below its first line", code="predictions.empty", where=path.name
        )
    try:
        return _read(table, path, asked, notes=notes, drop_missing=drop_missing)
    except BadInput as error:
        error.where = error.where or path.name
        raise


def _read(
    table: pa.Table, path: Path, asked: Asked, *, notes: list[str], drop_missing: bool
) -> Read:
    roles = find_roles(table, asked)
    reader = _Reader(table, roles, notes)
    outcome = reader.outcome(asked.event)
    risk = reader.risk(percent=asked.percent)
    columns = {"outcome": outcome, "risk": risk, "subject": reader.patients()}
    columns |= reader.follow_up(outcome, asked.horizon)
    columns |= reader.times() | reader.groups() | reader.baselines()
    kept = _kept(columns, reader, drop_missing=drop_missing, name=roles.risk[0])
    made = pa.table(columns).filter(pa.array(kept))
    file = PredictionsFile(
        name=path.name,
        file_digest=digest_file(path),
        rows=table.num_rows,
        used=int(pc.sum(pc.is_valid(made["outcome"])).as_py() or 0),
        columns=tuple(reader.read),
        unused=_unused(table, reader, asked),
        notes=tuple(reader.notes),
    )
    return Read(made, file, reader.real_calendar, reader.horizon)


def _unused(table: pa.Table, reader: _Reader, asked: Asked) -> tuple[str, ...]:
    used = {*asked.inputs, *(one.column for one in reader.read)}
    return tuple(name for name in table.column_names if name not in used)


def _kept(columns: dict[str, pa.Array], reader: _Reader, *, drop_missing: bool, name: str) -> Mask:
    """Return which rows have a risk, or refuse those that have an outcome and none."""
    known = ~np.isnan(columns["risk"].to_numpy(zero_copy_only=False))
    waiting = ~np.asarray(columns["outcome"].is_valid())
    missing = int(np.count_nonzero(~known & ~waiting))
    if missing and not drop_missing:
        raise BadInput(
            f"{missing} of {known.size} rows have no number in column '{name}'",
            code="predictions.missing_risk",
            hint="Who gets no risk matters. Write --drop-missing to leave these rows out: the "
            "report then says that the model was judged on the others only.",
        )
    if missing:
        reader.notes.append(
            f"{_shown(missing)} rows without a risk were left out: the model is judged on the "
            "others only."
        )
    return np.asarray(known, dtype=np.bool_)


def _shown(count: int) -> str:
    return f"{count:,}" if count > 10 else "Few"


class _Reader:
    """Reads one column after another and notes what each was taken as."""

    def __init__(self, table: pa.Table, roles: Roles, notes: list[str]) -> None:
        self.table = table
        self.roles = roles
        self.read: list[ColumnRead] = []
        self.notes = list(notes)
        self.real_calendar = True
        self.horizon: float | None = None

    def outcome(self, event: str) -> pa.Array:
        name, found = self.roles.outcome
        made, reading = read_outcome(self.table[name], name=name, event=event)
        self._note(name, "outcome", found, reading=reading)
        if self.roles.outcomes_too:
            self.notes.append(
                f"Also of yes and no: {', '.join(self.roles.outcomes_too)}. If one of them is the "
                "outcome, write --outcome COLUMN."
            )
        return made

    def risk(self, *, percent: bool | None) -> pa.Array:
        name, found = self.roles.risk
        made = read_risk(self.table[name], name=name, percent=percent)
        self._note(name, "risk", found, reading=made.reading)
        return pa.array(made.values)

    def patients(self) -> pa.Array:
        """Return patients as numbers; each row is its own where no column tells them."""
        self._require_rows_once()
        if self.roles.patient is None:
            self.notes.append(
                "No column tells patients apart, so every row counts as another patient. Where "
                "patients have several rows, intervals are too narrow: write --patient COLUMN."
            )
            return pa.array(np.arange(self.table.num_rows))
        name, found = self.roles.patient
        plain = texts(self.table[name])
        if plain.null_count:
            raise BadInput(
                f"{plain.null_count} rows have no patient in column '{name}'",
                code="predictions.no_patient",
                hint="Rows of one patient belong together: give every row its patient.",
            )
        codes = plain.combine_chunks().dictionary_encode().indices
        patients = int(pc.max(codes).as_py()) + 1
        self._note(name, "patient", found, reading=f"{patients:,} patients in {len(codes):,} rows")
        return codes.cast(pa.int64())

    def follow_up(self, outcome: pa.Array, horizon: float | None) -> dict[str, pa.Array]:
        """Return outcomes at the horizon and how long rows were followed, where a column says it.

        Raises:
            BadInput: a horizon or a competing event without such a column, or times that are none.
        """
        if self.roles.follow_up is None:
            if horizon is not None:
                raise BadInput(
                    "a horizon is said, and no column says how long rows were followed",
                    code="predictions.no_follow_up",
                    hint="Name it: --follow-up COLUMN.",
                )
            return {}
        name, found = self.roles.follow_up
        time = read_numbers(self.table[name], name=name).values
        below = int(np.count_nonzero(time < 0))
        if below or not np.count_nonzero(~np.isnan(time)):
            raise BadInput(
                f"{below} cells of column '{name}' are below 0" if below else f"'{name}' is empty",
                code="predictions.follow_up",
                hint="Count time from the prediction on, or take the column out of the file.",
            )
        made = followed_outcomes(
            outcome, time, self._competing(), horizon=horizon_of(time, horizon, name=name)
        )
        self.horizon = made.horizon
        lost = _shown(made.lost) if made.lost else "none"
        reading = f"horizon {made.horizon:g}; lost before it: {lost.lower()}"
        self._note(name, "follow-up", found, reading=reading)
        return {"outcome": made.outcome, "followed": made.followed}

    def _competing(self) -> Mask:
        """Return which rows had another event first; none where no column says it."""
        if self.roles.competing is None:
            return np.zeros(self.table.num_rows, np.bool_)
        name, found = self.roles.competing
        made, reading = read_outcome(self.table[name], name=name)
        self._note(name, "competing event", found, reading=reading)
        return np.asarray(made.fill_null(0).to_numpy(zero_copy_only=False) == 1, np.bool_)

    def _require_rows_once(self) -> None:
        """Refuse rows that one id names twice: each would count more than once."""
        if self.roles.row is None or self.roles.row == self.roles.patient:
            return
        name, found = self.roles.row
        plain = texts(self.table[name])
        known = len(plain) - plain.null_count
        repeated = known - pc.count_distinct(plain).as_py()
        if repeated:
            raise BadInput(
                f"{repeated} rows repeat an id of column '{name}'",
                code="predictions.repeated",
                hint="Take rows that stand twice out of the file. If one id has several "
                f"predictions, write --patient {name}: its rows are then drawn together.",
            )
        self._note(name, "row", found, reading="no id stands twice")

    def times(self) -> dict[str, pa.Array]:
        if self.roles.time is None:
            return {}
        name, found = self.roles.time
        made = read_times(self.table[name])
        if made is None:
            self.notes.append(
                f"Column '{name}' was not used as the time: a cell is empty, is no date and time "
                "such as 2026-01-31 06:00, or may be day/month and month/day alike."
            )
            return {}
        years = pc.min_max(pc.year(made)).as_py()
        low, high = _REAL_YEARS
        self.real_calendar = low <= years["min"] and years["max"] < high
        said = "shifted dates: no quarters and no days"
        if self.real_calendar:
            said = "no zone is named: read as UTC" if lacks_zone(self.table[name]) else ""
        self._note(name, "time", found, reading=said)
        plain = made.combine_chunks() if isinstance(made, pa.ChunkedArray) else made
        return {"prediction_time": plain}

    def groups(self) -> dict[str, pa.Array]:
        made = {}
        asked = dict(self.roles.groups)
        if self.roles.site is not None:
            asked["site"] = self.roles.site
        for about, (name, found) in asked.items():
            column, reading = self._group(about, name)
            count = pc.count_distinct(column).as_py()
            if count > _MOST_GROUPS:
                self._too_many(name, count, said=found == "said")
                continue
            self._note(name, f"group {about}", found, reading=reading or f"{count} groups")
            made[f"group_{about}"] = column
        return made

    def _group(self, about: str, name: str) -> tuple[pa.Array, str]:
        plain = texts(self.table[name]).combine_chunks()
        if about != "age":
            return plain, ""
        try:
            years = read_numbers(self.table[name], name=name).values
        except BadInput:
            return plain, ""
        if np.nanmax(years, initial=0) > _MOST_AGE or pc.count_distinct(plain).as_py() <= len(
            _BANDS
        ):
            return plain, ""
        place = np.searchsorted([low for low, _ in _BANDS], years, side="right") - 1
        names = [
            None if np.isnan(year) else _BANDS[max(int(at), 0)][1]
            for at, year in zip(place, years, strict=True)
        ]
        return pa.array(names, pa.string()), "years, in bands"

    def _too_many(self, name: str, count: int, *, said: bool) -> None:
        text = f"column '{name}' has {count} different values, at most {_MOST_GROUPS} are groups"
        if said:
            raise BadInput(
                text, code="predictions.groups", hint="Put values together into fewer groups."
            )
        self.notes.append(f"{text[:1].upper()}{text[1:]}: it was not used.")

    def baselines(self) -> dict[str, pa.Array]:
        made = {}
        for about, (name, found) in self.roles.baselines.items():
            values, decided = read_baseline(self.table[name], name=name)
            known = values[~np.isnan(values)]
            if not known.size:
                raise BadInput(f"column '{name}' is empty", code="predictions.no_baseline")
            made[f"baseline_{about}"] = pa.array(values)
            risk = known.min() >= 0 and known.max() <= 1 and bool(np.count_nonzero(known % 1))
            if risk:
                made[f"baseline_{about}_risk"] = pa.array(values)
            decided = decided or bool(np.isin(known, (0, 1)).all())
            reading = "yes and no" if decided else "risks" if risk else "points"
            self._note(name, f"baseline {about}", found, reading=reading)
        return made

    def _note(self, column: str, taken_as: str, found: str, *, reading: str = "") -> None:
        self.read.append(
            ColumnRead.model_validate(
                {"column": column, "taken_as": taken_as, "found": found, "reading": reading}
            )
        )
