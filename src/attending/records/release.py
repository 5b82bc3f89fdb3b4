"""What a release leaves: where a version of a model stands, and by whose act."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from attending.records.base import Record, When
from attending.records.ledger import Hash  # noqa: TC001 - pydantic reads it at run time
from attending.specs.release import Stage  # noqa: TC001 - pydantic reads it at run time


class Deployment(Record):
    """Where one version of a model stands after one act. Each act makes another record.

    Attributes:
        version: `v1`, `v2` ...; empty in prototype, given on entering trained.
        act: what made this record.
        serves: `version` when the model answers, `fallback` when the agreed score does, or `none`.
        previous: the digest of the deployment record before this one.
        run: the digest of the run, or of the adopted model that stands where a run would.
        decision: the digest of the gate decision that allowed it; none for a signed act.
    """

    kind: ClassVar[str] = "deployment"
    model: Annotated[str, Field(min_length=1)]
    version: Annotated[str, Field(pattern=r"^(v[1-9][0-9]*)?$")]
    stage: Stage
    run: Hash
    artifacts: Annotated[dict[str, Hash], Field(default_factory=dict)]
    release_spec: Hash | None = None
    decision: Hash | None = None
    previous: Hash | None = None
    act: Literal["begin", "advance", "adopt", "import", "rollback", "disable", "enable", "retire"]
    serves: Literal["version", "fallback", "none"] = "version"
    effective_at: When
    by: Annotated[str, Field(min_length=1)]
    reason: str = ""


class Retirement(Record):
    """The end of a version, and what becomes of its data, schedules and users.

    Attributes:
        deployment: the digest of the deployment record that retired it.
        owners: person ids by role, as the release plan names them.
    """

    kind: ClassVar[str] = "retirement"
    model: Annotated[str, Field(min_length=1)]
    version: str
    deployment: Hash
    retired_at: When
    by: Annotated[str, Field(min_length=1)]
    reason: Annotated[str, Field(min_length=1)]
    owners: dict[str, str]
    data: str = "predictions, outcomes and records are kept"
    schedules: str = "scoring refuses from this instant; scheduled jobs are to be removed"
    users: str = "callers are answered with the code release.retired and the date"
