"""Which models use a feature of the catalogue, and the reviews that a changed one opens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import Refused
from attending.features.catalogue import changed_fields
from attending.lifecycle.desk import keep_in
from attending.lifecycle.signing import standing_approvals
from attending.records.catalogue import CatalogueFeature, CatalogueUses, FeatureReview

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.lifecycle.desk import Desk
    from attending.stores.unit import Unit


def uses_by_model(desk: Desk) -> dict[str, CatalogueUses]:
    """Return what the newest feature set of every model takes from the catalogue."""
    return {one.model: one for one in desk.home.catalog.all(CatalogueUses)}


def users_of(desk: Desk, feature: CatalogueFeature) -> tuple[str, ...]:
    """Return the models whose newest feature set uses exactly this version, sorted."""
    return tuple(
        sorted(
            model
            for model, found in uses_by_model(desk).items()
            if any(use.reference == feature.reference for use in found.uses)
        )
    )


def open_reviews_in(desk: Desk, unit: Unit, after: CatalogueFeature) -> tuple[FeatureReview, ...]:
    """Return a review for each model that uses an older definition, kept in a unit."""
    catalog = desk.home.catalog
    made = []
    for model, found in sorted(uses_by_model(desk).items()):
        for use in found.uses:
            if use.name != after.name:
                continue
            before = catalog.get(use.digest, CatalogueFeature)
            if before.definition_digest == after.definition_digest:
                continue
            made.append(_review(desk, model, found, before=before, after=after))
    for review in made:
        keep_in(
            desk,
            unit,
            review,
            action="review.open",
            keys={"model": review.model, "feature": after.name, "after": review.after},
            details={"feature": after.reference, "model": review.model},
        )
    return tuple(made)


def _review(
    desk: Desk,
    model: str,
    found: CatalogueUses,
    *,
    before: CatalogueFeature,
    after: CatalogueFeature,
) -> FeatureReview:
    """Return what one model's owner is to sign: all that changed since the version it uses."""
    catalog = desk.home.catalog
    between = [
        one
        for one in (*catalog.all(CatalogueFeature, feature=after.name), after)
        if before.version < one.version <= after.version
    ]
    reasons = {one.version: one.reason for one in between}
    return FeatureReview(
        model=model,
        name=after.name,
        before_version=before.version,
        before=before.digest,
        after_version=after.version,
        after=after.digest,
        fields=changed_fields(before, after),
        reason=" ".join(reasons[version] for version in sorted(reasons)),
        asked=", ".join(sorted(catalog.makers(found.digest))),
    )


def waiting(desk: Desk, **keys: str) -> tuple[FeatureReview, ...]:
    """Return the reviews that nobody has signed, oldest first.

    Args:
        desk: where.
        keys: `model`, or `after`, the digest of the changed version.
    """
    found = desk.home.catalog.all(FeatureReview, **keys)
    return tuple(one for one in found if not standing_approvals(desk, one.digest))


def require_signed(reviews: Sequence[FeatureReview]) -> None:
    """Refuse when reviews wait, so that whoever runs this every day sees it.

    Raises:
        Refused: there are some.
    """
    if reviews:
        raise Refused(
            f"{len(reviews)} changed features wait for a signature",
            code="features.review",
            hint="`attending sign REVIEW --as PERSON --role ROLE`.",
        )
