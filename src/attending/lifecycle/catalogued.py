"""What the models of a home are made of: whose each thing is, how it stands, who uses it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from attending.errors import NotFound
from attending.lifecycle import catalogue
from attending.lifecycle.catalogue_reviews import uses_by_model, waiting
from attending.lifecycle.catalogue_rights import require_reader
from attending.lifecycle.code_lists import listed
from attending.lifecycle.desk import in_view
from attending.lifecycle.run_specs import KINDS
from attending.lifecycle.signing import standing_approvals
from attending.records.code_list import CodeListReview
from attending.records.cohort import Cohort
from attending.records.contract import ContractReport
from attending.records.run import Run
from attending.records.snapshot import Snapshot
from attending.specs.contract import ContractSpec
from attending.specs.features import FeaturesSpec
from attending.times import format_length

if TYPE_CHECKING:
    from datetime import timedelta

    from attending.lifecycle.catalogue import Standing
    from attending.lifecycle.desk import Desk
    from attending.records.catalogue import CatalogueFeature, FeatureReview
    from attending.specs.base import Spec
    from attending.specs.features import FeatureSpec
    from attending.types import Instant


@dataclass(frozen=True)
class FeatureLine:
    """One feature: shared in the catalogue, or of models alone.

    Attributes:
        reference: the newest shared version; empty where models define it alone.
        freshness: how old its newest value may be; empty where nothing is said.
        used_by: models that take the shared one.
        defined_by: models that define one of that name themselves.
    """

    name: str
    label: str
    owner: str
    status: str
    purpose: str
    freshness: str
    used_by: tuple[str, ...]
    defined_by: tuple[str, ...] = ()
    reference: str = ""


@dataclass(frozen=True)
class CodeListLine:
    """One code list, and whether a change of it waits for a signature."""

    name: str
    version: str
    title: str
    owner: str
    classes: int
    codes: int
    used_by: tuple[str, ...]
    reviews: int


@dataclass(frozen=True)
class ContractLine:
    """One data contract, and how the newest data keep it.

    Attributes:
        checks, failed: of the newest report; None without one.
        newest: the latest instant that the newest snapshot of its source knows of.
        age: how long ago that was.
        cadence: how often new rows were promised; empty where nothing is said.
    """

    name: str
    version: str
    owner: str
    status: str
    sources: tuple[str, ...]
    used_by: tuple[str, ...]
    checks: int | None
    failed: tuple[str, ...]
    newest: Instant | None
    age: timedelta | None
    cadence: str


@dataclass(frozen=True)
class CohortLine:
    """The newest cohort of a model."""

    model: str
    digest: str
    record: Cohort
    owner: str
    newest: Instant | None


@dataclass(frozen=True)
class Catalogued:
    """All of it."""

    features: tuple[FeatureLine, ...]
    code_lists: tuple[CodeListLine, ...]
    contracts: tuple[ContractLine, ...]
    cohorts: tuple[CohortLine, ...]


@dataclass
class _Asked:
    """What a spec was asked by: the models, the newest first."""

    models: list[str] = field(default_factory=list)


def catalogued(desk: Desk) -> Catalogued:
    """Return what the models of a home are made of, with owners, status, age and users."""
    desk = in_view(desk)
    specs = _specs(desk)
    return Catalogued(
        features=_features(desk, specs),
        code_lists=_code_lists(desk, specs),
        contracts=_contracts(desk, specs),
        cohorts=_cohorts(desk),
    )


def _specs(desk: Desk) -> dict[str, dict[str, Spec]]:
    """Return by model the specs that the run of its newest version kept."""
    found: dict[str, dict[str, Spec]] = {}
    for model in desk.home.deployments.models():
        run = desk.home.catalog.latest(Run, model=model)
        kept = (run.specs or {}) if run else {}
        found[model] = {
            name: _parsed(name, desk.home.artifacts.read(digest))
            for name, digest in kept.items()
            if name in {"contract", "features"} and digest in desk.home.artifacts
        }
    return found


@lru_cache(maxsize=256)
def _parsed(name: str, data: bytes) -> Spec:
    """Return a spec from its bytes; the same bytes are the same spec."""
    return KINDS[name].model_validate(json.loads(data))


def _features(desk: Desk, specs: dict[str, dict[str, Spec]]) -> tuple[FeatureLine, ...]:
    own, definers = _own_features(specs)
    shared = catalogue.newest(desk)
    states = catalogue.statuses(desk, shared.values())
    users = _users(desk)
    lines = [_shared(one, states[name], users.get(name, ())) for name, one in shared.items()]
    lines += [_own(one) for name, one in own.items() if name not in shared]
    told = [replace(one, defined_by=tuple(sorted(definers.get(one.name, ())))) for one in lines]
    return tuple(sorted(told, key=lambda one: one.name))


def _own_features(
    specs: dict[str, dict[str, Spec]],
) -> tuple[dict[str, FeatureSpec], dict[str, list[str]]]:
    """Return features that models define themselves, and by name which models do."""
    own: dict[str, FeatureSpec] = {}
    definers: dict[str, list[str]] = {}
    for model, kept in specs.items():
        asked = kept.get("features")
        for one in asked.features if isinstance(asked, FeaturesSpec) else ():
            if one.catalogue is None:
                own[one.name] = one
                definers.setdefault(one.name, []).append(model)
    return own, definers


def _users(desk: Desk) -> dict[str, tuple[str, ...]]:
    """Return by name of a shared feature the models that take it."""
    found: dict[str, list[str]] = {}
    for model, uses in sorted(uses_by_model(desk).items()):
        for use in uses.uses:
            found.setdefault(use.name, []).append(model)
    return {name: tuple(models) for name, models in found.items()}


def _shared(one: CatalogueFeature, status: str, users: tuple[str, ...]) -> FeatureLine:
    said = one.definition
    return FeatureLine(
        name=one.name,
        label=one.label,
        owner=one.owner,
        status=status,
        purpose=str(said.get("purpose", "")),
        freshness=str(said.get("freshness") or ""),
        used_by=users,
        reference=one.reference,
    )


def _own(one: FeatureSpec) -> FeatureLine:
    return FeatureLine(
        name=one.name,
        label=one.label,
        owner=one.owner,
        status=one.status,
        purpose=one.purpose,
        freshness=format_length(one.freshness) if one.freshness else "",
        used_by=(),
    )


def _code_lists(desk: Desk, specs: dict[str, dict[str, Spec]]) -> tuple[CodeListLine, ...]:
    users: dict[str, list[str]] = {}
    for model, kept in specs.items():
        asked = kept.get("features")
        for one in asked.code_lists if isinstance(asked, FeaturesSpec) else ():
            users.setdefault(one.name, []).append(model)
    open_reviews = [
        one for one in desk.home.catalog.all(CodeListReview) if not _signed(desk, one.digest)
    ]
    return tuple(
        CodeListLine(
            name=one.spec.name,
            version=one.spec.version,
            title=one.spec.title,
            owner=one.spec.owner,
            classes=len(one.spec.classes),
            codes=len(one.spec.patterns()),
            used_by=tuple(sorted(users.get(one.spec.name, []))),
            reviews=sum(review.name == one.spec.name for review in open_reviews),
        )
        for one in listed(Path("(kept in the home)"))
    )


def _signed(desk: Desk, digest: str) -> bool:
    return bool(standing_approvals(desk, digest))


def _contracts(desk: Desk, specs: dict[str, dict[str, Spec]]) -> tuple[ContractLine, ...]:
    asked: dict[str, tuple[ContractSpec, _Asked]] = {}
    for model, kept in specs.items():
        spec = kept.get("contract")
        if isinstance(spec, ContractSpec):
            asked.setdefault(spec.digest, (spec, _Asked()))[1].models.append(model)
    return tuple(
        _contract(desk, spec, models.models)
        for spec, models in sorted(asked.values(), key=lambda one: one[0].name)
    )


def _contract(desk: Desk, spec: ContractSpec, models: list[str]) -> ContractLine:
    report = desk.home.catalog.latest(ContractReport, model=models[0])
    sources = tuple(one.name for one in spec.sources)
    newest = _watermark(desk, sources)
    cadence = spec.refresh_cadence
    return ContractLine(
        name=spec.name,
        version=spec.version,
        owner=spec.team.name if spec.team else "",
        status=spec.status,
        sources=sources,
        used_by=tuple(sorted(models)),
        checks=len(report.checks) if report else None,
        failed=tuple(one.name for one in report.failed) if report else (),
        newest=newest,
        age=desk.at - newest if newest else None,
        cadence=format_length(cadence) if cadence else "",
    )


def _watermark(desk: Desk, sources: tuple[str, ...]) -> Instant | None:
    """Return what the newest snapshot of a source knows of; of any where none is named."""
    lines = [
        line
        for source in sources or ("",)
        for line in (
            desk.home.catalog.list(Snapshot.kind, source=source)
            if source
            else desk.home.catalog.list(Snapshot.kind)
        )
    ]
    if not lines:
        return None
    return desk.home.catalog.get(lines[-1].digest, Snapshot).watermark


def _cohorts(desk: Desk) -> tuple[CohortLine, ...]:
    found = []
    for model in desk.home.deployments.models():
        lines = desk.home.catalog.list(Cohort.kind, model=model)
        if lines:
            record = desk.home.catalog.get(lines[-1].digest, Cohort)
            found.append(
                CohortLine(model, lines[-1].digest, record, lines[-1].made_by, record.as_of)
            )
    return tuple(found)


@dataclass(frozen=True)
class FeatureShown:
    """One shared feature: the version, all versions, how it stands, who uses it, what waits."""

    feature: CatalogueFeature
    versions: tuple[CatalogueFeature, ...]
    standing: Standing
    used_by: tuple[str, ...]
    defined_by: tuple[str, ...]
    reviews: tuple[FeatureReview, ...]


def feature_shown(desk: Desk, reference: str) -> FeatureShown:
    """Return one shared feature, for who may read it.

    Raises:
        NotFound: no such feature.
        Denied: the actor may not read it; the attempt is in the ledger.
    """
    found = catalogue.find(desk, reference)
    require_reader(desk, found, act="read")
    _, definers = _own_features(_specs(desk))
    return FeatureShown(
        feature=found,
        versions=catalogue.versions(desk, found.name),
        standing=catalogue.standing(desk, found),
        used_by=_users(desk).get(found.name, ()),
        defined_by=tuple(sorted(definers.get(found.name, ()))),
        reviews=tuple(one for one in waiting(desk) if one.name == found.name),
    )


def own_feature(desk: Desk, name: str) -> tuple[FeatureSpec, tuple[str, ...]]:
    """Return a feature that models define alone, and which models do.

    Raises:
        NotFound: no model has such a feature.
    """
    own, definers = _own_features(_specs(desk))
    found = own.get(name)
    if found is None:
        raise NotFound(
            "there is no such feature here",
            code="features.missing",
            hint="Look at the catalogue for its name.",
        )
    return found, tuple(sorted(definers[name]))
