"""Count the codes that came before and after a version was made, by vocabulary and site."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from attending.cohort.outcome_codes import outcome_codes
from attending.lifecycle.cohorts import project_snapshot
from attending.lifecycle.engines import engine_over
from attending.lifecycle.ingesting import held
from attending.monitor.code_use import CodeUse, summed
from attending.records.run import Run
from attending.scores.asked import codes_of
from attending.times import to_micros

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.records.release import Deployment

_DAY = 24 * 3600 * 1_000_000
#: So long before the model was made codes count as known.
KNOWN_DAYS = 365
_COUNTED = pa.schema(
    [("code", pa.string()), ("site", pa.string()), ("part", pa.string()),
     ("rows", pa.int64()), ("patients", pa.int64()), ("first", pa.int64()), ("last", pa.int64())]
)  # fmt: skip


@dataclass(frozen=True)
class Counting:
    """What is counted in one shard: rows known in each of some spans of time.

    Attributes:
        spans: by part, after which instant and up to which, in microseconds.
    """

    spans: dict[str, tuple[int, int]]

    def __call__(self, events: pa.Table) -> pa.Table:
        """Return the counts of whole patients, which add up over shards."""
        known = events["known_at"].cast(pa.int64())
        site = events["site"].cast(pa.string()).fill_null("")
        code = events["code"].cast(pa.string())
        whole = pc.list_element(pc.split_pattern(code, "//", max_splits=1), 0)
        made = [_COUNTED.empty_table()]
        for part, (after, until) in self.spans.items():
            here = pc.and_(pc.greater(known, after), pc.less_equal(known, until))
            for names in (code, whole):
                rows = pa.table(
                    {"code": names, "site": site, "at": known, "who": events["subject_id"]}
                ).filter(here)
                made.append(_counted(rows, part))
        return pa.concat_tables(made)


def _counted(rows: pa.Table, part: str) -> pa.Table:
    found = rows.group_by(["code", "site"]).aggregate(
        [("at", "count"), ("who", "count_distinct"), ("at", "min"), ("at", "max")]
    )
    named = ("at_count", "who_count_distinct", "at_min", "at_max")
    parts = pa.array([part] * found.num_rows, pa.string())
    columns = [found["code"], found["site"], parts, *(found[name] for name in named)]
    return pa.table(columns, schema=_COUNTED)


def code_use(desk: Desk, project: Project, stands: Deployment) -> CodeUse | None:
    """Return what codes came of the vocabularies that features, outcome or contract name.

    None where no day has come since the model was made.
    """
    source = project_snapshot(desk, project)
    run = desk.home.catalog.get(stands.run, Run)
    made, now = held(desk, run.snapshot).snapshot.watermark, source.snapshot.watermark
    if made is None or now is None or now <= made:
        return None
    begin, until = to_micros(made), to_micros(now)
    counting = Counting(
        {
            "then": (begin - KNOWN_DAYS * _DAY, begin),
            "since": (begin, until),
            "week": (max(until - 7 * _DAY, begin), until),
            "day": (max(until - _DAY, begin), until),
        }
    )
    rows = engine_over(desk, source).map(
        counting,
        codes=sorted(f"{name}//*" for name in _vocabularies(project)),
        columns=["subject_id", "code", "known_at", "site"],
    )
    return _use(rows, begin=begin, until=until)


def _vocabularies(project: Project) -> set[str]:
    """Return the vocabularies on which the model rests."""
    read = [codes_of(project.features, one) for one in project.features.features]
    codes = [*outcome_codes(project.cohort), *(code for some in read for code in some)]
    return {code.partition("//")[0] for code in codes} | set(project.contract.vocabularies)


def _use(rows: pa.Table, *, begin: int, until: int) -> CodeUse:
    """Return the counts of all shards together."""
    parts: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
    totals = rows.group_by(["code", "site", "part"]).aggregate(
        [("rows", "sum"), ("patients", "sum"), ("first", "min"), ("last", "max")]
    )
    for one in totals.to_pylist():
        mine = parts[one["code"], one["site"]]
        if one["part"] != "since":  # its newest row alone is asked for
            mine[one["part"]] = (one["rows_sum"], one["patients_sum"])
        mine["last"] = max(mine.get("last", 0), one["last_max"])
    first = pc.min(totals.filter(pc.equal(totals["part"], "then"))["first_min"]).as_py()
    found = summed(parts)
    return CodeUse(
        {place: one for place, one in found.items() if "//" in place[0]},
        {place: one for place, one in found.items() if "//" not in place[0]},
        (begin - (begin if first is None else first)) / _DAY,
        until,
    )
