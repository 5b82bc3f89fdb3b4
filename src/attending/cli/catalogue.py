"""Verbs on the feature catalogue: publish, take, deprecate, retire, catalogue, reviews."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attending.cli.desks import open_desk
from attending.cli.face import (
    AtOption,
    ByOption,
    HomeOption,
    JsonOption,
    ProjectOption,
    clock,
    emit,
    home_path,
    table,
)
from attending.digests import short
from attending.errors import BadInput
from attending.lifecycle import catalogue, catalogue_reviews, catalogue_uses
from attending.lifecycle.people import role as check_role
from attending.lifecycle.projects import open_project
from attending.specs.features import FeaturesSpec
from attending.specs.read_yaml import read_spec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.lifecycle.desk import Desk
    from attending.records.catalogue import CatalogueEnding, CatalogueFeature
    from attending.records.governance import Role

_EVERYBODY = "everybody"
NameArgument = Annotated[str, typer.Argument(help="NAME@N, or NAME for the newest version.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why, for the record.")]


def features_publish(
    file: Annotated[Path, typer.Argument(help="A features file.")],
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="A feature, with all that it is derived from; again for more."),
    ] = None,
    reason: ReasonOption = "",
    readers: Annotated[
        list[str] | None,
        typer.Option("--reader", help="A role that may read them, or `everybody`; again for more."),
    ] = None,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Put features into the catalogue; a changed one is a new version with a reason.

    Each model that used an older version gets a review to sign: `attending features reviews`.

    Example: attending features publish features.yaml --only sodium_last --by dana --home H
    """
    spec = read_spec(file, FeaturesSpec)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        done = catalogue.publish(
            desk, spec, only=only or [], reason=reason, readers=_readers(readers)
        )
    lines = [
        f"{one.reference} {short(one.digest)}"
        + (f": {', '.join(one.changed)} changed" if one.changed else "")
        for one in done.new
    ]
    lines += [f"{one.reference} is as it was" for one in done.unchanged]
    lines += [f"model {one.model} is to review {one.name}: {one.digest}" for one in done.reviews]
    emit(
        {
            "new": [{"digest": one.digest, **one.content()} for one in done.new],
            "unchanged": [one.reference for one in done.unchanged],
            "reviews": [{"digest": one.digest, **one.content()} for one in done.reviews],
        },
        as_json=as_json,
        lines=lines,
    )


def _readers(asked: Sequence[str] | None) -> tuple[Role, ...] | None:
    """Return the roles that were asked for; none for everybody, None where nothing was said."""
    if not asked:
        return None
    return tuple(check_role(one) for one in asked if one != _EVERYBODY)


def features_take(
    name: NameArgument,
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Write a shared feature into a project's features.yaml, with all that it is derived from.

    Example: attending features take sodium_last@1 --project P --by dana --home H
    """
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        done = catalogue_uses.take(desk, open_project(project), name)
    emit(
        {
            "taken": [{"digest": one.digest, **one.content()} for one in done.features],
            "notes": list(done.notes),
        },
        as_json=as_json,
        lines=[
            *(f"took {one.reference}: {one.definition_digest}" for one in done.features),
            *(f"note: {one}" for one in done.notes),
        ],
    )


def features_deprecate(
    name: NameArgument,
    replacement: Annotated[str, typer.Option(help="What to use instead: NAME or NAME@N.")],
    last_date: Annotated[
        str, typer.Option("--last-date", help="The last day that it may be built, 2026-06-30.")
    ],
    reason: ReasonOption,
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Say that a version and those before it are to be left by a date, and for what.

    Example: attending features deprecate a@1 --replacement b --last-date 2026-06-30 --reason R
    """
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        ending = catalogue.deprecate(
            desk, name, replacement=replacement, last_date=_day(last_date), reason=reason
        )
    _ended(ending, as_json=as_json)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"got '{text[:20]}', expected a day such as 2026-06-30",
            code="features.last_date",
            where="--last-date",
        ) from None


def features_retire(
    name: NameArgument,
    reason: ReasonOption,
    replacement: Annotated[str, typer.Option(help="What to use instead: NAME or NAME@N.")] = "",
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Say that a version and those before it may not be built any more.

    Example: attending features retire sodium_last@1 --reason "Wrong unit" --by dana --home H
    """
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        ending = catalogue.retire(desk, name, reason=reason, replacement=replacement)
    _ended(ending, as_json=as_json)


def _ended(ending: CatalogueEnding, *, as_json: bool) -> None:
    until = f"; last day {ending.last_date.isoformat()}" if ending.last_date else ""
    instead = f"; use {ending.replacement}" if ending.replacement else ""
    emit(
        {"digest": ending.digest, **ending.content()},
        as_json=as_json,
        lines=[f"{ending.act}d: {ending.name}@{ending.version} and before{instead}{until}"],
    )


def features_catalogue(
    every: Annotated[bool, typer.Option("--all", help="Older versions too.")] = False,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the shared features: owner, status, freshness, who approved what, which models use it.

    Example: attending features catalogue --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        known = [catalogue.versions(desk, name) for name in catalogue.names(desk)]
        shown = [one for found in known for one in (found if every else found[-1:])]
        rows = [_row(desk, one) for one in shown]
    if not as_json:
        columns = ("feature", "label", "owner", "status", "freshness", "approved by", "models")
        table(
            (*columns, "digest"),
            [
                (
                    *(one[name] for name in ("feature", "label", "owner", "status", "freshness")),
                    ", ".join(who["by"] for who in one["approved"]),
                    ", ".join(one["models"]),
                    short(one["digest"]),
                )
                for one in rows
            ],
        )
    emit(rows, as_json=as_json)


def _row(desk: Desk, one: CatalogueFeature) -> dict[str, Any]:
    """Return what the catalogue tells everybody of a version; not its definition."""
    stands = catalogue.standing(desk, one)
    return {
        "feature": one.reference,
        "label": one.label,
        "owner": one.owner,
        "status": stands.status,
        "freshness": one.definition.get("freshness", ""),
        "readers": list(one.readers),
        "approved": [
            {"by": each.signer, "role": each.role, "digest": each.document}
            | {"at": each.content()["signed_at"]}
            for each in stands.approvals
        ],
        "ending": stands.ending.content() if stands.ending else None,
        "models": list(catalogue_reviews.users_of(desk, one)),
        "changed": list(one.changed),
        "reason": one.reason,
        "digest": one.digest,
        "definition_digest": one.definition_digest,
    }


def features_reviews(
    model: Annotated[str, typer.Option(help="Only those of this model.")] = "",
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the changed features that a model's owner has yet to sign; exit 3 when some wait.

    Example: attending features reviews --model readmission --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = catalogue_reviews.waiting(desk, **({"model": model} if model else {}))
    if not as_json and found:
        table(
            ("review", "model", "feature", "changed", "why", "built by"),
            [
                (
                    short(one.digest),
                    one.model,
                    f"{one.name}@{one.before_version} to {one.after_version}",
                    ", ".join(one.fields),
                    one.reason,
                    one.asked,
                )
                for one in found
            ],
        )
    content = [{"digest": one.digest, **one.content()} for one in found]
    emit(content, as_json=as_json, lines=[] if found else ["no review waits"])
    catalogue_reviews.require_signed(found)
