"""Check a snapshot against its contract: one pass over the shards, one verdict a promise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from attending.contract.counting import ALL_DAYS, Counter
from attending.contract.partials import PARTIAL, by_day, columns_of, merged, quantile_minutes
from attending.contract.promises import snapshot_checks
from attending.contract.rules import Rule, rules_of
from attending.records.contract import CheckResult, ContractReport
from attending.times import MINUTE, from_micros, to_micros

if TYPE_CHECKING:
    from collections.abc import Iterable

    from attending.records.contract import Verdict
    from attending.records.snapshot import Snapshot
    from attending.specs.contract import ContractSpec
    from attending.types import Instant

_P95 = 0.95
_MINUTES_PER_HOUR = 60
#: Kinds of rule that hold rows of all patients against one calendar.
_CALENDAR = frozenset({"daily", "fresh", "future"})


@dataclass(frozen=True)
class Plan:
    """What is to be counted, for one contract and one snapshot. Call it on one shard's events.

    An engine maps it: `finish(engine.map(plan, codes=None, columns=plan.columns), plan=plan)`.
    """

    spec: ContractSpec
    snapshot: Snapshot
    rules: tuple[Rule, ...]
    as_of: Instant | None = None
    present: int | None = None
    counter: Counter = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Make the counter, which serves every piece."""
        object.__setattr__(self, "counter", Counter(self.rules))

    @property
    def columns(self) -> list[str]:
        """Return the columns of events that are read."""
        return columns_of(self.rules)

    def __call__(self, events: pa.Table) -> pa.Table:
        """Return the counts of one shard."""
        return self.counter.count(events)


def plan_checks(spec: ContractSpec, snapshot: Snapshot, *, as_of: Instant | None = None) -> Plan:
    """Return what is to be counted.

    Args:
        spec: the contract.
        snapshot: what it is held against.
        as_of: the present; without it the snapshot's watermark stands in, and no expiry is seen.

    Raises:
        BadInput: a rule names a column that events do not have.
    """
    present = as_of if as_of is not None and snapshot.real_clock else snapshot.watermark
    after = to_micros(present) if present is not None else None
    return Plan(spec, snapshot, rules_of(spec, after=after), as_of, after)


def partial(events: pa.Table, *, plan: Plan) -> pa.Table:
    """Return the counts of one shard."""
    return plan(events)


def finish(partials: pa.Table, *, plan: Plan) -> ContractReport:
    """Return the report of all shards' counts and of what the snapshot says of itself."""
    counts = merged(partials)
    days = counts.filter(pc.equal(counts["rule"], ALL_DAYS))
    found = [
        _judge(rule, counts.filter(pc.equal(counts["rule"], rule.name)), days=days, plan=plan)
        for rule in plan.rules
    ]
    return ContractReport(
        contract=plan.spec.id,
        contract_version=plan.spec.version,
        contract_digest=plan.spec.digest,
        snapshot=plan.snapshot.digest,
        checks=(*snapshot_checks(plan.spec, plan.snapshot, as_of=plan.as_of), *found),
    )


def check(
    spec: ContractSpec,
    snapshot: Snapshot,
    shards: Iterable[pa.Table],
    *,
    as_of: Instant | None = None,
) -> ContractReport:
    """Return the report of a snapshot whose shards are at hand, one after the other.

    Raises:
        BadInput: a rule names a column that events do not have.
    """
    plan = plan_checks(spec, snapshot, as_of=as_of)
    return finish(pa.concat_tables([PARTIAL.empty_table(), *map(plan, shards)]), plan=plan)


def _judge(rule: Rule, counts: pa.Table, *, days: pa.Table, plan: Plan) -> CheckResult:
    rows = int(pc.sum(counts["rows"]).as_py() or 0)
    failing = int(pc.sum(counts["hits"]).as_py() or 0)
    if rule.kind == "duplicate" and "subject_id" not in rule.properties:
        failing = rows - counts.num_rows
    if rule.kind == "daily":
        figure = _worst_day(rule, counts, days)
    elif rule.kind == "fresh":
        figure = _hours_since(counts, plan.present)
    else:
        figure = _figure(rule, counts, rows=rows, failing=failing)
    if _no_calendar(rule, plan):
        figure, failing = None, 0
    verdict: Verdict = "not_shown"
    if figure is not None:
        verdict = "met" if rule.holds(figure) else "failed"
    return CheckResult(
        name=rule.name,
        rule=rule.kind,
        element=rule.column,
        codes=rule.codes,
        figure=figure,
        bound=rule.bound_text,
        unit=rule.unit,
        rows=rows,
        failing=failing,
        severity=rule.severity,
        verdict=verdict,
        detail=_detail(rule, rows, plan),
    )


def _figure(rule: Rule, counts: pa.Table, *, rows: int, failing: int) -> float | None:
    if rule.kind == "text":
        return None
    if rule.kind == "count":
        return float(rows)
    if rows == 0:
        return None
    if rule.kind == "latency":
        minutes = quantile_minutes(counts, _P95)
        return None if minutes is None else minutes / _MINUTES_PER_HOUR
    return 100 * failing / rows if rule.unit == "percent" else float(failing)


def _worst_day(rule: Rule, counts: pa.Table, days: pa.Table) -> float | None:
    """Return the rows of the day that breaks the bound, else of the least; None without a day."""
    found = by_day(counts, days)
    broken = [float(rows) for rows in found if not rule.holds(float(rows))]
    if broken:
        return broken[0]
    return float(found.min()) if len(found) else None


def _hours_since(counts: pa.Table, present: int | None) -> float | None:
    """Return hours from the newest row to the present; None without either."""
    if present is None or not counts.num_rows:
        return None
    newest = int(counts["bin"][-1].as_py())
    return max((present // MINUTE - newest) / _MINUTES_PER_HOUR, 0.0)


def _no_calendar(rule: Rule, plan: Plan) -> bool:
    """Return whether a rule asks for days that shifted dates do not have."""
    return plan.snapshot.dates_shifted and rule.kind in _CALENDAR


def _detail(rule: Rule, rows: int, plan: Plan) -> str:
    if _no_calendar(rule, plan):
        return "dates are shifted by patient: no calendar holds across patients"
    if rule.kind == "text":
        return rule.valid[0]
    if rule.kind == "future" and rule.after is not None:
        return f"later than {from_micros(rule.after).isoformat()}"
    return "" if rows else "there are no rows of these codes"
