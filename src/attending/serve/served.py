"""One deployed version, ready to score: what was signed, and the verdict that it obeys."""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from attending.errors import BadInput, IntegrityBroken, Refused
from attending.explain.trend import moves_of
from attending.features.clocks import Zones
from attending.features.compiled import Compiled, compiled
from attending.records.monitoring import standing
from attending.serve.thresholds import threshold_at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.models.bundle import Bundle
    from attending.records.monitoring import RiskLevel, Verdict
    from attending.records.prediction import Answer
    from attending.records.validation import CurvePoint
    from attending.scores.protocol import Score
    from attending.specs.features import FeatureSpec, FeaturesSpec
    from attending.specs.release import ReleaseSpec, Widening
    from attending.types import Instant

#: Stages in which a version may score.
STAGES = ("silent", "limited", "live")


@dataclass(frozen=True)
class Served:
    """One version of a model as it is deployed, at one instant.

    Attributes:
        at: the instant at which the verdict is asked; another one by `asked`.
        run, artifact: digests of what made the model and of its files.
        release_digest: digest of the signed release spec.
        threshold: at or above it a score is flagged; None flags nothing.
        places: by unit or site, a threshold that counts there instead.
        verdict: the newest verdict, or None; without a valid one the model does not answer.
        serves: what the deployment record lets answer.
        fallback: the score that the signed plan names, made from its parameters.
        missing_share_max: with more of the features missing or stale there is no model score.
        decision_point, user_role: as stated by the caller; checked when stated.
        curve: the calibration curve of the run's validation report; empty without one.
        zones: of the sites, for features as of a clock time.
    """

    model: str
    version: str
    stage: str
    bundle: Bundle
    features: FeaturesSpec
    release: ReleaseSpec
    at: Instant
    run: str
    artifact: str
    release_digest: str | None = None
    snapshot: str | None = None
    threshold: float | None = None
    verdict: Verdict | None = None
    serves: Literal["version", "fallback", "none"] = "version"
    fallback: Score | None = None
    missing_share_max: float = 0.5
    decision_point: str | None = None
    user_role: str | None = None
    zones: Zones = field(default_factory=Zones)
    curve: tuple[CurvePoint, ...] = ()
    places: Mapping[str, float] = field(default_factory=dict)
    plan: Compiled = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Compile the features and check that all parts belong to this version.

        Raises:
            Refused: the stage may not score, or the verdict is another version's.
            IntegrityBroken: the features are not those that the model was trained on.
            BadInput: a feature of the model is not among the definitions.
        """
        if self.stage not in STAGES:
            raise Refused(
                f"a model in stage {self.stage} does not score, expected {', '.join(STAGES)}",
                code="serve.stage",
                hint="Advance it through its gates first.",
            )
        found = self.verdict
        if found is not None and (found.model, found.version) != (self.model, self.version):
            raise Refused(
                f"the verdict is about {found.model} {found.version}, not {self.version}",
                code="serve.verdict",
                hint="Pass the newest verdict of this version.",
            )
        if self.bundle.feature_set != self.features.digest:
            raise IntegrityBroken(
                "the features' definitions are not those that the model was trained on",
                code="serve.features",
                hint="Serve the model with the features.yaml of its run.",
            )
        unknown = [name for name in self.bundle.names if name not in self.features.names]
        if unknown:
            raise BadInput(
                f"{len(unknown)} of the model's features are not defined",
                code="serve.features",
                hint="Serve the model with the features.yaml of its run.",
            )
        object.__setattr__(self, "plan", compiled(self.features))

    def asked(self, at: Instant, *, decision_point: str | None, user_role: str | None) -> Served:
        """Return the same version as it is asked at another instant; nothing is compiled again."""
        _ = self.verdict_digest, self.columns, self.moves  # made once, and copied with the rest
        other = copy(self)
        said = {"at": at, "decision_point": decision_point, "user_role": user_role}
        for name, value in said.items():
            object.__setattr__(other, name, value)
        return other

    def threshold_at(self, *, unit: str | None, site: str | None) -> tuple[float | None, str]:
        """Return the threshold that counts for a patient, and the place whose it is."""
        return threshold_at(self.places, unit=unit, site=site, everywhere=self.threshold)

    @property
    def answer(self) -> Answer:
        """Return the answer that holds now; no verdict and an expired one never continue."""
        return standing(self.verdict, self.at, risk_level=self.risk_level)

    @property
    def risk_level(self) -> RiskLevel:
        """Return the declared risk."""
        return self.release.risk_level

    @property
    def expired(self) -> bool:
        """Return whether there is no verdict that holds now."""
        return self.verdict is None or not self.verdict.at <= self.at < self.verdict.expires_at

    @property
    def widening(self) -> Widening:
        """Return what the plan says of this stage."""
        return next(step for step in self.release.stages if step.stage == self.stage)

    @cached_property
    def verdict_digest(self) -> str | None:
        """Return the digest of the verdict, None without one."""
        return self.verdict.digest if self.verdict else None

    @cached_property
    def moves(self) -> tuple[tuple[str, FeatureSpec], ...]:
        """Return which features say how others move."""
        return moves_of(self.features)

    @cached_property
    def columns(self) -> list[int]:
        """Return where the model's features stand among the definitions."""
        at = {name: number for number, name in enumerate(self.features.names)}
        return [at[name] for name in self.bundle.names]
