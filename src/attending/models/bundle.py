"""A model as it is stored and served: estimator, calibration, features, reference, golden check.

Reading a bundle scores its probe rows again and refuses it when any risk moved. Probe rows are made
from quantiles of the training rows; none is a patient's.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.digests import canonical, digest_bytes
from attending.errors import BadInput, IntegrityBroken, Refused
from attending.models import calibration as calibrations
from attending.models import concepts
from attending.models import reference as references
from attending.models.concepts import groups_of
from attending.models.formats import BUNDLE_FILE, check_files, parse_canonical
from attending.models.onnx_model import Brought
from attending.models.protocol import Fitted, Matrix, expit
from attending.models.reference import LEVELS, Reference
from attending.models.registered import MODELS
from attending.models.sampled_shares import sampled_shares

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.models.calibration import Calibration
    from attending.models.concepts import Concept, Groups
    from attending.types import Floats, Mask, Risks

FORMAT = "attending.bundle/1"
TOLERANCE = 1e-9
_LOW, _HIGH = 0.01, 0.99


@dataclass(frozen=True)
class Bundle:
    """A fitted, calibrated model and what is needed to trust, explain and watch it.

    Attributes:
        estimator: its kind, as in `MODELS`.
        fitted: the estimator itself.
        calibration: fitted on rows of its own.
        feature_set: digest of the features' definitions.
        missing: `native`, or `impute` to fill every gap with the training median.
        references: one for each feature, in the order of the columns.
        risk_reference: the calibrated risks of the training rows.
        correlated: pairs of features that move together, with their rank correlation.
        concepts: features that are explained as one; the others stand alone.
    """

    estimator: str
    fitted: Fitted
    calibration: Calibration
    feature_set: str
    missing: str
    references: tuple[Reference, ...]
    risk_reference: Reference
    correlated: tuple[tuple[str, str, float], ...]
    concepts: tuple[Concept, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the features in the order of the columns."""
        return self.fitted.names

    @property
    def scale(self) -> str:
        """Return what contributions add up to."""
        calibrated = "log-odds of the risk"
        return calibrated if self.calibration.is_line else "log-odds before calibration"

    @cached_property
    def _fill(self) -> Floats:
        """What stands in for a missing value, by feature; NaN leaves it to the estimator.

        A tree that never met a missing value reads one as zero, so such a gap takes the median.
        """
        fill = np.full(len(self.references), np.nan)
        for at, known in enumerate(self.references):
            if self.missing == "impute" or known.missing == 0.0:
                fill[at] = known.at(0.5) if known.quantiles else 0.0
        return fill

    @cached_property
    def spreads(self) -> Floats:
        """Return the interquartile range of each feature in training, 0 where it was never seen."""
        quartiles = [(item.at(0.25) or 0.0, item.at(0.75) or 0.0) for item in self.references]
        return np.array([high - low for low, high in quartiles])

    @cached_property
    def usual(self) -> tuple[Floats, Floats]:
        """Return the 1st and 99th percentile of each feature in training, NaN where never seen."""
        pairs = [(item.at(_LOW), item.at(_HIGH)) for item in self.references]
        low, high = np.array(pairs, np.float64).reshape(-1, 2).T  # None becomes NaN
        return low, high

    @cached_property
    def seldom_missing(self) -> Mask:
        """Return of which features hardly any training row had no value."""
        return np.array([item.missing < _LOW for item in self.references], np.bool_)

    def prepare(self, x: Matrix) -> Matrix:
        """Return rows as the estimator takes them.

        Raises:
            BadInput: another number of features.
        """
        if x.ndim != 2 or x.shape[1] != len(self.names):
            raise BadInput(
                f"got rows of shape {x.shape}, expected {len(self.names)} features",
                code="model.features",
                hint="Give the features in the order of Bundle.names.",
            )
        return np.where(np.isnan(x), self._fill, x)

    def margin(self, x: Matrix) -> Floats:
        """Return the calibrated log-odds, shape (n,)."""
        return self.calibration.apply(self.fitted.margin(self.prepare(x)))

    def risk(self, x: Matrix) -> Risks:
        """Return the calibrated risk, shape (n,)."""
        return expit(self.margin(x))

    def contributions(self, x: Matrix) -> Matrix:
        """Return each feature's share, shape (n, p + 1), last the base; `scale` says of what."""
        return self.calibrated_shares(self._shares(self.prepare(x)))

    def calibrated_shares(self, parts: Matrix) -> Matrix:
        """Return shares of the estimator's log-odds as shares on the bundle's `scale`.

        Args:
            parts: shape (n, p + 1), last the base.
        """
        if self.calibration.is_line:
            parts = parts * self.calibration.slope
            parts[:, -1] += self.calibration.intercept
        return parts

    @cached_property
    def groups(self) -> Groups:
        """Return all features by the concepts that readers see."""
        return groups_of(self.names, self.concepts)

    def shares(self, x: Matrix, groups: Groups) -> Matrix:
        """Return the share of each group of features, shape (n, g), without the base."""
        return groups.summed(self.contributions(x)[:, :-1])

    def _shares(self, x: Matrix) -> Matrix:
        """Return shares before calibration; those that a model does not have are sampled."""
        if not isinstance(self.fitted, Brought):
            return self.fitted.contributions(x)
        medians = [known.at(0.5) if known.quantiles else None for known in self.references]
        base = np.array([np.nan if value is None else value for value in medians])
        return sampled_shares(self.fitted.margin, x, base=self.prepare(base[None, :])[0])

    def files(self) -> dict[str, bytes]:
        """Return the bundle's files by name; the same bundle gives the same bytes."""
        name = MODELS.get(self.estimator).file_name
        model = self.fitted.write()
        return {name: model, BUNDLE_FILE: canonical(self._content(name, digest_bytes(model)))}

    def _content(self, name: str, digest: str) -> dict[str, Any]:
        probes = probe_rows(self.references)
        together = [concepts.as_json(one) for one in self.concepts]
        return {
            "format": FORMAT,
            "estimator": self.estimator,
            "file": {"name": name, "digest": digest},
            "names": list(self.names),
            "feature_set": self.feature_set,
            "missing": self.missing,
            "calibration": self.calibration.as_json(),
            "threshold": None,
            "references": [references.as_json(item) for item in self.references],
            "risk_reference": references.as_json(self.risk_reference),
            "correlated": [list(pair) for pair in self.correlated],
            **({"concepts": together} if together else {}),
            "probes": {"inputs": _nulls(probes), "risks": self.risk(probes).tolist()},
        }


