"""What a home says of its witnesses: `policy/witnesses.yaml`, places where checkpoints are kept."""

from __future__ import annotations

from typing import Annotated, Self, TypeAlias

from pydantic import Field, model_validator

from attending.specs.base import Spec

PlaceName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,59}$")]


class WitnessPlace(Spec):
    """One place outside the home: a folder, such as one of another host that is mounted, or a file.

    Attributes:
        place: its path; absolute, or from the home's folder on.
    """

    name: PlaceName
    place: Annotated[str, Field(min_length=1, max_length=1000)]


class WitnessesSpec(Spec):
    """All places where checkpoints are kept beside the home's own folder `witness/`."""

    witnesses: Annotated[tuple[WitnessPlace, ...], Field(min_length=1, max_length=20)]

    @model_validator(mode="after")
    def _named_apart(self) -> Self:
        names = [one.name for one in self.witnesses]
        if len({*names, "own"}) <= len(names):
            raise ValueError("each witness has a name of its own, and none is called 'own'")
        return self
