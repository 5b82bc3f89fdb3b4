"""A run as files of an MLflow file store, for MLflow to read; the run record stays the original.

References:
    MLflow 3, file store: a folder an experiment, a folder a run, a file each metric, parameter
    and tag. Its meta.yaml files are written as JSON, which is YAML.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from attending.digests import digest_bytes, short

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.records.run import Measured, MeasuredNumber, Run
    from attending.types import Instant

_FINISHED = 3
_LOCAL_SOURCE = 4


def experiment_of(model: str) -> str:
    """Return the number of a model's experiment, the same for the same name.

    >>> experiment_of("readmission-30d") == experiment_of("readmission-30d")
    True
    """
    return str(int(digest_bytes(model.encode())[:14], 16))


def experiment_file(model: str, *, root: str, at: Instant) -> bytes:
    """Return the meta.yaml of a model's experiment.

    Args:
        model: its name.
        root: the address of the store's folder, `file:///...`.
        at: when it was made.
    """
    number, when = experiment_of(model), _millis(at)
    return _meta(
        {
            "artifact_location": f"{root}/{number}",
            "creation_time": when,
            "experiment_id": number,
            "last_update_time": when,
            "lifecycle_stage": "active",
            "name": model,
        }
    )


def run_files(
    run: Run,
    *,
    digest: str,
    root: str,
    at: Instant,
    by: str,
    artifacts: Mapping[str, bytes],
) -> dict[str, bytes]:
    """Return the files of a run by their path in its folder.

    Args:
        run: the record.
        digest: its name; the start of it is MLflow's run id.
        root: the address of the store's folder.
        at: when the run was made.
        by: who made it.
        artifacts: files to lay beside it, by name.
    """
    files = {"meta.yaml": _run_meta(run, digest=digest, root=root, at=at, by=by)}
    files |= {f"params/{key}": str(value).encode() for key, value in _params(run).items()}
    files |= {f"tags/{key}": value.encode() for key, value in _tags(run, digest, by).items()}
    when = _millis(at)
    files |= {
        f"metrics/{key}": f"{when} {value!r} 0\n".encode() for key, value in _metrics(run).items()
    }
    return files | {f"artifacts/{name}": data for name, data in artifacts.items()}


def run_id(digest: str) -> str:
    """Return MLflow's id of a run: 32 hexadecimal characters."""
    return digest[:32]


def _run_meta(run: Run, *, digest: str, root: str, at: Instant, by: str) -> bytes:
    number, name, when = experiment_of(run.model), run_id(digest), _millis(at)
    return _meta(
        {
            "artifact_uri": f"{root}/{number}/{name}/artifacts",
            "deleted_time": None,
            "end_time": when,
            "entry_point_name": "",
            "experiment_id": number,
            "lifecycle_stage": "active",
            "run_id": name,
            "run_name": f"{run.model} {short(digest)}",
            "run_uuid": name,
            "source_name": "",
            "source_type": _LOCAL_SOURCE,
            "source_version": "",
            "start_time": when,
            "status": _FINISHED,
            "tags": [],
            "user_id": by,
        }
    )


def _params(run: Run) -> dict[str, Any]:
    asked = {"estimator": run.estimator, "seed": run.seed, "calibration": run.calibration}
    return {**asked, "split": run.split.kind, **run.parameters}


def _tags(run: Run, digest: str, by: str) -> dict[str, str]:
    tags = {
        "mlflow.runName": f"{run.model} {short(digest)}",
        "mlflow.user": by,
        "mlflow.source.type": "LOCAL",
        "attending.run": digest,
        "attending.snapshot": run.snapshot,
        "attending.cohort": run.cohort,
        "attending.label": run.label,
        "attending.feature_set": run.feature_set,
        "attending.code": run.code_digest,
        "attending.exploratory": str(run.exploratory).lower(),
    }
    if run.project_commit:
        tags["mlflow.source.git.commit"] = run.project_commit
    return tags


def _metrics(run: Run) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in run.candidates:
        place = "" if one.chosen else f"compare/{one.name}/"
        found |= _of(f"{place}test", one.test)
        found |= {} if one.out_of_fold is None else _of(f"{place}out_of_fold", one.out_of_fold)
    return found


def _of(place: str, measured: Measured | MeasuredNumber) -> dict[str, float]:
    said = measured.model_dump(mode="json")
    return {f"{place}_{name}": value for name, value in said.items() if isinstance(value, float)}


def _meta(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, sort_keys=True) + "\n").encode()


def _millis(at: Instant) -> int:
    return round(at.timestamp() * 1000)
