"""A model file as somebody brings it: read by its own reader, or refused with a recipe."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.digests import digest_bytes
from attending.errors import BadInput, Refused
from attending.ingest.mlflow_run import read_mlflow
from attending.models.onnx_check import MAX_BYTES
from attending.models.outside import RECIPE, read_outside
from attending.records.adoption import AdoptedModel

if TYPE_CHECKING:
    from pathlib import Path

    from attending.models.protocol import Fitted
    from attending.specs.adopt import AdoptSpec


@dataclass(frozen=True)
class Brought:
    """A model as it was brought: its record, its file, and the model that the file says."""

    model: AdoptedModel
    data: bytes | None
    fitted: Fitted | None


def bring(spec: AdoptSpec, *, model: Path | None, mlflow: Path | None) -> Brought:
    """Return what is known of the model, and its file once its reader has taken it.

    Raises:
        Refused: the file is of a form that could run code, or no model that is read here.
        BadInput: a file that is not there, or too large.
    """
    run = read_mlflow(mlflow) if mlflow is not None else None
    data = _bytes(model) if model is not None else None
    if data is None and run is not None and run.files:
        data = _readable([_bytes(path) for path in run.files])
    form, fitted = read_outside(data) if data is not None else ("scores only", None)
    record = AdoptedModel.model_validate(
        {
            "model": spec.name,
            "outcome": spec.outcome,
            "made_by": spec.made_by,
            "training_data": spec.training_data,
            "form": form,
            "file": None if data is None else digest_bytes(data),
            "features": () if fitted is None else fitted.names,
            "imported": {} if run is None else run.said,
        }
    )
    return Brought(record, data, fitted)


def fitted_of(model: AdoptedModel, data: bytes | None) -> Fitted | None:
    """Return the model that a kept file says, None for a feed of scores."""
    return read_outside(data)[1] if model.file is not None and data is not None else None


def _bytes(path: Path) -> bytes:
    """Return the bytes of a file; no link is followed.

    Raises:
        BadInput: no such file, or one that is too large.
    """
    if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_BYTES:
        raise BadInput(
            f"expected the model as a plain file of {MAX_BYTES >> 20} MiB or less",
            code="adopt.file",
            where=str(path),
        )
    return path.read_bytes()


def _readable(files: list[bytes]) -> bytes:
    """Return the one file beside MLmodel that a reader takes.

    Raises:
        Refused: none, or more than one.
    """
    found, refusals = [], []
    for data in files:
        try:
            read_outside(data)
            found.append(data)
        except Refused as error:
            refusals.append(error)
    if len(found) == 1:
        return found[0]
    if len(refusals) == 1 and not found:
        raise refusals[0]
    raise Refused(
        f"the run holds {len(found)} model files that can be read, expected one",
        code="adopt.format",
        hint=RECIPE,
    )
