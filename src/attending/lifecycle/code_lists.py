"""Code lists: those that come with attending, those of a project, and what a change would do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn

from attending.digests import short
from attending.errors import NotFound, Refused, did_you_mean
from attending.lifecycle.desk import keep
from attending.lifecycle.engines import engine_over
from attending.lifecycle.ingesting import held
from attending.lifecycle.signing import standing_approvals
from attending.records.code_list import ClassChange, CodeListReview
from attending.scores.class_changes import COLUMNS, class_changes, counted, counter, names_of
from attending.scores.packaged import code_list, code_list_names
from attending.specs.code_list import CodeListSpec
from attending.specs.read_yaml import read_spec

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk

#: Where a project keeps its own.
FOLDER = "codelists"


@dataclass(frozen=True)
class Listed:
    """One code list and where it comes from."""

    spec: CodeListSpec
    origin: Literal["packaged", "project"]


def listed(project: Path) -> tuple[Listed, ...]:
    """Return the packaged code lists, then those in the folder `codelists` of a project."""
    packaged = [Listed(code_list(name), "packaged") for name in code_list_names()]
    own = sorted((project / FOLDER).glob("*.yaml"))
    return (*packaged, *(Listed(read_spec(path, CodeListSpec), "project") for path in own))


def find(name: str, *, project: Path) -> CodeListSpec:
    """Return the code list of a name or in a file; a project's own goes before a packaged one.

    Args:
        name: a name, or the path of a YAML file.
        project: where the project's own lists are looked for.

    Raises:
        NotFound: neither.
    """
    if name.endswith((".yaml", ".yml")):
        return read_spec(Path(name), CodeListSpec)
    own = project / FOLDER / f"{name}.yaml"
    if own.is_file():
        return read_spec(own, CodeListSpec)
    if name not in code_list_names():
        known = [*code_list_names(), *(path.stem for path in (project / FOLDER).glob("*.yaml"))]
        raise NotFound(
            f"there is no code list '{name}'",
            code="codelist.missing",
            hint=f"{did_you_mean(name, known)} A file is named by its path, ending in .yaml.",
        )
    return code_list(name)


def differences(before: CodeListSpec, after: CodeListSpec) -> tuple[ClassChange, ...]:
    """Return what differs between two lists.

    Raises:
        Refused: the codes differ and the version does not: nobody could tell which was used.
    """
    changes = class_changes(before, after)
    if changes and (before.name, before.version) == (after.name, after.version):
        raise Refused(
            f"the codes of {after.name} {after.version} were changed under the same version: "
            f"{len(changes)} classes differ",
            code="codelist.version",
            hint="Give the changed list a new version.",
        )
    return changes


def impact(
    desk: Desk, before: CodeListSpec, after: CodeListSpec, *, snapshot: str = ""
) -> CodeListReview:
    """Return how many patients of a snapshot change class, kept to be signed.

    Raises:
        Refused: the codes differ and the version does not.
    """
    changes = differences(before, after)
    source = held(desk, snapshot)
    codes = tuple(dict.fromkeys((*before.patterns(), *after.patterns())))
    engine = engine_over(desk, source)
    parts = engine.map(counter(before, after), codes=codes, columns=COLUMNS)
    changed, told = counted(changes, names_of(before, after), parts)
    review = CodeListReview(
        name=after.name,
        before=before.digest,
        before_version=before.version,
        after=after.digest,
        after_version=after.version,
        snapshot=source.digest,
        patients=source.snapshot.subjects,
        changed=changed,
        classes=told,
    )
    known = {one.digest for one in desk.home.catalog.all(CodeListReview, list=after.name)}
    if changes and review.digest not in known:
        keep(
            desk,
            review,
            action="review.open",
            keys={"list": after.name},
            details={"changes": len(changes), "patients": changed},
        )
    return review


def signed(desk: Desk, review: CodeListReview) -> bool:
    """Return whether somebody approved exactly this review and did not take that back."""
    return bool(standing_approvals(desk, review.digest))


def require_signed(desk: Desk, review: CodeListReview) -> None:
    """Refuse a changed list until its review is signed.

    Raises:
        Refused: naming how many patients change class and the review to sign.
    """
    if review.classes and not signed(desk, review):
        refuse(review)


def refuse(review: CodeListReview) -> NoReturn:
    """Refuse a changed list.

    Raises:
        Refused: always.
    """
    raise Refused(
        f"{review.name} {review.after_version} moves {review.changed} of {review.patients} "
        f"patients between classes",
        code="codelist.review",
        hint="Let a clinical lead or a data engineer who did not make it sign it: "
        f"`attending sign {short(review.digest)} --as PERSON --role ROLE`.",
    )
