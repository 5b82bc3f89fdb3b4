"""Write the true risks, in a folder of their own: no source ever gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyarrow import csv

from attending.errors import BadInput
from attending.hospital.extract import MANIFEST

if TYPE_CHECKING:
    from pathlib import Path

    from attending.hospital.generate import Hospital

TRUTH = "truth.csv"


def write_truth(hospital: Hospital, folder: Path) -> Path:
    """Write encounter_id and true_risk of every live discharge.

    The risk is that of an unplanned readmission within 30 days of the discharge.

    Returns:
        The path of the file.

    Raises:
        BadInput: the folder holds an extract.
    """
    if (folder / MANIFEST).exists():
        raise BadInput(
            "the folder holds an extract, expected one of its own for the truth",
            code="hospital.truth_beside_extract",
            hint="Give another folder, which nothing ingests.",
            where="folder",
        )
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / TRUTH
    options = csv.WriteOptions(quoting_style="none", quoting_header="none")
    csv.write_csv(hospital.truth, path, options)
    return path