def probe_rows(known: tuple[Reference, ...]) -> Matrix:
    """Return rows made of training quantiles: each level alone, levels mixed, all missing.

    >>> from attending.models.reference import summarise
    >>> probe_rows((summarise(np.array([1.0, 2.0]), name="a"),)).shape
    (15, 1)
    """
    levels = len(LEVELS)
    table = np.full((len(known), levels), np.nan)
    for at, item in enumerate(known):
        if item.quantiles:
            table[at] = item.quantiles
    features = np.arange(len(known))
    alone = [table[:, level] for level in range(levels)]
    mixed = [table[features, (features * 3 + level) % levels] for level in range(levels)]
    return np.vstack([*alone, *mixed, np.full(len(known), np.nan)])


def read_bundle(files: Mapping[str, bytes]) -> Bundle:
    """Return the bundle of these files, after its probe rows gave the risks that they must.

    Raises:
        Refused: a file of another format.
        IntegrityBroken: the model file is not the one that was bundled, or a probe moved.
    """
    name = check_files(files)
    found = parse_canonical(files[BUNDLE_FILE], where=BUNDLE_FILE)
    if found.get("format") != FORMAT:
        raise Refused(
            "got a bundle of another format",
            code="model.format",
            hint=f"This version reads {FORMAT}.",
            where=BUNDLE_FILE,
        )
    try:
        bundle = _build(found, name=name, model=files[name])
        _check_probes(bundle, found["probes"])
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise Refused(
            "got a bundle whose fields are not those of its format",
            code="model.format",
            hint="Bring the file as this package wrote it.",
            where=BUNDLE_FILE,
        ) from None
    return bundle


def _build(found: Mapping[str, Any], *, name: str, model: bytes) -> Bundle:
    if found["file"] != {"name": name, "digest": digest_bytes(model)}:
        raise IntegrityBroken(
            "the model file is not the one that its bundle names",
            code="model.digest",
            hint="Fetch the bundle again; if that fails, roll back.",
            where=name,
        )
    estimator = MODELS.get(found["estimator"], where=BUNDLE_FILE)
    known = tuple(references.from_json(item) for item in found["references"])
    if estimator.file_name != name or [item.name for item in known] != found["names"]:
        raise ValueError("parts that do not belong together")
    return Bundle(
        estimator=found["estimator"],
        fitted=estimator.read(model, names=found["names"]),
        calibration=calibrations.from_json(found["calibration"]),
        feature_set=str(found["feature_set"]),
        missing=str(found["missing"]),
        references=known,
        risk_reference=references.from_json(found["risk_reference"]),
        correlated=tuple((str(a), str(b), float(r)) for a, b, r in found["correlated"]),
        concepts=tuple(
            concepts.from_json(one, names=found["names"]) for one in found.get("concepts", ())
        ),
    )


def _check_probes(bundle: Bundle, probes: Mapping[str, Any]) -> None:
    rows = np.array(probes["inputs"], dtype=np.float64)
    expected = np.array(probes["risks"], dtype=np.float64)
    if len(rows) < 1 or len(expected) != len(rows):
        raise ValueError("no probes")
    moved = int((~(np.abs(bundle.risk(rows) - expected) <= TOLERANCE)).sum())
    if moved:
        raise IntegrityBroken(
            f"{moved} of {len(rows)} probe rows give another risk than when the model was made",
            code="model.probe",
            hint="Do not serve it. Fetch the bundle again, or check the installed libraries.",
            where=BUNDLE_FILE,
        )


def _nulls(rows: Matrix) -> list[list[float | None]]:
    """Return rows as JSON holds them: null where missing."""
    return [[None if value != value else value for value in row] for row in rows.tolist()]  # noqa: PLR0124 - NaN alone differs from itself
