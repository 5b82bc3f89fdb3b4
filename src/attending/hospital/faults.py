"""Faults on demand: an extract that is wrong in one way, as real sources are, and how much of it.

A fault edits the CSV files of a written extract, every cell as text. The manifest is written
again, so its control totals hold, unless the fault is about them. The same fault on the same
extract gives the same bytes.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import csv

from attending.digests import canonical, digest_file
from attending.errors import BadInput, did_you_mean
from attending.hospital import faults_in_files, faults_in_people, faults_in_values
from attending.hospital.extract import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from attending.hospital.sheets import Sheets


@dataclass(frozen=True)
class Fault:
    """One fault: its id, a variant, what it does, and how.

    Attributes:
        edit: changes the tables and returns how many cells or rows it touched.
        damage: changes the written files instead, after their totals were stated.
    """

    fault: str
    variant: str
    does: str
    edit: Callable[[Sheets], int] | None = None
    damage: Callable[[Path], int] | None = None

    @property
    def name(self) -> str:
        """Return the id with its variant, as the command line takes it."""
        return f"{self.fault}:{self.variant}"


_ALL = (
    *faults_in_values.FAULTS,
    *faults_in_people.FAULTS,
)
#: Every fault, by name.
FAULTS: dict[str, Fault] = {
    f"{fault}:{variant}": Fault(fault, variant, does, edit=edit)
    for fault, variant, does, edit in _ALL
} | {
    f"{fault}:{variant}": Fault(fault, variant, does, damage=damage)
    for fault, variant, does, damage in faults_in_files.FAULTS
}


def fault(name: str) -> Fault:
    """Return a fault by `D06:all`, or by its id alone: then its first variant.

    Raises:
        BadInput: no such fault; the hint has the nearest.
    """
    found = [item for key, item in FAULTS.items() if name in {key, item.fault}]
    if not found:
        raise BadInput(
            f"got the fault '{name}', which the hospital cannot plant",
            code="hospital.fault",
            hint=did_you_mean(name, list(FAULTS)),
        )
    return found[0]


def plant(folder: Path, name: str) -> int:
    """Return how many cells or rows a fault touched in an extract, now changed.

    Args:
        folder: as `write_extract` left it.
        name: a fault, such as `D08:no_unit`.
    """
    asked = fault(name)
    if asked.damage is not None:
        return asked.damage(folder)
    manifest: Any = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    tables = {file: _read(folder / file) for file in manifest["files"]}
    before = dict(tables)
    if asked.edit is None:
        return 0
    touched = asked.edit(tables)
    for file, table in tables.items():
        if table is not before[file]:
            _write(table, folder / file)
            manifest["files"][file] = {
                "rows": table.num_rows,
                "sha256": digest_file(folder / file),
            }
    (folder / MANIFEST).write_bytes(canonical(manifest))
    return touched


def _read(path: Path) -> pa.Table:
    with path.open(encoding="utf-8") as stream:
        names = stream.readline().strip().split(",")
    return csv.read_csv(
        path,
        convert_options=csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            null_values=[""],
            strings_can_be_null=True,
        ),
    )


def _write(table: pa.Table, path: Path) -> None:
    csv.write_csv(table, path, csv.WriteOptions(quoting_style="needed"))
