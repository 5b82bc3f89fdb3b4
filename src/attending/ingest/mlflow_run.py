"""Read the folder of an MLflow run: figures, parameters, tags, and the files of its model.

No YAML of it is read, and no file is opened beyond its first bytes but the one model file whose
format runs nothing. MLflow itself is not needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import BadInput, NotFound

if TYPE_CHECKING:
    from pathlib import Path

#: Most figures, parameters and tags of each kind, characters of one, bytes of a model file.
_MOST, _LONGEST, _LARGEST = 200, 500, 64 << 20
#: What lies beside a model and is none.
_BESIDE = frozenset({"MLmodel", "conda.yaml", "python_env.yaml", "requirements.txt"})


@dataclass(frozen=True)
class MlflowRun:
    """What a run says of itself, and the files that may be its model.

    Attributes:
        said: by `metric auc`, `parameter eta`, `tag version` and `run`, as text.
        files: beside `MLmodel`, without what describes the environment, in order.
    """

    said: dict[str, str]
    files: tuple[Path, ...]


def read_mlflow(folder: Path) -> MlflowRun:
    """Return what the folder of a run holds.

    Args:
        folder: such as `mlruns/0/3f9a...`, with `metrics`, `params` and `artifacts`.

    Raises:
        NotFound: no folder of a run.
        BadInput: more than one model, or one that is too large.
    """
    if not (folder / "meta.yaml").is_file() or not (folder / "metrics").is_dir():
        raise NotFound(
            "this is not the folder of an MLflow run: meta.yaml or metrics is missing",
            code="adopt.mlflow",
            hint="Give mlruns/EXPERIMENT/RUN of a file store, or download the run's folder.",
            where=str(folder),
        )
    said = {"run": folder.resolve().name}
    for name, kind in (("metrics", "metric"), ("params", "parameter"), ("tags", "tag")):
        for path in _plain_files(folder / name)[:_MOST]:
            words = path.relative_to(folder / name).as_posix()
            if not words.startswith("mlflow."):
                said[f"{kind} {words}"] = _value(path, kind=kind)
    return MlflowRun(said, _model_files(folder))


def _plain_files(folder: Path) -> list[Path]:
    """Return the files below a folder, in order; links are not followed."""
    if not folder.is_dir() or folder.is_symlink():
        return []
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def _value(path: Path, *, kind: str) -> str:
    """Return what a file says; of a metric the value of its last step."""
    with path.open("rb") as stream:
        text = stream.read(1 << 20).decode("utf-8", errors="replace").strip()
    words = text.split("\n")[-1].split(" ") if kind == "metric" else []
    return (words[1] if len(words) > 1 else text)[:_LONGEST]


def _model_files(folder: Path) -> tuple[Path, ...]:
    """Return the files beside the one MLmodel of the run, or of the models that it logged."""
    logged = [folder.parent / "models" / one.name for one in _folders(folder / "outputs")]
    found = [
        path
        for place in (folder / "artifacts", *logged)
        for path in _plain_files(place)
        if path.name == "MLmodel"
    ]
    if len(found) > 1:
        raise BadInput(
            f"the run holds {len(found)} models",
            code="adopt.mlflow",
            hint="Name the file of the one that is in use: --model FILE.",
            where=str(folder),
        )
    beside = [path for one in found for path in _plain_files(one.parent)]
    files = tuple(path for path in beside if path.name not in _BESIDE)
    if any(path.stat().st_size > _LARGEST for path in files):
        raise BadInput(
            "a file of the model has more than 64 MiB",
            code="adopt.mlflow",
            hint="Bring a smaller model, or its scores alone.",
            where=str(folder),
        )
    return files


def _folders(folder: Path) -> list[Path]:
    return sorted(one for one in folder.iterdir() if one.is_dir()) if folder.is_dir() else []
