"""The scores that an adopted model came in with: by what they are known again when they come later.

An outcome of such a score is no score of today. Those that had no outcome yet when the model came
in are no random part of it: alone, they would judge the model by its long stays.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from attending.ingest.pseudonyms import Pseudonyms
from attending.lifecycle.tables import table_bytes, table_from

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from attending.lifecycle.adopted_rows import ScoredRows
    from attending.lifecycle.desk import Desk
    from attending.records.adoption import Adoption

#: The key under which an adoption names the table.
HISTORY = "history"


@dataclass(frozen=True)
class History:
    """Patients with the instants, in microseconds, and scores of the files a model came in with."""

    timed: frozenset[tuple[int, int, float]] = frozenset()
    scored: frozenset[tuple[int, float]] = frozenset()


def keep_history(desk: Desk, rows: ScoredRows) -> str:
    """Return the digest of the table of patients, times and scores, now kept; ids are pseudonyms.

    Args:
        desk: whose key makes the pseudonyms.
        rows: of the file.
    """
    table = rows.read.table
    times = pa.nulls(len(table), pa.int64())
    if "prediction_time" in table.column_names:
        times = table["prediction_time"].cast(pa.timestamp("us")).cast(pa.int64())
    held = pa.table(
        {
            "subject_id": Pseudonyms(desk.home.pseudonym_key()).subject(rows.patients),
            "time": times,
            "score": pa.array(rows.risk),
        }
    )
    return desk.home.artifacts.put(table_bytes(held.filter(pc.is_valid(held["subject_id"]))))


def history_of(desk: Desk, adoptions: Iterable[Adoption], *, patients: Sequence[int]) -> History:
    """Return what is known of some patients in the files of some adoptions.

    Nothing is known where the table was erased with one of its patients.

    Args:
        desk: where.
        adoptions: of one version.
        patients: pseudonyms.
    """
    asked = pa.array(patients, pa.int64())
    timed, scored = set(), set()
    for adoption in adoptions:
        digest = desk.home.catalog.keys(adoption.digest).get(HISTORY)
        if digest is None or digest not in desk.home.artifacts:
            continue
        table = table_from(desk.home.artifacts.read(digest))
        table = table.filter(pc.is_in(table["subject_id"], value_set=asked))
        columns = (table[name].to_pylist() for name in ("subject_id", "time", "score"))
        for subject, time, score in zip(*columns, strict=True):
            scored.add((subject, score))
            if time is not None:
                timed.add((subject, time, score))
    return History(frozenset(timed), frozenset(scored))


def doubled(rows: ScoredRows) -> str:
    """Return a note on rows of a patient and time, or score, that stand in another row too."""
    table = rows.read.table
    what = "time" if "prediction_time" in table.column_names else "score"
    column = table["prediction_time"] if what == "time" else pa.array(rows.risk)
    named = pa.table({"patient": rows.patients, what: column})
    again = len(named) - named.group_by(["patient", what]).aggregate([]).num_rows
    if not again:
        return ""
    stand = "row is of a patient and" if again == 1 else "rows are of a patient and"
    return f"{again:,} {stand} {what} that another row has too; all of them are counted."
