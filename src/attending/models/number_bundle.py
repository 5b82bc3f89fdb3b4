"""A model of numbers as it is stored: estimator, calibration, features, reference, golden check.

As for risks, reading a bundle foretells its probe rows again and refuses it when any figure moved.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from attending.digests import canonical, digest_bytes
from attending.errors import BadInput, IntegrityBroken, Refused
from attending.models import number_calibration as calibrations
from attending.models import reference as references
from attending.models.bundle import TOLERANCE, probe_rows
from attending.models.formats import BUNDLE_FILE, parse_canonical, sniff
from attending.models.number_protocol import Asked
from attending.models.number_registered import NUMBER_MODELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.models.number_calibration import NumberCalibration
    from attending.models.number_protocol import FittedNumber
    from attending.models.protocol import Matrix
    from attending.models.reference import Reference
    from attending.types import Floats

FORMAT = "attending.number_bundle/1"


class Foretold(NamedTuple):
    """Numbers with the ends of their intervals, shape (n,) each."""

    value: Floats
    low: Floats
    high: Floats


@dataclass(frozen=True)
class NumberBundle:
    """A fitted, calibrated model of numbers and what is needed to trust and watch it.

    Attributes:
        estimator: its kind, as in `NUMBER_MODELS`.
        outcome_type: `number` or `count`.
        level: the share of outcomes that the interval is to hold.
        fitted: the estimator itself.
        calibration: fitted on rows of its own.
        feature_set: digest of the features' definitions.
        missing: `native`, or `impute` to fill every gap with the training median.
        references: one for each feature, in the order of the columns.
        value_reference: the calibrated numbers of the calibration rows.
    """

    estimator: str
    outcome_type: str
    level: float
    fitted: FittedNumber
    calibration: NumberCalibration
    feature_set: str
    missing: str
    references: tuple[Reference, ...]
    value_reference: Reference

    @property
    def names(self) -> tuple[str, ...]:
        """Return the features in the order of the columns."""
        return self.fitted.names

    @cached_property
    def _fill(self) -> Floats:
        """What stands in for a missing value, by feature; NaN leaves it to the estimator."""
        fill = np.full(len(self.references), np.nan)
        for at, known in enumerate(self.references):
            if self.missing == "impute" or known.missing == 0.0:
                fill[at] = known.at(0.5) if known.quantiles else 0.0
        return fill

    def foretell(self, x: Matrix) -> Foretold:
        """Return the calibrated numbers of rows, with their intervals.

        Raises:
            BadInput: another number of features.
        """
        if x.ndim != 2 or x.shape[1] != len(self.names):
            raise BadInput(
                f"got rows of shape {x.shape}, expected {len(self.names)} features",
                code="model.features",
                hint="Give the features in the order of the bundle's names.",
            )
        filled = np.where(np.isnan(x), self._fill, x)
        value = self.fitted.value(filled)
        low, high = self.calibration.ends(value, self.fitted.bounds(filled))
        return Foretold(self.calibration.apply(value), low, high)

    def files(self) -> dict[str, bytes]:
        """Return the bundle's files by name; the same bundle gives the same bytes."""
        models = self.fitted.write()
        return {**models, BUNDLE_FILE: canonical(self._content(models))}

    def _content(self, models: Mapping[str, bytes]) -> dict[str, Any]:
        probes = probe_rows(self.references)
        found = self.foretell(probes)
        rows = [[None if np.isnan(cell) else float(cell) for cell in row] for row in probes]
        return {
            "format": FORMAT,
            "estimator": self.estimator,
            "outcome_type": self.outcome_type,
            "level": self.level,
            "files": {name: digest_bytes(data) for name, data in models.items()},
            "names": list(self.names),
            "feature_set": self.feature_set,
            "missing": self.missing,
            "calibration": self.calibration.as_json(),
            "references": [references.as_json(item) for item in self.references],
            "value_reference": references.as_json(self.value_reference),
            "probes": {"inputs": rows, **{k: v.tolist() for k, v in found._asdict().items()}},
        }


def read_number_bundle(files: Mapping[str, bytes]) -> NumberBundle:
    """Return the bundle of these files, after its probe rows gave the numbers that they must.

    Raises:
        Refused: a file of another format.
        IntegrityBroken: a model file is not the one that was bundled, or a probe moved.
    """
    for name, data in sorted(files.items()):
        if sniff(data) not in {"JSON", "LightGBM text"}:
            refusal = _refuse(f"got {sniff(data)} as a file of a model bundle", where=name)
            raise refusal
    if BUNDLE_FILE not in files:
        refusal = _refuse("got no bundle.json", where=BUNDLE_FILE)
        raise refusal
    found = parse_canonical(files[BUNDLE_FILE], where=BUNDLE_FILE)
    if found.get("format") != FORMAT:
        refusal = _refuse("got a bundle of another format", where=BUNDLE_FILE)
        raise refusal
    try:
        bundle = _build(found, files)
        _check_probes(bundle, found["probes"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        refusal = _refuse("got fields that are not those of the format", where=BUNDLE_FILE)
        raise refusal from None
    return bundle


def _refuse(what: str, *, where: str) -> Refused:
    return Refused(
        what, code="model.format", hint="Bring the files as this package wrote them.", where=where
    )


def _build(found: Mapping[str, Any], files: Mapping[str, bytes]) -> NumberBundle:
    estimator = NUMBER_MODELS.get(found["estimator"], where=BUNDLE_FILE)
    models = {name: files[name] for name in estimator.file_names}
    if found["files"] != {name: digest_bytes(data) for name, data in models.items()}:
        raise IntegrityBroken(
            "a model file is not the one that its bundle names",
            code="model.digest",
            hint="Fetch the bundle again; if that fails, roll back.",
            where=BUNDLE_FILE,
        )
    known = tuple(references.from_json(item) for item in found["references"])
    if [item.name for item in known] != found["names"]:
        raise ValueError("parts that do not belong together")
    # Which aim a text has is checked; mean or median are told by its first lines.
    median = b"\nobjective=regression_l1\n" in models.get("model.txt", b"")
    asked = Asked(
        names=tuple(found["names"]),
        seed=0,
        level=float(found["level"]),
        is_count=found["outcome_type"] == "count",
        parameters={"aim": "median"} if median else {},
    )
    return NumberBundle(
        estimator=str(found["estimator"]),
        outcome_type=str(found["outcome_type"]),
        level=asked.level,
        fitted=estimator.read(models, asked),
        calibration=calibrations.from_json(found["calibration"]),
        feature_set=str(found["feature_set"]),
        missing=str(found["missing"]),
        references=known,
        value_reference=references.from_json(found["value_reference"]),
    )


def _check_probes(bundle: NumberBundle, probes: Mapping[str, Any]) -> None:
    rows = np.array(probes["inputs"], dtype=np.float64)
    moved = 0
    for name, found in bundle.foretell(rows)._asdict().items():
        expected = np.array(probes[name], dtype=np.float64)
        if not len(rows) or expected.shape != found.shape:
            raise ValueError("no probes")
        off = np.abs(found - expected) / np.maximum(1.0, np.abs(expected))
        moved += int((~(off <= TOLERANCE)).sum())
    if moved:
        raise IntegrityBroken(
            f"{moved} figures of the probe rows are not what they were when the model was made",
            code="model.probe",
            hint="Do not serve it. Fetch the bundle again, or check the installed libraries.",
            where=BUNDLE_FILE,
        )
