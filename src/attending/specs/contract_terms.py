"""What a contract says in words that the standard has not: custom properties named `attending.`."""

from __future__ import annotations

import re
from datetime import date  # noqa: TC003 - pydantic reads it when it builds the model
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, ConfigDict, Discriminator, Tag
from pydantic.alias_generators import to_camel

from attending.specs.base import Spec

_LAG = re.compile(r"^(lag:|encounter_end\+)(.+)$")
_PLAIN_RULES = frozenset({"recorded", "same", "end_of_day", "encounter_end", "never"})


class Part(Spec):
    """A part of a contract; fields are written as the standard writes them, in camelCase."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class SourceSystem(Part):
    """A system that data come from."""

    name: str
    kind: Literal["ehr", "claims", "labs", "imaging", "operational", "registry"] = "ehr"
    version: str | None = None
    description: str | None = None


class Permission(Part):
    """Who allowed these data to be used for this, under what reference, until when."""

    reference: str
    granted_by: str
    granted_on: date | None = None
    expires: date | None = None
    purpose: str | None = None


def _rule(text: str) -> str:
    found = _LAG.match(text)
    if found is None and text not in _PLAIN_RULES:
        raise ValueError(
            f"got the availability '{text}', expected one of {', '.join(sorted(_PLAIN_RULES))}, "
            "lag:24h or encounter_end+3d"
        )
    if found is not None and not re.match(r"^\d+(\.\d+)?(s|min|h|d|w|y)$", found[2]):
        raise ValueError(f"got '{text}', expected a length with a unit, such as {found[1]}24h")
    return text


AvailabilityRule: TypeAlias = Annotated[str, AfterValidator(_rule)]


class TimeZone(Part):
    """The source's time zone: an IANA name, `floating` or `relative`."""

    property: Literal["attending.timeZone"]
    value: str


class AvailabilityTerms(Part):
    """When rows of a table, or of a code prefix, count as known."""

    property: Literal["attending.availability"]
    value: dict[str, AvailabilityRule]


class Residency(Part):
    """The regions that the data may stand in."""

    property: Literal["attending.residency"]
    value: tuple[str, ...]


class PermissionTerms(Part):
    """The permission to use the data."""

    property: Literal["attending.permission"]
    value: Permission


class Sources(Part):
    """The systems that data may come from."""

    property: Literal["attending.sources"]
    value: tuple[SourceSystem, ...]


class Vocabularies(Part):
    """The code systems and their versions."""

    property: Literal["attending.vocabularies"]
    value: dict[str, str]


class Units(Part):
    """The unit that every number of a code, or of a prefix that ends in `*`, must carry: UCUM."""

    property: Literal["attending.units"]
    value: dict[str, str]


class Method(Part):
    """How the numbers of a code are measured: the assay or method, the analyser, its version."""

    name: str
    analyser: str | None = None
    version: str | None = None
    description: str | None = None


class Methods(Part):
    """The method behind the numbers of a code, or of a prefix that ends in `*`."""

    property: Literal["attending.methods"]
    value: dict[str, Method]


class Sites(Part):
    """The facilities that rows may come from."""

    property: Literal["attending.sites"]
    value: tuple[str, ...]


class Flow(Part):
    """One way in which data leave our hands: a vendor, a cloud, a partner, a device."""

    party: str
    kind: Literal["vendor", "cloud", "transfer", "device"]
    data: str
    region: str
    agreement: str
    expires: date
    server: str | None = None


class Flows(Part):
    """All flows of data to others; an empty list says that there are none."""

    property: Literal["attending.flows"]
    value: tuple[Flow, ...]


class Deidentification(Part):
    """How patients are kept from being known again, who looked at it, and until when it holds."""

    method: Literal["safe_harbor", "expert_determination", "pseudonyms", "synthetic"]
    reviewed_by: str
    reviewed_on: date
    expires: date | None = None
    reference: str | None = None


class DeidentificationTerms(Part):
    """The review of de-identification."""

    property: Literal["attending.deidentification"]
    value: Deidentification


class Other(Part):
    """A property of somebody else; kept, never read."""

    property: str
    value: Any = None
    description: str | None = None


def _tag(value: Any) -> str:  # noqa: ANN401 - YAML or a model
    name = value.get("property") if isinstance(value, dict) else getattr(value, "property", "")
    return str(name) if str(name).startswith("attending.") else "other"


CustomProperty: TypeAlias = Annotated[
    Annotated[TimeZone, Tag("attending.timeZone")]
    | Annotated[AvailabilityTerms, Tag("attending.availability")]
    | Annotated[Residency, Tag("attending.residency")]
    | Annotated[PermissionTerms, Tag("attending.permission")]
    | Annotated[Sources, Tag("attending.sources")]
    | Annotated[Vocabularies, Tag("attending.vocabularies")]
    | Annotated[Units, Tag("attending.units")]
    | Annotated[Methods, Tag("attending.methods")]
    | Annotated[Sites, Tag("attending.sites")]
    | Annotated[Flows, Tag("attending.flows")]
    | Annotated[DeidentificationTerms, Tag("attending.deidentification")]
    | Annotated[Other, Tag("other")],
    Discriminator(_tag),
]
