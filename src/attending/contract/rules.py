"""Turn a contract into a flat list of rules that shards can count."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from attending.errors import BadInput, did_you_mean
from attending.records.events import EVENTS
from attending.times import HOUR

if TYPE_CHECKING:
    from attending.specs.contract import ContractSpec, Quality, Sla

Kind: TypeAlias = Literal[
    "null", "invalid", "missing", "duplicate", "count", "daily", "order", "future", "latency",
    "fresh", "text",
]  # fmt: skip
Bound: TypeAlias = tuple[str, tuple[float, ...]]
_METRICS: dict[str, Kind] = {
    "nullValues": "null",
    "invalidValues": "invalid",
    "missingValues": "missing",
    "duplicateValues": "duplicate",
    "rowCount": "count",
}
_CHECKS: dict[str, Kind] = {"known_at_not_before_time": "order", "no_future_time": "future"}
_WORDS = {
    "must_be": "exactly {}",
    "must_not_be": "not {}",
    "must_be_greater_than": "more than {}",
    "must_be_greater_or_equal_to": "at least {}",
    "must_be_less_than": "less than {}",
    "must_be_less_or_equal_to": "at most {}",
    "must_be_between": "from {} to {}",
}
_NONE: Bound = ("must_be", (0.0,))


@dataclass(frozen=True)
class Rule:
    """One thing to count over all shards, and the bound that its figure must keep."""

    name: str
    kind: Kind
    column: str
    bound: Bound
    severity: Literal["error", "warning", "info"]
    codes: tuple[str, ...] = ()
    unit: str = "rows"
    valid: tuple[str, ...] = ()
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    properties: tuple[str, ...] = ()
    after: int | None = None
    sites: tuple[str, ...] = ()
    nulls: bool = False

    @property
    def bound_text(self) -> str:
        """Return the bound in words."""
        name, values = self.bound
        return _WORDS[name].format(*(f"{value:g}" for value in values))

    def holds(self, figure: float) -> bool:
        """Return whether a figure keeps the bound.

        >>> Rule("n", "count", "code", ("must_be_between", (1, 5)), "error").holds(5)
        True
        """
        name, values = self.bound
        return {
            "must_be": figure == values[0],
            "must_not_be": figure != values[0],
            "must_be_greater_than": figure > values[0],
            "must_be_greater_or_equal_to": figure >= values[0],
            "must_be_less_than": figure < values[0],
            "must_be_less_or_equal_to": figure <= values[0],
            "must_be_between": values[0] <= figure <= values[-1],
        }[name]


def rules_of(spec: ContractSpec, *, after: int | None = None) -> tuple[Rule, ...]:
    """Return every rule of a contract that rows can keep or break.

    Args:
        spec: the contract.
        after: microseconds; a row that happened later is in the future. None: nothing is.

    Raises:
        BadInput: a rule names a column that events do not have.
    """
    required = [
        Rule(f"required.{column}", "null", _known(column), _NONE, "error")
        for column in spec.required_columns
    ]
    stated = [_rule(column, quality) for column, quality in spec.quality]
    late = [_latency(place, sla) for place, sla in enumerate(spec.latencies)]
    fresh = [_fresh(place, sla) for place, sla in enumerate(spec.cadences)]
    listed: list[Rule] = []
    if spec.sites:
        listed.append(Rule("site", "invalid", "site", _NONE, "error", valid=spec.sites))
    listed += [
        Rule(f"unit.{code}", "invalid", "unit", _NONE, "error", codes=(code,), valid=(unit,))
        for code, unit in spec.units.items()
    ]
    always = [
        Rule("known_at_not_before_time", "order", "known_at", _NONE, "error"),
        Rule("no_future_time", "future", "time", _NONE, "error"),
    ]
    kinds = {rule.kind for rule in stated if not rule.codes}
    missing = [rule for rule in always if rule.kind not in kinds]
    rules = [*required, *missing, *listed, *stated, *late, *fresh]
    return tuple(replace(rule, after=after) if rule.kind == "future" else rule for rule in rules)


def _rule(column: str | None, quality: Quality) -> Rule:
    if quality.type == "text":
        text = quality.description or quality.name or ""
        return Rule(quality.id, "text", column or "", _NONE, quality.severity, valid=(text,))
    if quality.implementation is not None:
        check = quality.implementation
        kind = _CHECKS[check.check]
        return Rule(quality.id, kind, "known_at", _NONE, quality.severity, codes=check.codes)
    stated = quality.arguments
    _check_column(column or "code", quality)
    (name, value), *_ = quality.bounds.items()
    kind = _METRICS[quality.metric or ""]
    absent = [value for value in stated.missing_values if value is not None]
    return Rule(
        name=quality.id,
        kind="daily" if stated.per == "day" else kind,
        column=_known(column or "code"),
        bound=(name, value if isinstance(value, tuple) else (value,)),
        severity=quality.severity,
        codes=stated.codes,
        unit="rows a day" if stated.per == "day" else quality.unit,
        valid=tuple(map(str, absent)) if kind == "missing" else stated.valid_values,
        sites=stated.sites,
        nulls=None in stated.missing_values,
        pattern=_matches(stated.pattern, quality.id),
        minimum=stated.minimum,
        maximum=stated.maximum,
        properties=tuple(_known(item) for item in stated.properties),
    )


def _latency(place: int, sla: Sla) -> Rule:
    element = sla.element or "*"
    return Rule(
        name=f"latency.{place}",
        kind="latency",
        column="known_at",
        bound=("must_be_less_or_equal_to", (sla.micros / HOUR,)),
        severity="warning",
        codes=() if element == "*" else (element,),
        unit="hours at p95",
    )


def _fresh(place: int, sla: Sla) -> Rule:
    element = sla.element or "*"
    return Rule(
        name=f"freshness.{place}",
        kind="fresh",
        column="known_at",
        bound=("must_be_less_or_equal_to", (sla.micros / HOUR,)),
        severity="warning",
        codes=() if element == "*" else (element,),
        unit="hours since the newest row",
    )


def _check_column(column: str, quality: Quality) -> None:
    """Refuse a range of text and a pattern of numbers."""
    stated = quality.arguments
    ranged = stated.minimum is not None or stated.maximum is not None
    kind = EVENTS.field(_known(column)).type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    wrong = "a range" if ranged and text else ""
    if not text and (stated.pattern or stated.valid_values):
        wrong = "a pattern or a list of words"
    if not text and any(isinstance(value, str) for value in stated.missing_values):
        wrong = "words for missing numbers"
    if wrong:
        raise BadInput(
            f"the rule {quality.id} gives {wrong}, which the column '{column}' cannot have",
            code="contract.column_type",
            hint="Give numbers a minimum and maximum, and text a pattern or validValues.",
            where="contract.yaml",
        )


def _matches(pattern: str | None, rule: str) -> str | None:
    """Return a pattern that the engine of patterns takes: RE2, whose time is linear."""
    if pattern is None:
        return None
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid:
        raise BadInput(
            f"the rule {rule} has a pattern that cannot be read",
            code="contract.pattern",
            hint="Close every bracket; look-ahead and back-references are not known.",
            where="contract.yaml",
        ) from None
    return pattern


def _known(column: str) -> str:
    if column not in EVENTS.names:
        raise BadInput(
            f"got the column '{column}', which events do not have",
            code="contract.column",
            hint=did_you_mean(column, EVENTS.names),
        )
    return column
