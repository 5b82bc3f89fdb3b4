"""The health record systems that may ask us (`policy/ehr.yaml` of a home): who, and for what."""

from __future__ import annotations

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from attending.specs.base import Spec
from attending.specs.model import Slug  # noqa: TC001 - pydantic reads it at run time

Text: TypeAlias = Annotated[str, Field(min_length=1, max_length=200)]
Hook: TypeAlias = Literal["patient-view", "encounter-start", "encounter-discharge"]
Url: TypeAlias = Annotated[str, Field(pattern=r"^https?://[^\s?#]+[^\s?#/]$", max_length=300)]


class Issuer(Spec):
    """One system whose tokens count.

    Attributes:
        iss: as its tokens say it.
        keys: the file of its public keys (a JWK set) in the same folder; never an address.
        tenants: that it may speak for; any when empty.
    """

    iss: Text
    keys: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}\.json$")]
    tenants: tuple[Text, ...] = ()


class HookSpec(Spec):
    """One moment in the record system at which one model is asked.

    Attributes:
        decision_point: of the model's intended use, which this moment is.
    """

    model: Slug
    hook: Hook
    decision_point: Text


class EhrSpec(Spec):
    """`policy/ehr.yaml`.

    Attributes:
        base_url: under which the record system reaches this service; tokens are made for it.
        organisation: who stands behind the cards.
    """

    base_url: Url
    organisation: Text
    issuers: Annotated[tuple[Issuer, ...], Field(min_length=1)]
    hooks: Annotated[tuple[HookSpec, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({one.iss for one in self.issuers}) < len(self.issuers):
            raise ValueError("got an issuer twice")
        if len({(one.model, one.hook) for one in self.hooks}) < len(self.hooks):
            raise ValueError("got a hook of a model twice")
        return self
