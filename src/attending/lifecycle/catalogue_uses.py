"""A project takes features of the catalogue, and is held to their definitions when it is built."""

from __future__ import annotations

import pathlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from attending.digests import short
from attending.errors import NotFound, Refused
from attending.features.catalogue import definition, definition_digest
from attending.lifecycle.catalogue import find, standing, versions
from attending.lifecycle.catalogue_reviews import uses_by_model, waiting
from attending.lifecycle.catalogue_rights import require_reader
from attending.lifecycle.desk import keep, note
from attending.records.catalogue import CatalogueUse, CatalogueUses
from attending.records.ledger import Subject
from attending.specs.features import FeatureSpec, FeaturesSpec
from attending.specs.read_yaml import parse_spec
from attending.specs.write_yaml import with_items

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.catalogue import CatalogueFeature


@dataclass(frozen=True)
class Shared:
    """The catalogue features of a project, and what whoever builds them should know."""

    features: tuple[CatalogueFeature, ...]
    notes: tuple[str, ...]


def take(desk: Desk, project: Project, reference: str) -> Shared:
    """Return the versions that were written into a project's features.yaml: one, and its operands.

    Raises:
        NotFound: no such feature.
        Denied: the actor may not read it.
        Refused: it is retired, or the project has another feature of that name.
    """
    wanted = with_operands(desk, find(desk, reference))
    told = []
    for one in wanted:
        require_reader(desk, one, act="take")
        told += _notes(desk, one)
        _refuse_other(project.features, one)
    path = project.folder.path("features")
    items = [_as_written(one) for one in wanted]
    text = with_items(path.read_text(encoding="utf-8"), items, under="features")
    after = parse_spec(text.encode(), FeaturesSpec, name=str(path))
    for one in wanted:
        _require_same(after, after.feature(one.name), one)
    with desk.home.database.transaction() as unit:
        subject = Subject.of(wanted[-1])
        details = {"feature": wanted[-1].reference, "model": project.name}
        note(desk, unit, action="features.take", subject=subject, details=details)
        beside = path.with_suffix(".yaml.new")
        beside.write_text(text, encoding="utf-8")
        pathlib.Path(beside).replace(path)
    return Shared(wanted, tuple(told))


def _as_written(feature: CatalogueFeature) -> dict[str, Any]:
    """Return a definition in the order in which a spec's fields are told, with its version."""
    said = {**feature.definition, "catalogue": feature.reference}
    return {name: said[name] for name in FeatureSpec.model_fields if name in said}


def with_operands(desk: Desk, feature: CatalogueFeature) -> tuple[CatalogueFeature, ...]:
    """Return a version after all that it is made of, each once."""
    found: dict[str, CatalogueFeature] = {}
    waiting = [(feature, False)]
    while waiting:
        one, operands_found = waiting.pop()
        if operands_found:
            found.setdefault(one.reference, one)
        elif one.reference not in found:
            waiting.append((one, True))
            new = [name for name in one.operands if name not in found]
            waiting += [(find(desk, name), False) for name in reversed(new)]
    return tuple(found.values())


def _refuse_other(spec: FeaturesSpec, wanted: CatalogueFeature) -> None:
    """Refuse to write over a definition that is the project's own."""
    if wanted.name not in spec.names:
        return
    own = spec.feature(wanted.name)
    if own.catalogue is None and definition(spec, own) != wanted.definition:
        raise Refused(
            f"the project has a feature '{wanted.name}' of its own, defined otherwise",
            code="features.exists",
            hint="Give it another name, or remove it; then take the shared one.",
        )


def checked(desk: Desk, project: Project) -> Shared:
    """Return the catalogue features of a project, each as its definition says and still in use.

    Raises:
        Refused: a definition differs, a version is retired, or its review is not signed.
        Denied: the actor may not read one.
    """
    spec = project.features
    found, told = [], []
    for feature in spec.features:
        if feature.catalogue is None:
            continue
        shared = _held(desk, feature)
        require_reader(desk, shared, act="build")
        _require_same(spec, feature, shared)
        told += _notes(desk, shared)
        _require_reviewed(desk, project.name, shared)
        found.append(shared)
    return Shared(tuple(found), tuple(told))


def _held(desk: Desk, feature: FeatureSpec) -> CatalogueFeature:
    try:
        return find(desk, str(feature.catalogue))
    except NotFound as error:
        raise Refused(error.message, code="features.catalogue", hint=error.hint) from None


def require_readers(desk: Desk, project: Project) -> None:
    """Refuse who may not read one of a project's features.

    Raises:
        Denied: the attempt is in the ledger.
    """
    for feature in project.features.features:
        if feature.catalogue is not None:
            require_reader(desk, _held(desk, feature), act="read")


def keep_uses(desk: Desk, project: Project, shared: Shared, *, feature_set: str) -> None:
    """Keep what a model takes from the catalogue, also that it takes nothing any more."""
    if not shared.features and project.name not in uses_by_model(desk):
        return
    uses = tuple(
        CatalogueUse(name=one.name, version=one.version, digest=one.digest)
        for one in shared.features
    )
    keep(
        desk,
        CatalogueUses(model=project.name, feature_set=feature_set, uses=uses),
        action="features.use",
        keys={
            "model": project.name,
            "feature_set": feature_set,
            **{f"uses_{one.name}": one.reference for one in uses},
        },
    )


def _require_same(spec: FeaturesSpec, feature: FeatureSpec, shared: CatalogueFeature) -> None:
    if definition_digest(spec, feature) == shared.definition_digest:
        return
    ours, theirs = definition(spec, feature), shared.definition
    names = sorted(name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name))
    raise Refused(
        f"feature '{feature.name}' is not {shared.reference}: {', '.join(names or ['operands'])} "
        "differ",
        code="features.catalogue",
        hint=f"Run `attending features take {shared.reference}`, or publish yours as a version.",
    )


def _require_reviewed(desk: Desk, model: str, shared: CatalogueFeature) -> None:
    for review in waiting(desk, model=model, after=shared.digest):
        raise Refused(
            f"{shared.reference} changed in {', '.join(review.fields)} ({review.reason}), and "
            f"nobody has signed that for model '{model}'",
            code="features.review",
            hint="Let someone who did not publish it sign it: "
            f"`attending sign {short(review.digest)} --as PERSON --role ROLE`.",
        )


def _notes(desk: Desk, shared: CatalogueFeature) -> list[str]:
    """Return what is to be known of a version before it is used.

    Raises:
        Refused: it is retired.
    """
    stands = standing(desk, shared)
    ending = stands.ending
    instead = ending.replacement if ending and ending.replacement else ""
    if stands.status == "retired" and ending:
        raise Refused(
            f"feature '{shared.reference}' is retired: {ending.reason}",
            code="features.retired",
            hint=f"Use '{instead}'." if instead else "Remove it.",
        )
    told = []
    if ending and ending.last_date:
        last = ending.last_date.isoformat()
        told.append(f"{shared.reference} is deprecated; use {instead}; last day {last}")
    if stands.status == "draft":
        told.append(f"{shared.reference} is a draft that nobody has approved")
    newest = versions(desk, shared.name)[-1]
    if newest.definition_digest != shared.definition_digest:
        told.append(f"{shared.reference} was followed by {newest.reference}: {newest.reason}")
    return told
