"""Read the files of models that a team brings, from the project's folder and nowhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.digests import digest_bytes
from attending.errors import BadInput, IntegrityBroken
from attending.models.onnx_check import MAX_BYTES

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.projects import Project
    from attending.specs.model import CandidateSpec

_WHERE = "model.yaml: parameters.file"


def brought_models(project: Project) -> dict[str, bytes]:
    """Return the bytes of every ONNX candidate by their digest; each file is opened once.

    The digest stands in model.yaml, so that who signs the plan signs the file.

    Raises:
        BadInput: no such file, one outside the folder, or one that is too large.
        IntegrityBroken: another file than the digest says.
    """
    found = {}
    for _, asked in project.model.candidates():
        if asked.estimator == "onnx":
            data = _read(project.folder.root, asked)
            found[str(asked.parameters["digest"])] = data
    return found


def _read(folder: Path, asked: CandidateSpec) -> bytes:
    path = folder / str(asked.parameters["file"])
    inside = path.resolve().is_relative_to(folder.resolve())
    if not inside or not path.is_file() or path.is_symlink():
        raise BadInput(
            "got the name of a file that is not in the project's folder",
            code="model.brought",
            hint="Put the ONNX file beside model.yaml and write its name alone.",
            where=_WHERE,
        )
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise BadInput(
            f"got a model of more than {MAX_BYTES >> 20} MiB",
            code="model.brought",
            hint="Bring a smaller model.",
            where=_WHERE,
        )
    if digest_bytes(data) != asked.parameters["digest"]:
        raise IntegrityBroken(
            "the ONNX file is not the one whose digest model.yaml gives",
            code="model.digest",
            hint="Bring the file that was agreed, or agree anew with `sha256sum` of this one.",
            where="model.yaml: parameters.digest",
        )
    return data
