"""Model-input changes: what models rest on has changed, so somebody signs before they go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from attending.contract.inputs import INPUT_COLUMNS, input_basis, input_changes, partial_inputs
from attending.digests import short
from attending.engines.local import LocalEngine
from attending.errors import Refused
from attending.lifecycle.desk import keep
from attending.records.contract import InputBasis, InputReview
from attending.records.governance import Approval

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ingesting import Held
    from attending.lifecycle.projects import Project


@dataclass(frozen=True)
class Accepted:
    """The basis that stands, and the review that made it stand; None for the first."""

    basis: InputBasis
    review: str | None = None


def accepted(desk: Desk, model: str) -> Accepted | None:
    """Return the basis that stands for a model: the first, moved on by every signed review.

    A review follows the one that was signed before it, so an old signature is not used again.
    """
    catalog = desk.home.catalog
    lines = catalog.list(InputBasis.kind, model=model, begun="yes")
    if not lines:
        return None
    stands = Accepted(catalog.get(min(lines, key=lambda line: line.seq).digest, InputBasis))
    while (then := _next(desk, model, stands)) is not None:
        basis = catalog.get(then.after, InputBasis)
        stands = Accepted(basis, then.digest)
    return stands


def _next(desk: Desk, model: str, stands: Accepted) -> InputReview | None:
    """Return the review that was signed first of those that follow what stands."""
    found = [
        (line.seq, review)
        for review in desk.home.catalog.all(InputReview, model=model)
        if (review.before, review.follows) == (stands.basis.digest, stands.review)
        for line in desk.home.catalog.list(Approval.kind, document=review.digest)
    ]
    return min(found, key=lambda item: item[0])[1] if found else None


def open_review(desk: Desk, project: Project, source: Held) -> InputReview | None:
    """Return the review that must be signed before a snapshot feeds the model, now kept.

    The first snapshot of a model is what later ones are compared with. None: nothing changed.
    """
    partials = LocalEngine(source.shards).map(partial_inputs, columns=INPUT_COLUMNS)
    basis = input_basis(
        project.name, spec=project.contract, snapshot=source.snapshot, partials=partials
    )
    stands = accepted(desk, project.name)
    if stands is None:
        keep(desk, basis, action="inputs.begin", keys={"model": project.name, "begun": "yes"})
        return None
    changes = input_changes(stands.basis, basis)
    if not changes:
        return None
    return _kept(desk, basis, stands, review=_review(stands, basis))


def _review(stands: Accepted, basis: InputBasis) -> InputReview:
    return InputReview(
        model=basis.model,
        before=stands.basis.digest,
        after=basis.digest,
        follows=stands.review,
        changes=input_changes(stands.basis, basis),
    )


def _kept(desk: Desk, basis: InputBasis, stands: Accepted, *, review: InputReview) -> InputReview:
    known = {item.digest for item in desk.home.catalog.all(InputReview, model=basis.model)}
    if review.digest not in known:
        keep(desk, basis, action="inputs.change", keys={"model": basis.model})
        keep(
            desk,
            review,
            action="review.open",
            keys={"model": basis.model, "before": stands.basis.digest},
            details={"changes": len(review.changes)},
        )
    return review


def require_reviewed(desk: Desk, project: Project, source: Held) -> None:
    """Refuse to train or score on changed input until its review is signed.

    Raises:
        Refused: naming the changes and the review to sign.
    """
    review = open_review(desk, project, source)
    if review is not None:
        refuse(review)


def refuse(review: InputReview) -> NoReturn:
    """Refuse to go on before a review is signed.

    Raises:
        Refused: always.
    """
    raise Refused(
        f"the model's input has changed: {review.told}",
        code="contract.review",
        hint="Read `attending contract review`, then let a data engineer or a compliance officer "
        f"sign it: `attending sign {short(review.digest)} --as PERSON --role ROLE`.",
        where="contract.yaml",
    )
