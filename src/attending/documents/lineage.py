"""Where a shared feature comes from and goes: source tables, codes, features, models."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from attending.digests import short
from attending.documents.boxes import Box, Column
from attending.documents.boxes import draw as draw_boxes
from attending.documents.picture import Picture, Table
from attending.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attending.records.catalogue import FeatureLineage, FeatureRead

#: Codes of one box that are told by name; of more, the table has the rest.
_CODES_TOLD = 24
#: Derivations one after another that still fit beside each other.
_DEEPEST = 12
_NO_TABLE = Box("table:", ("no table of this snapshot",))
_NO_CODE = Box("codes:", ("no codes", "the value comes from the prediction or the stay"))
_NO_MODEL = Box("model:", ("no model yet",))


def _stands(code: str, asked: str) -> bool:
    return code.startswith(asked[:-1]) if asked.endswith("*") else code == asked


def _tables_of(lineage: FeatureLineage, asked: str) -> tuple[str, ...]:
    return tuple(
        one.table for one in lineage.tables if any(_stands(code, asked) for code in one.codes)
    )


def _readers_of(lineage: FeatureLineage, asked: str) -> tuple[str, ...]:
    return tuple(one.feature for one in lineage.reads if asked in one.codes)


def groups(
    lineage: FeatureLineage,
) -> dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]]:
    """Return the codes that stand in the same tables and feed the same features together."""
    found: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = {}
    for asked in lineage.codes:
        key = (_tables_of(lineage, asked), _readers_of(lineage, asked))
        found.setdefault(key, []).append(asked)
    return found


def _told(lineage: FeatureLineage, asked: str) -> str:
    """Return a code, and of a prefix how many codes of the snapshot begin like it."""
    if not asked.endswith("*"):
        return asked
    known = {code for one in lineage.tables for code in one.codes if _stands(code, asked)}
    return f"{asked} ({len(known)})"


def _codes(lineage: FeatureLineage) -> tuple[Box, ...]:
    found = []
    for number, codes in enumerate(groups(lineage).values()):
        lines = [_told(lineage, code) for code in codes]
        if len(lines) > _CODES_TOLD:
            lines[_CODES_TOLD - 1 :] = [f"and {len(lines) - _CODES_TOLD + 1} more"]
        title = "1 code" if len(codes) == 1 else f"{len(codes)} codes"
        found.append(Box(f"codes:{number}", (title, *lines)))
    return tuple(found) or (_NO_CODE,)


def _tables(lineage: FeatureLineage) -> tuple[Box, ...]:
    found = []
    for one in lineage.tables:
        columns = {
            column: None
            for read in lineage.reads
            if any(_stands(code, asked) for code in one.codes for asked in read.codes)
            for column in read.columns
        }
        found.append(Box(f"table:{one.table}", (one.table, *columns)))
    return tuple(found) or (_NO_TABLE,)


def _depths(lineage: FeatureLineage) -> dict[str, int]:
    """Return how many derivations each feature is away from codes."""
    depth: dict[str, int] = {}
    for one in lineage.reads:
        depth[one.feature] = 1 + max((depth[name] for name in one.operands), default=-1)
    return depth


def _ways(lineage: FeatureLineage) -> list[list[str]]:
    """Return the boxes from each operand to what is derived from it, in every column between."""
    depth = _depths(lineage)
    return [
        [
            f"feature:{one}",
            *(f"past:{one}:{level}" for level in range(depth[one] + 1, depth[read.feature])),
            f"feature:{read.feature}",
        ]
        for read in lineage.reads
        for one in read.operands
    ]


def _features(lineage: FeatureLineage) -> list[Column]:
    depth = _depths(lineage)
    past = dict.fromkeys(name for way in _ways(lineage) for name in way[1:-1])
    columns = []
    for level in range(max(depth.values()) + 1):
        here = [_feature(lineage, one) for one in lineage.reads if depth[one.feature] == level]
        through = [Box(name, ()) for name in past if name.endswith(f":{level}")]
        heading = "Features" if level == 0 else "Derived features"
        columns.append(Column(heading, (*here, *through)))
    return columns


def _feature(lineage: FeatureLineage, read: FeatureRead) -> Box:
    if read.feature != lineage.feature:
        return Box(f"feature:{read.feature}", (read.feature,))
    told = (read.feature, short(lineage.digest_of_feature), f"owner {lineage.owner}")
    return Box(f"feature:{read.feature}", told, strong=True)


def _joins(lineage: FeatureLineage) -> Iterator[tuple[str, str]]:
    for number, (tables, readers) in enumerate(groups(lineage)):
        yield from ((f"table:{one}", f"codes:{number}") for one in tables)
        yield from ((f"codes:{number}", f"feature:{one}") for one in readers)
    for way in _ways(lineage):
        yield from pairwise(way)
    yield from ((f"feature:{lineage.feature}", f"model:{one}") for one in lineage.models)


def draw(lineage: FeatureLineage) -> bytes:
    """Return the way from source tables to models as SVG.

    Raises:
        BadInput: it is derived over more steps than fit beside each other.
    """
    deepest = max(_depths(lineage).values())
    if deepest > _DEEPEST:
        raise BadInput(
            f"{lineage.feature} is derived over {deepest} steps, expected at most {_DEEPEST}",
            code="features.picture",
            hint="Read it as text, or with --json.",
        )
    models = tuple(Box(f"model:{one}", (one,)) for one in lineage.models) or (_NO_MODEL,)
    columns = [
        Column("Source tables", _tables(lineage)),
        Column("Codes", _codes(lineage)),
        *_features(lineage),
        Column("Models", models),
    ]
    foot = f"Snapshot {short(lineage.snapshot)}; lineage {short(lineage.digest)}."
    if any(code.endswith("*") for code in lineage.codes):
        foot += " Behind a prefix, how many codes of the snapshot begin like it."
    return draw_boxes(columns, list(_joins(lineage)), foot=foot)


def table(lineage: FeatureLineage) -> Table:
    """Return each code that is asked for, with where it stands and what reads it."""
    return Table(
        caption="Codes that are asked for",
        header=("Code", "Source tables", "Read by"),
        rows=tuple(
            (
                _told(lineage, asked),
                ", ".join(_tables_of(lineage, asked)) or "none",
                ", ".join(_readers_of(lineage, asked)),
            )
            for asked in lineage.codes
        ),
        numeric=False,
    )


def picture(lineage: FeatureLineage) -> Picture:
    """Return the picture with its words."""
    models = ", ".join(lineage.models) or "no model"
    return Picture(
        name="lineage",
        title=f"Where {lineage.feature} comes from",
        alt=f"{len(lineage.tables)} source tables and {len(lineage.codes)} codes lead to "
        f"{lineage.feature}, which feeds {models}.",
        caption="From left to right: tables of the sources with the columns that are read, codes "
        "that are asked for, features, and models whose newest feature set uses this version.",
        draw=lambda: draw(lineage),
        table=table(lineage),
    )
