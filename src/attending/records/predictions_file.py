"""What was read of a file of recorded predictions: which column was taken as what, and why."""

from __future__ import annotations

from typing import ClassVar, Literal, TypeAlias

from attending.records.base import Part, Record

#: How a column was found: the user said it, its name tells, or only its cells do.
Found: TypeAlias = Literal["said", "by its name", "by its values"]


class ColumnRead(Part):
    """A column of the file and what it was taken as.

    Attributes:
        column: its name in the file.
        taken_as: `outcome`, `risk`, `patient`, `row`, `time`, `group sex`, `baseline lace`.
        reading: how its cells were read, in words; no cell is quoted that is not one of ours.
    """

    column: str
    taken_as: str
    found: Found
    reading: str = ""


class PredictionsFile(Record):
    """A file of recorded predictions, as it was read.

    Attributes:
        rows: lines of the file, without the first.
        used: rows that are validated.
        unused: columns that were not used.
        notes: what a reader of the report must know of the reading.
    """

    kind: ClassVar[str] = "predictions_file"

    name: str
    file_digest: str
    rows: int
    used: int
    columns: tuple[ColumnRead, ...]
    unused: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
