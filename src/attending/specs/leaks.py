"""A corpus of planted leaks: for each mechanism a leaky project and its clean twin.

A variant says which rows are planted or changed, which features read them, and what the specs say
otherwise than those of the base project.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from pydantic import Field, model_validator

from attending.specs.base import Length, Spec
from attending.specs.contract_terms import AvailabilityRule  # noqa: TC001 - pydantic reads it
from attending.specs.features import Aggregate, FeatureSpec, Kind, Slug, Window
from attending.specs.index_event import Index  # noqa: TC001 - pydantic reads it
from attending.specs.model import Split  # noqa: TC001 - pydantic reads it

Anchor: TypeAlias = Literal[
    "prediction", "admission", "outcome", "time", "known", "load", "year_1800", "year_1970"
]
#: What a planted row holds. `whole` is of the whole record, `so_far` of what was there by then;
#: `all` was prepared on every row, `train` on the training rows alone.
Content: TypeAlias = Literal[
    "one", "outcome", "noise", "stays_whole", "stays_so_far", "died_whole", "died_so_far",
    "stay_hours_whole", "stay_hours_so_far", "standard_all", "standard_train", "rate_all",
    "rate_train",
]  # fmt: skip


class When(Spec):
    """An instant: an anchor, hours after it, and hours over which it is spread."""

    anchor: Anchor
    hours: float = 0.0
    spread_hours: float = Field(0.0, ge=0)


class Plant(Spec):
    """One row for a share of the predictions.

    Attributes:
        events: share of the predictions with the outcome that get one.
        quiet: share of the others.
        noise: standard deviation of what is added to the value.
    """

    code: str
    events: float = Field(1.0, ge=0, le=1)
    quiet: float = Field(1.0, ge=0, le=1)
    time: When
    known: When
    value: Content = "one"
    noise: float = Field(0.0, ge=0)
    unit: str | None = None


class Change(Spec):
    """Rows of the base that are written otherwise.

    Attributes:
        first: only this share of the time span, from its beginning.
        share: only this share of those rows.
        only: rows of patients with the outcome, or of all.
        to_code: the code that they have afterwards.
    """

    codes: tuple[str, ...]
    time: When | None = None
    known: When | None = None
    to_code: str | None = None
    first: float = Field(1.0, gt=0, le=1)
    share: float = Field(1.0, gt=0, le=1)
    only: Literal["all", "events"] = "all"


class Ask(Spec):
    """A feature in few words."""

    name: Slug
    codes: tuple[str, ...]
    kind: Kind = "window"
    window: Window | None = 365 * 86_400_000_000
    aggregate: Aggregate | None = "last"
    clock: Literal["availability", "event"] = "availability"

    def feature(self) -> FeatureSpec:
        """Return the whole feature."""
        windowed = self.kind == "window"
        return FeatureSpec(
            name=self.name,
            label=self.name,
            kind=self.kind,
            codes=self.codes,
            window=self.window if windowed else None,
            aggregate=self.aggregate if windowed else None,
            clock=self.clock,
            owner="corpus",
            purpose="a planted leak or its twin",
            status="approved",
        )


class Variant(Spec):
    """What one twin has otherwise than the base project."""

    plant: tuple[Plant, ...] = ()
    change: tuple[Change, ...] = ()
    features: tuple[Ask, ...] = ()
    index: Index | None = None
    split: Split | None = None
    proxies: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    availability: dict[str, AvailabilityRule] = Field(default_factory=dict)


class Twins(Spec):
    """One mechanism: the gate that must find it, the leaky project and its clean twin."""

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    mechanism: str
    gate: str
    leaky: Variant
    clean: Variant


class LeakCorpus(Spec):
    """All twins of one source.

    Attributes:
        patients, years, seed: of the synthetic hospital; unused where data are given.
        until: how long after the start the bulk load of `load` anchors took place.
    """

    source: Literal["hospital", "mimic-iv"]
    patients: int = Field(1500, ge=50)
    years: int = Field(3, ge=1)
    seed: int = 7
    load_after: Length = 0
    twins: tuple[Twins, ...]

    @model_validator(mode="after")
    def _named_once(self) -> LeakCorpus:
        names = [twins.name for twins in self.twins]
        if len(set(names)) != len(names):
            raise ValueError("two twins have one name")
        return self
