"""The feature catalogue of a home: published versions, each a record, and how each one stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import BadInput, NotFound, Refused, did_you_mean
from attending.features.catalogue import changed_fields, definition, definition_digest
from attending.lifecycle.catalogue_reviews import open_reviews_in
from attending.lifecycle.catalogue_rights import require_changer, require_reader
from attending.lifecycle.constructs import chosen
from attending.lifecycle.desk import keep, keep_in
from attending.lifecycle.signing import standing_approvals
from attending.records.catalogue import CatalogueEnding, CatalogueFeature
from attending.records.governance import Approval

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from attending.lifecycle.desk import Desk
    from attending.records.catalogue import FeatureReview
    from attending.records.governance import Role
    from attending.specs.features import FeatureSpec, FeaturesSpec, Status


@dataclass(frozen=True)
class Published:
    """What publishing a file did: new versions, those left as they are, and opened reviews."""

    new: tuple[CatalogueFeature, ...]
    unchanged: tuple[CatalogueFeature, ...]
    reviews: tuple[FeatureReview, ...]


@dataclass(frozen=True)
class Standing:
    """How a version stands at an instant, by what records say."""

    status: Status
    approvals: tuple[Approval, ...]
    ending: CatalogueEnding | None


def names(desk: Desk) -> tuple[str, ...]:
    """Return the names of all features of the catalogue, sorted."""
    return tuple(sorted({one.name for one in desk.home.catalog.all(CatalogueFeature)}))


def newest(desk: Desk) -> dict[str, CatalogueFeature]:
    """Return the newest version of every feature by name."""
    found: dict[str, CatalogueFeature] = {}
    for one in desk.home.catalog.all(CatalogueFeature):
        if one.name not in found or one.version > found[one.name].version:
            found[one.name] = one
    return found


def statuses(desk: Desk, features: Iterable[CatalogueFeature]) -> dict[str, Status]:
    """Return how some versions stand now, by name; drafts are told without a look at each."""
    signed = set(desk.home.catalog.values(Approval.kind, "document").values())
    ended = set(desk.home.catalog.values(CatalogueEnding.kind, "feature").values())
    return {
        one.name: standing(desk, one).status
        if one.digest in signed or one.name in ended
        else "draft"
        for one in features
    }


def versions(desk: Desk, name: str) -> tuple[CatalogueFeature, ...]:
    """Return every version of a feature, oldest first; none when it was never published."""
    found = desk.home.catalog.all(CatalogueFeature, feature=name)
    return tuple(sorted(found, key=lambda one: one.version))


def find(desk: Desk, reference: str) -> CatalogueFeature:
    """Return a version by `NAME@N`, or the newest by `NAME`.

    Raises:
        NotFound: no such feature or version; the hint has the nearest.
    """
    name, at, number = reference.partition("@")
    known = versions(desk, name)
    wanted = [one for one in known if not at or str(one.version) == number]
    if not wanted:
        have = ", ".join(one.reference for one in known)
        raise NotFound(
            f"there is no feature '{reference}' in the catalogue",
            code="features.catalogue_missing",
            hint=f"There is {have}." if known else did_you_mean(name, names(desk)),
        )
    return wanted[-1]


def publish(
    desk: Desk,
    spec: FeaturesSpec,
    *,
    only: Sequence[str] = (),
    reason: str = "",
    readers: tuple[Role, ...] | None = None,
) -> Published:
    """Return what publishing features did; all of it is kept, or nothing.

    A definition that is there already is no new version. A changed one opens a review for each
    model whose newest feature set used an older version.

    Args:
        desk: its actor is the author and may not approve.
        spec: a features file.
        only: names; with each goes all that it is derived from. All when empty.
        reason: why; required when a version is there already.
        readers: roles that may read them; None leaves them as they are.

    Raises:
        Denied: the actor may not change features, or not read one of these.
        BadInput: a change without a reason.
        Refused: someone else published the same feature at the same time.
    """
    require_changer(desk)
    asked = chosen(spec, only)
    stands: dict[str, CatalogueFeature] = {}
    new = []
    for feature in asked.features:
        known = versions(desk, feature.name)
        before = known[-1] if known else None
        made = _version(desk, asked, feature, stands=stands, before=before, readers=readers)
        if before is None or changed_fields(before, made):
            new.append(_because(desk, made, before=before, reason=reason))
            stands[feature.name] = new[-1]
        else:
            stands[feature.name] = before
    reviews = _keep_all(desk, new)
    unchanged = tuple(one for one in stands.values() if one not in new)
    return Published(tuple(new), unchanged, reviews)


def _version(
    desk: Desk,
    spec: FeaturesSpec,
    feature: FeatureSpec,
    *,
    stands: dict[str, CatalogueFeature],
    before: CatalogueFeature | None,
    readers: tuple[Role, ...] | None,
) -> CatalogueFeature:
    """Return a feature as its next version, whether it differs or not."""
    operands = feature.expression.names if feature.expression else ()
    if readers is None:
        readers = before.readers if before else ()
    return CatalogueFeature(
        name=feature.name,
        version=before.version + 1 if before else 1,
        label=feature.label,
        owner=feature.owner,
        definition=definition(spec, feature),
        definition_digest=definition_digest(spec, feature),
        operands=tuple(stands[name].reference for name in operands),
        readers=tuple(sorted(set(readers))),
        authors=(desk.actor,),
    )


def _because(
    desk: Desk, made: CatalogueFeature, *, before: CatalogueFeature | None, reason: str
) -> CatalogueFeature:
    """Return a new version with what changed and why.

    Raises:
        BadInput: it follows another and no reason was given.
    """
    if before is None:
        return made.model_copy(update={"reason": reason})
    require_reader(desk, before, act="publish")
    fields = changed_fields(before, made)
    if not reason.strip():
        raise BadInput(
            f"feature '{made.name}' differs from {before.reference} in {', '.join(fields)}",
            code="features.reason",
            hint="Say why with --reason; the owners of the models that use it will read it.",
        )
    told = {"before": before.digest, "changed": fields, "reason": reason.strip()}
    return made.model_copy(update=told)


def _keep_all(desk: Desk, new: Sequence[CatalogueFeature]) -> tuple[FeatureReview, ...]:
    reviews: list[FeatureReview] = []
    with desk.home.database.transaction() as unit:
        for one in new:
            _require_next(desk, one)
            keep_in(
                desk,
                unit,
                one,
                action="features.publish",
                keys={"feature": one.name, "version": str(one.version)},
                details={"feature": one.reference, "changed": ", ".join(one.changed)},
            )
            reviews += open_reviews_in(desk, unit, one)
    return tuple(reviews)


def _require_next(desk: Desk, one: CatalogueFeature) -> None:
    """Refuse a version whose number someone else gave since it was made, now that we write alone.

    Raises:
        Refused: there is one already.
    """
    if any(known.version >= one.version for known in versions(desk, one.name)):
        raise Refused(
            f"someone else has just published {one.reference}",
            code="features.version",
            hint="Look at it with `attending features diff`, then publish again.",
        )


def standing(desk: Desk, feature: CatalogueFeature) -> Standing:
    """Return how a version stands now: retired, deprecated, approved, or a draft.

    A deprecated version is retired once its last date is over.
    """
    approvals = standing_approvals(desk, feature.digest)
    endings = [
        one
        for one in desk.home.catalog.all(CatalogueEnding, feature=feature.name)
        if one.version >= feature.version
    ]
    over = [one for one in endings if _is_over(one, desk.at.date())]
    if endings:
        ending = (over or endings)[-1]
        return Standing("retired" if over else "deprecated", approvals, ending)
    return Standing("approved" if approvals else "draft", approvals, None)


def _is_over(ending: CatalogueEnding, today: date) -> bool:
    return ending.act == "retire" or (ending.last_date is not None and today > ending.last_date)


def deprecate(
    desk: Desk, reference: str, *, replacement: str, last_date: date, reason: str
) -> CatalogueEnding:
    """Return the ending of a version and those before it, to be left by a date.

    Raises:
        Denied: the actor may not change features, or not read this one.
        NotFound: no such feature, or no such replacement.
        BadInput: the replacement would end with it or has ended, or the date is over.
    """
    feature = find(desk, reference)
    instead = find(desk, replacement)
    ends_too = instead.name == feature.name and instead.version <= feature.version
    if ends_too or standing(desk, instead).status in {"deprecated", "retired"}:
        raise BadInput(
            f"got replacement '{instead.reference}', which ends as well",
            code="features.replacement",
            hint="Name a feature that stays; see `attending features catalogue`.",
        )
    if last_date < desk.at.date():
        raise BadInput(
            f"got last date {last_date.isoformat()}, which is over",
            code="features.last_date",
            hint="Name a later day, or use `attending features retire`.",
            where="--last-date",
        )
    ending = CatalogueEnding(
        name=feature.name,
        version=feature.version,
        act="deprecate",
        replacement=instead.reference,
        last_date=last_date,
        reason=_said(reason),
    )
    return _end(desk, feature, ending)


def retire(desk: Desk, reference: str, *, reason: str, replacement: str = "") -> CatalogueEnding:
    """Return the ending of a version and those before it: no model may be built on them.

    Raises:
        Denied: the actor may not change features, or not read this one.
        NotFound: no such feature, or no such replacement.
    """
    feature = find(desk, reference)
    ending = CatalogueEnding(
        name=feature.name,
        version=feature.version,
        act="retire",
        replacement=find(desk, replacement).reference if replacement else None,
        reason=_said(reason),
    )
    return _end(desk, feature, ending)


def _end(desk: Desk, feature: CatalogueFeature, ending: CatalogueEnding) -> CatalogueEnding:
    require_changer(desk)
    require_reader(desk, feature, act=ending.act)
    keep(
        desk,
        ending,
        action=f"features.{ending.act}",
        keys={"feature": feature.name},
        details={"feature": feature.reference, "replacement": ending.replacement or ""},
    )
    return ending


def _said(reason: str) -> str:
    if not reason.strip():
        raise BadInput("got no reason", code="features.reason", hint="Say why with --reason.")
    return reason.strip()
