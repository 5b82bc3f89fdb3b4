"""Checklists as data (`govern/checklists/`), and what people answer themselves (`card.yaml`)."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias, get_args

from pydantic import Field, model_validator

from attending.specs.base import Spec

ProfileName: TypeAlias = Literal[
    "tripod_ai", "onc_hti1", "chai", "probast_ai", "change_plan", "eu_ai_act", "nhs_dcb"
]
PROFILES: tuple[ProfileName, ...] = get_args(ProfileName)
#: What shows an answer; one piece of evidence serves many checklists.
Evidence: TypeAlias = Literal[
    "intended_use",
    "cohort_flow",
    "model",
    "validation",
    "monitoring",
    "change",
    "approvals",
    "hazards",
]
EVIDENCE: tuple[Evidence, ...] = get_args(Evidence)
Key: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
Words: TypeAlias = Annotated[str, Field(min_length=1, max_length=4000)]


class ChecklistItem(Spec):
    """One item: what it asks, and where its answer stands.

    Attributes:
        id: as the checklist numbers it.
        asks: in our own words.
        source: a record or spec and its field, such as `cohort.steps` (`from` in the file).
        written: the key of a text in card.yaml, for what no record can say.
        evidence: what shows it, for the cross-walk.
    """

    id: Annotated[str, Field(min_length=1, max_length=60)]
    asks: Words
    source: Annotated[str, Field(alias="from")] = ""
    written: Key | None = None
    evidence: Evidence

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if bool(self.source) == bool(self.written):
            raise ValueError(f"item {self.id}: expected either 'from' or 'written'")
        return self


class ChecklistSpec(Spec):
    """A checklist; it stops nothing by itself, for rules change."""

    name: ProfileName
    title: Words
    items: tuple[ChecklistItem, ...] = Field(min_length=1)


class CardWords(Spec):
    """`card.yaml`: the profiles that a project answers, and what only people can say.

    Attributes:
        profiles: the checklists that this project names.
        words: answers by key, as the checklists name them.
        not_available: what there is not, each with the reason; that is an answer too.

    >>> CardWords(words={"funding": "The hospital."}).words["funding"]
    'The hospital.'
    """

    profiles: tuple[ProfileName, ...] = ()
    words: dict[Key, Words] = Field(default_factory=dict)
    not_available: dict[Key, Words] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _said_once(self) -> Self:
        twice = sorted(set(self.words) & set(self.not_available))
        if twice:
            raise ValueError(f"both answered and not available: {', '.join(twice)}")
        return self
