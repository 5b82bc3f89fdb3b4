"""`contract.yaml`: what a source promises, as a subset of the Open Data Contract Standard 3.1.

What the standard has no words for stands in `customProperties` whose names start with
`attending.`: sources, time zone, availability, residency, permission, vocabularies, methods,
sites.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, model_validator

from attending.specs.base import Scalar  # noqa: TC001 - pydantic reads it
from attending.specs.contract_terms import (
    CustomProperty,
    Deidentification,
    Flow,
    Method,
    Part,
    Permission,
    SourceSystem,
)
from attending.times import DAY, HOUR, MINUTE, SECOND, parse_length

_VERSION = r"^v3\.\d+\.\d+$"
_ID = r"^[A-Za-z0-9_-]+$"
_UNITS = {
    "s": SECOND,
    "min": MINUTE,
    "m": MINUTE,
    "h": HOUR,
    "d": DAY,
    "w": 7 * DAY,
    "y": 365 * DAY,
}


class Description(Part):
    """What the data are for, how they may be used, and what they cannot show."""

    purpose: str
    usage: str | None = None
    limitations: str | None = None


class Server(Part):
    """Where the data stand. `region` is what residency is held against."""

    server: str
    type: str
    description: str | None = None
    environment: str | None = None
    path: str | None = None
    location: str | None = None
    format: str | None = None
    region: str | None = None


class Arguments(Part):
    """What a rule is about: codes (a prefix ends in `*`) and sites, and which values are wrong.

    `missing_values` are those that stand for none, such as -999; null is one only when listed.
    `per: day` counts the rows of every whole day by itself, and the worst day is judged.
    """

    codes: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    per: Literal["day"] | None = None
    missing_values: tuple[Scalar | None, ...] = ()
    properties: tuple[str, ...] = ()
    valid_values: tuple[str, ...] = ()
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None

    @model_validator(mode="after")
    def _readable(self) -> Arguments:
        try:
            re.compile(self.pattern or "")
        except re.error as error:
            raise ValueError(f"the pattern cannot be read: {error.msg}") from None
        low, high = self.minimum, self.maximum
        if low is not None and high is not None and low > high:
            raise ValueError(f"the minimum {low:g} is larger than the maximum {high:g}")
        return self


class Implementation(Part):
    """A check of ours that the standard has no metric for."""

    check: Literal["known_at_not_before_time", "no_future_time"]
    codes: tuple[str, ...] = ()


class Quality(Part):
    """One rule, with exactly one bound unless it is text."""

    id: str = Field(pattern=_ID)
    name: str | None = None
    description: str | None = None
    type: Literal["library", "text", "custom"] = "library"
    dimension: str | None = None
    severity: Literal["error", "warning", "info"] = "error"
    metric: (
        Literal["nullValues", "missingValues", "invalidValues", "duplicateValues", "rowCount"]
        | None
    ) = None
    arguments: Arguments = Arguments()
    engine: Literal["attending"] | None = None
    implementation: Implementation | None = None
    unit: Literal["rows", "percent"] = "rows"
    must_be: float | None = None
    must_not_be: float | None = None
    must_be_greater_than: float | None = None
    must_be_greater_or_equal_to: float | None = None
    must_be_less_than: float | None = None
    must_be_less_or_equal_to: float | None = None
    must_be_between: tuple[float, float] | None = None

    @model_validator(mode="after")
    def _complete(self) -> Quality:
        if self.type == "library" and self.metric is None:
            raise ValueError("a library rule needs a metric, such as nullValues")
        if self.type == "custom" and self.implementation is None:
            raise ValueError("a custom rule needs engine: attending and an implementation")
        if self.type == "library" and len(self.bounds) != 1:
            raise ValueError(f"expected exactly one bound such as mustBe, got {len(self.bounds)}")
        stated = self.arguments
        ranged = stated.minimum is not None or stated.maximum is not None
        judged = stated.valid_values or stated.pattern or ranged
        if self.metric == "invalidValues" and not judged:
            raise ValueError("invalidValues needs validValues, pattern, minimum or maximum")
        if self.metric == "duplicateValues" and not stated.properties:
            raise ValueError("duplicateValues needs properties")
        if self.metric == "missingValues" and not stated.missing_values:
            raise ValueError("missingValues needs missingValues, such as [-999, null]")
        if stated.per and self.metric != "rowCount":
            raise ValueError("only rowCount can be counted per day")
        return self

    @property
    def bounds(self) -> dict[str, float | tuple[float, float]]:
        """Return the bounds that are stated, by name."""
        names = [name for name in type(self).model_fields if name.startswith("must_")]
        return {name: getattr(self, name) for name in names if getattr(self, name) is not None}


class Property(Part):
    """One column of the event table."""

    name: str
    logical_type: Literal["string", "date", "timestamp", "number", "integer", "boolean"]
    physical_type: str | None = None
    description: str | None = None
    business_name: str | None = None
    required: bool = False
    unique: bool = False
    primary_key: bool = False
    classification: str | None = None
    critical_data_element: bool = False
    quality: tuple[Quality, ...] = ()


class Table(Part):
    """One table of the contract; the event table is called `events`."""

    name: str
    logical_type: Literal["object"] = "object"
    physical_type: str | None = None
    description: str | None = None
    data_granularity_description: str | None = None
    properties: tuple[Property, ...]
    quality: tuple[Quality, ...] = ()


class Sla(Part):
    """A promise about time. `element` is a code, or a prefix that ends in `*`.

    >>> Sla(property="latency", value=2, unit="h", element="LOINC//*").micros // HOUR
    2
    """

    what: Literal[
        "latency", "frequency", "retention", "availability", "endOfSupport", "endOfLife",
        "timeToDetect", "timeToNotify", "timeToRepair",
    ] = Field(alias="property")  # fmt: skip
    value: Scalar
    unit: str | None = None
    element: str | None = None
    driver: str | None = None
    description: str | None = None

    @model_validator(mode="after")
    def _length(self) -> Sla:
        timed = self.what in {"latency", "frequency", "retention"}
        if timed and (self.unit not in _UNITS or not isinstance(self.value, (int, float))):
            raise ValueError(f"{self.what} needs a number and a unit of {', '.join(_UNITS)}")
        return self

    @property
    def micros(self) -> int:
        """Return the length in microseconds."""
        return round(float(self.value) * _UNITS[self.unit or "s"])


class Member(Part):
    """A person of the team that answers for the data."""

    username: str
    name: str | None = None
    role: str | None = None


class Team(Part):
    """Who answers for the data."""

    name: str
    description: str | None = None
    members: tuple[Member, ...] = ()


class Role(Part):
    """Who may read the data, and who says so."""

    role: str
    access: str | None = None
    first_level_approvers: str | None = None
    second_level_approvers: str | None = None


class ContractSpec(Part):
    """A data contract."""

    api_version: str = Field(pattern=_VERSION)
    kind: Literal["DataContract"]
    id: str = Field(pattern=_ID)
    name: str
    version: str
    status: Literal["proposed", "draft", "active", "deprecated", "retired"]
    domain: str | None = None
    tenant: str | None = None
    description: Description
    servers: tuple[Server, ...] = ()
    tables: tuple[Table, ...] = Field(alias="schema", default=())
    sla_properties: tuple[Sla, ...] = ()
    team: Team | None = None
    roles: tuple[Role, ...] = ()
    custom_properties: tuple[CustomProperty, ...] = ()

    @model_validator(mode="after")
    def _distinct(self) -> ContractSpec:
        ids = [rule.id for table in self.tables for rule in _rules(table)]
        names = [item.property for item in self.custom_properties]
        for what, found in (("quality rule", ids), ("custom property", names)):
            twice = sorted({one for one in found if found.count(one) > 1})
            if twice:
                raise ValueError(f"the {what} '{twice[0]}' stands twice")
        return self

    def _term(self, name: str, absent: Any) -> Any:  # noqa: ANN401 - the value of that property
        full = f"attending.{name}"
        found = [item.value for item in self.custom_properties if item.property == full]
        return found[0] if found else absent

    @property
    def sources(self) -> tuple[SourceSystem, ...]:
        """Return the systems that data come from (A1, A10)."""
        found: tuple[SourceSystem, ...] = self._term("sources", ())
        return found

    @property
    def refresh_cadence(self) -> int | None:
        """Return how often the data are refreshed, in microseconds (A2)."""
        lengths = [sla.micros for sla in self.sla_properties if sla.what == "frequency"]
        return lengths[0] if lengths else None

    @property
    def latencies(self) -> tuple[Sla, ...]:
        """Return the promises about how soon rows are known."""
        return tuple(sla for sla in self.sla_properties if sla.what == "latency")

    @property
    def cadences(self) -> tuple[Sla, ...]:
        """Return the promises about how often new rows come."""
        return tuple(sla for sla in self.sla_properties if sla.what == "frequency")

    @property
    def quality(self) -> tuple[tuple[str | None, Quality], ...]:
        """Return every rule with the column that it stands under, None for the table's own."""
        own = [(None, rule) for table in self.tables for rule in table.quality]
        columns = [
            (item.name, rule)
            for table in self.tables
            for item in table.properties
            for rule in item.quality
        ]
        return (*own, *columns)

    @property
    def null_rates(self) -> tuple[tuple[str | None, Quality], ...]:
        """Return the rules on missing values (A3)."""
        return tuple(pair for pair in self.quality if pair[1].metric == "nullValues")

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Return the columns that may hold no null (A5)."""
        columns = (item for table in self.tables for item in table.properties)
        return tuple(item.name for item in columns if item.required)

    @property
    def time_zone(self) -> str | None:
        """Return the source's time zone (A4)."""
        found: str | None = self._term("timeZone", None)
        return found

    @property
    def availability(self) -> dict[str, str]:
        """Return when rows of a table or code prefix count as known (A4)."""
        return dict(self._term("availability", {}))

    @property
    def lags(self) -> dict[str, int]:
        """Return the declared lags in microseconds, as ingest takes them."""
        rules = self.availability.items()
        return {
            name: parse_length(rule.removeprefix("lag:"))
            for name, rule in rules
            if rule.startswith("lag:")
        }

    @property
    def permission(self) -> Permission | None:
        """Return the permission to use the data (J1)."""
        found: Permission | None = self._term("permission", None)
        return found

    @property
    def flows(self) -> tuple[Flow, ...] | None:
        """Return the declared flows of data to others, None when nothing is declared (J18)."""
        found: tuple[Flow, ...] | None = self._term("flows", None)
        return found

    @property
    def deidentification(self) -> Deidentification | None:
        """Return the review of de-identification (J3)."""
        found: Deidentification | None = self._term("deidentification", None)
        return found

    @property
    def residency(self) -> tuple[str, ...]:
        """Return the regions that the data may stand in (J8)."""
        found: tuple[str, ...] = self._term("residency", ())
        return found

    @property
    def vocabularies(self) -> dict[str, str]:
        """Return the code systems and their versions (A11)."""
        return dict(self._term("vocabularies", {}))

    @property
    def units(self) -> dict[str, str]:
        """Return the unit that numbers of a code must carry (A3)."""
        return dict(self._term("units", {}))

    @property
    def methods(self) -> dict[str, Method]:
        """Return the method behind the numbers of a code (A11)."""
        return dict(self._term("methods", {}))

    @property
    def sites(self) -> tuple[str, ...]:
        """Return the facilities that rows may come from; any when empty."""
        found: tuple[str, ...] = self._term("sites", ())
        return found


def _rules(table: Table) -> tuple[Quality, ...]:
    return (*table.quality, *(rule for item in table.properties for rule in item.quality))
