"""Model-input changes: what models rest on has changed, so somebody signs before they go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from attending.contract.inputs import INPUT_COLUMNS, input_basis, input_changes, partial_inputs
from attending.contract.side_by_side import SIDE_COLUMNS, partial_side, side_by_side
from attending.digests import short
from attending.errors import Refused
from attending.lifecycle.desk import keep, keep_in
from attending.lifecycle.engines import engine_over
from attending.lifecycle.ingesting import of_record
from attending.records.contract import InputBasis, InputComparison, InputReview
from attending.records.governance import Approval
from attending.records.snapshot import Snapshot

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
    partials = engine_over(desk, source).map(partial_inputs, columns=INPUT_COLUMNS)
    basis = input_basis(
        project.name, spec=project.contract, snapshot=source.snapshot, partials=partials
    )
    stands = accepted(desk, project.name)
    if stands is None:
        keep(desk, basis, action="inputs.begin", keys={"model": project.name, "begun": "yes"})
        return None
    if not input_changes(stands.basis, basis):
        return None
    opened = _opened(desk, basis, stands)
    return opened or _open(desk, basis, stands, source=source)


def _opened(desk: Desk, basis: InputBasis, stands: Accepted) -> InputReview | None:
    """Return the review of this very change, when it was opened before."""
    wanted = (stands.basis.digest, basis.digest, stands.review)
    found = desk.home.catalog.all(InputReview, model=basis.model)
    return next((one for one in found if (one.before, one.after, one.follows) == wanted), None)


def _open(desk: Desk, basis: InputBasis, stands: Accepted, *, source: Held) -> InputReview:
    """Return a new review, kept at once with the basis and with old and new side by side."""
    compared = _compared(desk, stands.basis, source)
    changes = input_changes(stands.basis, basis)
    review = InputReview(
        model=basis.model,
        before=stands.basis.digest,
        after=basis.digest,
        follows=stands.review,
        comparison=None if compared is None else compared.digest,
        changes=changes,
    )
    keys = {"model": basis.model}
    with desk.home.database.transaction() as unit:
        keep_in(desk, unit, basis, action="inputs.change", keys=keys)
        if compared is not None:
            keep_in(desk, unit, compared, action="inputs.compare", keys=keys)
        keep_in(
            desk,
            unit,
            review,
            action="review.open",
            keys={**keys, "before": stands.basis.digest},
            details={"changes": len(changes)},
        )
    return review


def _compared(desk: Desk, old: InputBasis, source: Held) -> InputComparison | None:
    """Return the newest snapshot of what was accepted beside another one, where it is here."""
    present = set(desk.home.snapshots.list()) - {source.digest}
    found = [
        one
        for one in desk.home.catalog.all(Snapshot, source=old.source_system)
        if one.digest in present and one.source_version == old.source_version
    ]
    if not found:
        return None
    sides = [
        (one.snapshot, engine_over(desk, one).map(partial_side, columns=SIDE_COLUMNS))
        for one in (of_record(desk, found[-1]), source)
    ]
    return side_by_side(sides[0], sides[1])


def comparison(desk: Desk, review: InputReview) -> InputComparison | None:
    """Return old and new side by side, as who signs the review sees them; None without both."""
    if review.comparison is None:
        return None
    return desk.home.catalog.get(review.comparison, InputComparison)


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
