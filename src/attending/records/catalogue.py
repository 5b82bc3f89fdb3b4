"""The feature catalogue: shared definitions, how they end, who uses them, what must be reviewed."""

from __future__ import annotations

from datetime import date  # noqa: TC003 - pydantic reads it at run time
from typing import Any, ClassVar, Literal

from attending.records.base import GrownPart, Part, Record
from attending.records.governance import Role, Text  # noqa: TC001 - pydantic reads it at run time


class CatalogueFeature(Record):
    """One version of a shared feature.

    Attributes:
        definition: the fields of its spec that are not defaults, codes written out.
        definition_digest: of the definition and of those of its operands.
        operands: the versions that a derived feature is made of.
        readers: roles that may read and use it; everybody when empty. Those of the newest
            version count for all.
        before: digest of the version before it; None for the first.
        changed: the fields that differ from it, and why: `reason`.
        authors: who published it; none of them may approve it.
    """

    kind: ClassVar[str] = "catalogue_feature"
    name: str
    version: int
    label: str
    owner: str
    definition: dict[str, Any]  # a JSON object
    definition_digest: str
    operands: tuple[str, ...] = ()
    readers: tuple[Role, ...] = ()
    before: str | None = None
    changed: tuple[str, ...] = ()
    reason: str = ""
    authors: tuple[str, ...]

    @property
    def reference(self) -> str:
        """Return how a project names it, `sodium_last@2`."""
        return f"{self.name}@{self.version}"


class CatalogueEnding(Record):
    """A version and those before it are to be left by a date, or may not be used any more.

    Attributes:
        replacement: what to use instead.
        last_date: the last day (UTC) on which a deprecated feature may be built.
    """

    kind: ClassVar[str] = "catalogue_ending"
    name: str
    version: int
    act: Literal["deprecate", "retire"]
    replacement: str | None = None
    last_date: date | None = None
    reason: Text


class CatalogueUse(Part):
    """One version that a model is fed."""

    name: str
    version: int
    digest: str

    @property
    def reference(self) -> str:
        """Return how a project names it."""
        return f"{self.name}@{self.version}"


class CatalogueUses(Record):
    """What a model's feature set takes from the catalogue; the newest one of a model counts."""

    kind: ClassVar[str] = "catalogue_uses"
    model: str
    feature_set: str
    uses: tuple[CatalogueUse, ...]


class FeatureReview(Record):
    """A changed feature, for one model that used it as it was: to be signed before it is built.

    Attributes:
        before, after: digests of the two versions.
        asked: who last built the features of the model.
    """

    kind: ClassVar[str] = "feature_review"
    model: str
    name: str
    before_version: int
    before: str
    after_version: int
    after: str
    fields: tuple[str, ...]
    reason: str
    asked: str


class SourceTable(Part):
    """A table of the source in which codes of a feature stand."""

    table: str
    codes: tuple[str, ...]


class FeatureRead(Part):
    """What one feature on the way reads by itself.

    Attributes:
        feature: the version, `sodium_last@2`.
        codes: as it is defined, prefixes with a `*`.
        columns: of the event table; `code` picks the rows, another gives the value.
        operands: the versions that it is derived from.
    """

    feature: str
    codes: tuple[str, ...]
    columns: tuple[str, ...]
    operands: tuple[str, ...]


class FeatureLineage(GrownPart, Record):
    """From source tables over codes and a feature to the models that use it.

    Attributes:
        feature: the version, `sodium_last@2`.
        digest_of_feature: of its record.
        codes: as the feature and its operands are defined, prefixes with a `*`.
        reads: the feature after all that it is derived from.
        tables: where such codes stand in the snapshot.
        models: those whose newest feature set uses this version.
    """

    kind: ClassVar[str] = "feature_lineage"
    feature: str
    digest_of_feature: str
    owner: str
    operands: tuple[str, ...]
    codes: tuple[str, ...]
    reads: tuple[FeatureRead, ...]
    snapshot: str
    tables: tuple[SourceTable, ...]
    models: tuple[str, ...]
