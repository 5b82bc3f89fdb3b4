"""What an incident leaves: what happened, each step of the playbook, whom it touched, a review."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, TypeAlias, get_args

from pydantic import Field

from attending.records.base import Part, Record, When
from attending.records.governance import PersonId, Text  # noqa: TC001 - pydantic reads them
from attending.records.ledger import Hash  # noqa: TC001 - pydantic reads it at run time

#: What went wrong, as a reader of the score meets it.
IncidentType: TypeAlias = Literal[
    "wrong_prediction",
    "stale_feature",
    "outage",
    "access_failure",
    "unexplained_score_change",
]
INCIDENT_TYPES: tuple[IncidentType, ...] = get_args(IncidentType)
#: `high`: a patient may have been harmed; `medium`: a score misled or was not there.
Harm: TypeAlias = Literal["low", "medium", "high"]
HARMS: tuple[Harm, ...] = get_args(Harm)
#: The steps of every playbook, in order.
Step: TypeAlias = Literal["notify", "contain", "assess", "communicate"]
STEPS: tuple[Step, ...] = get_args(Step)
#: For whom a letter about an incident is written.
Reader: TypeAlias = Literal["clinicians", "patients", "leadership"]
READERS: tuple[Reader, ...] = get_args(Reader)
Word: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]


class Task(Part):
    """One step of the playbook: who does what by when.

    Attributes:
        owners: persons of the signed plan; each of them may do it.
    """

    step: Step
    owners: Annotated[tuple[PersonId, ...], Field(min_length=1)]
    what: Text
    due: When


class Incident(Record):
    """One incident of one version, with the playbook that it started.

    Attributes:
        since: when it began to matter, as far as is known when it is opened.
        finding: the digest of the monitor report or verdict that told of it.
        drill: nobody was touched: the playbook is practised.
    """

    kind: ClassVar[str] = "incident"
    model: Word
    version: Word
    type: IncidentType
    harm: Harm
    title: Word
    since: When
    opened_at: When
    opened_by: PersonId
    finding: Hash | None = None
    drill: bool = False
    tasks: tuple[Task, ...]


class IncidentStep(Record):
    """One step of the playbook, done."""

    kind: ClassVar[str] = "incident_step"
    incident: Hash
    step: Step
    says: Text
    done_at: When
    done_by: PersonId
    late: bool


class SiteCount(Part):
    """How many predictions of one site an incident touched; few are not told apart."""

    site: str
    predictions: int | None


class IncidentImpact(Record):
    """Whom an incident touched, counted; the list itself is an artifact, read with a purpose.

    Attributes:
        list: the digest of the table of requests, patients and scores.
        answered: readers who said something of one of the predictions.
    """

    kind: ClassVar[str] = "incident_impact"
    incident: Hash
    since: When
    until: When
    predictions: int
    patients: int
    flagged: int
    told: int
    answered: int
    sites: tuple[SiteCount, ...]
    list: Hash


class IncidentReview(Record):
    """What was behind an incident, what it did to patients, and what is changed; to be signed.

    Attributes:
        threshold: the retrospective: whether another threshold would have done better, and why it
            is kept or changed.
        authors: who wrote it; they do not sign it.
    """

    kind: ClassVar[str] = "incident_review"
    incident: Hash
    model: Word
    impact: Hash
    steps: tuple[Hash, ...]
    root_cause: Text
    clinical_impact: Text
    threshold: Text
    prevention: Text
    authors: Annotated[tuple[PersonId, ...], Field(min_length=1)]
