"""What features read: their codes, columns and clocks, for the contract and the gates."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

from attending.engines.plan import COLUMNS
from attending.records.catalogue import FeatureRead
from attending.scores.asked import codes_of, score_of
from attending.scores.columns import READ
from attending.specs.features import VALUELESS, FeatureSpec

if TYPE_CHECKING:
    from attending.records.catalogue import CatalogueFeature
    from attending.specs.features import FeaturesSpec


class Use(NamedTuple):
    """What one feature reads.

    `window_us` is None for a window without a fixed length. `clock` is `availability` or `event`.
    """

    name: str
    codes: tuple[str, ...]
    window_us: int | None
    clock: str


def codes_read(spec: FeaturesSpec) -> tuple[str, ...]:
    """Return every code or prefix that the features read, sorted."""
    found = (code for one in spec.features for code in (*codes_of(spec, one), *one.since))
    return tuple(sorted(set(found)))


def columns_read(spec: FeaturesSpec) -> tuple[str, ...]:
    """Return the columns of the event table that the features read."""
    if any(one.kind == "score" for one in spec.features):
        return tuple(dict.fromkeys((*COLUMNS, *READ)))
    return COLUMNS if codes_read(spec) else ()


def uses(spec: FeaturesSpec) -> tuple[Use, ...]:
    """Return what each feature reads, a derived one through its operands."""
    found: dict[str, Use] = {}
    for feature in spec.features:
        window = feature.window if isinstance(feature.window, int) else None
        codes, clock = (*codes_of(spec, feature), *feature.since), feature.clock
        if feature.expression is not None:
            parts = [found[name] for name in feature.expression.names]
            codes = tuple(sorted({code for part in parts for code in part.codes}))
            if any(part.clock == "event" for part in parts):
                clock = "event"
        found[feature.name] = Use(feature.name, codes, window, clock)
    return tuple(found.values())


def read_by(feature: CatalogueFeature) -> FeatureRead:
    """Return what a version of the catalogue reads by itself, without its operands.

    >>> from attending.records.catalogue import CatalogueFeature
    >>> last = {"name": "a", "label": "a", "codes": ["LAB//1"], "window": "1d"}
    >>> last |= {"aggregate": "last", "owner": "dana", "purpose": "risk"}
    >>> told = {"name": "a", "version": 1, "label": "a", "owner": "dana", "authors": ["dana"]}
    >>> one = CatalogueFeature(**told, definition=last, definition_digest="0" * 64)
    >>> read_by(one).codes, read_by(one).columns
    (('LAB//1',), ('code', 'numeric_value'))
    """
    asked = FeatureSpec.model_validate(feature.definition)
    codes = _own_codes(asked)
    return FeatureRead(
        feature=feature.reference,
        codes=tuple(sorted({*codes, *asked.since})),
        columns=tuple(dict.fromkeys(("code", value_column(asked)))) if codes else (),
        operands=feature.operands,
    )


def _own_codes(asked: FeatureSpec) -> tuple[str, ...]:
    if asked.kind == "score":
        return score_of(asked).codes
    return ("MEDS_BIRTH",) if asked.kind == "age" else asked.codes


def value_column(asked: FeatureSpec) -> str:
    """Return the column of events that gives the value; `code` where rows count by being there."""
    if asked.kind == "age" or asked.aggregate == "time_since_last":
        return "time"
    return "code" if asked.kind == "static" or asked.aggregate in VALUELESS else "numeric_value"


#: The columns that `sources_read` needs.
SOURCE_COLUMNS = ("code", "source")
_PAIRS = pa.schema([(name, pa.string()) for name in SOURCE_COLUMNS])


def sources_read(events: pa.Table) -> pa.Table:
    """Return each pair of code and source table of some events once.

    >>> rows = pa.table({"code": ["A", "A", "B"], "source": ["lab", "lab", "ward"]})
    >>> sources_read(rows).to_pylist()
    [{'code': 'A', 'source': 'lab'}, {'code': 'B', 'source': 'ward'}]
    """
    plain = events.select(list(SOURCE_COLUMNS)).cast(_PAIRS)
    return plain.group_by(list(SOURCE_COLUMNS), use_threads=False).aggregate([]).sort_by("code")
