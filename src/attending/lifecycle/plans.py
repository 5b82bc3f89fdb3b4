"""The signed plan under which a version answers; what stands in the folder may have moved on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import IntegrityBroken, Refused
from attending.lifecycle.carried import carried_of
from attending.lifecycle.said_specs import spec_said
from attending.lifecycle.standing import standing_on
from attending.records.cohort import Cohort
from attending.records.decisions import SpecDocument
from attending.specs.release import ReleaseSpec

if TYPE_CHECKING:
    from collections.abc import Sequence

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.release import Deployment
    from attending.records.run import Run


@dataclass(frozen=True)
class SignedPlan:
    """A release plan as it was signed, and the digest of the document that was shown."""

    document: str
    spec: ReleaseSpec


@dataclass(frozen=True)
class ModelUnderPlan:
    """A model under the plan that was signed for the version that scores, without a folder."""

    name: str
    release: ReleaseSpec


def signed_plan(desk: Desk, stands: Deployment) -> SignedPlan:
    """Return the plan that a version was let through its gate with, read from the home.

    An edit of release.yaml changes nothing here until it is signed and passes a gate.

    Raises:
        Refused: the version is bound to no plan, or nobody has signed the one it is bound to.
        IntegrityBroken: the plan is not in the home, or is not what its digest says.
    """
    if stands.release_spec is None:
        raise Refused(
            f"{stands.version} is bound to no release plan, so nothing says what it may answer",
            code="serve.plan",
            hint="Pass the silent gate again: `attending release advance silent`.",
        )
    documents = desk.home.catalog.all(SpecDocument, model=stands.model, spec="release")
    found = [item for item in documents if item.spec_digest == stands.release_spec]
    spec = spec_said(found[-1], ReleaseSpec) if found else None
    if spec is None or spec.digest != stands.release_spec:
        raise IntegrityBroken(
            f"the release plan that {stands.version} is bound to is not in this home",
            code="serve.plan",
            hint="Run `attending audit verify`; restore the store from a backup.",
        )
    if not standing_on(desk, found[-1].digest):
        raise Refused(
            f"nobody has signed the release plan that {stands.version} is bound to",
            code="serve.plan",
            hint=f"Sign it: `attending sign {found[-1].digest[:12]} --role operator`.",
        )
    return SignedPlan(found[-1].digest, spec)


def require_own_plan(project: Project) -> None:
    """Check that the plan in a project, where there is one by now, is of the project's model.

    Raises:
        Refused: release.yaml names another one.
    """
    if not project.folder.path("release").is_file():
        return
    said, own = project.release.model, project.name
    if said != own:
        names = "adopt.yaml" if project.adopted else "model.yaml"
        raise Refused(
            f"release.yaml is of the model '{said}', {names} of '{own}'",
            code="release.other_model",
            hint="Write the same name in both.",
        )


def require_cohort(desk: Desk, project: Project, run: Run) -> None:
    """Check that the project still asks for the patients and the outcome of a run.

    Raises:
        Refused: cohort.yaml is another one.
    """
    carried = carried_of(desk, run.digest) is not None
    asked = run.cohort_spec if carried else desk.home.catalog.get(run.cohort, Cohort).spec_digest
    if project.cohort.digest != asked:
        raise Refused(
            "cohort.yaml is not the one that the served version was trained and validated on",
            code="serve.cohort",
            hint="Put the committed cohort.yaml back, or train and validate a new version.",
            where="cohort.yaml",
        )


def share_a_code(some: Sequence[str], others: Sequence[str]) -> bool:
    """Return whether two lists of codes meet; a code that ends in `*` is a prefix.

    >>> share_a_code(["ICD10CM//I50*"], ["ICD10CM//*"]), share_a_code(["LOINC//1"], ["LOINC//12"])
    (True, False)
    """
    return any(_meet(one, other) for one in some for other in others)


def _meet(one: str, other: str) -> bool:
    if one.endswith("*") and other.endswith("*"):
        short, long = sorted((one[:-1], other[:-1]), key=len)
        return long.startswith(short)
    if one.endswith("*") or other.endswith("*"):
        prefix, code = (one, other) if one.endswith("*") else (other, one)
        return code.startswith(prefix[:-1])
    return one == other
