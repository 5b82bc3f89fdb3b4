"""All gates that look for leaks, asked at once: of specs, of rows, of values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.cohort.shard import codes_read as cohort_codes
from attending.contract import document_gates, hindsight, row_gates
from attending.contract import leakage as availability
from attending.engines.tables import whole_numbers
from attending.errors import BadInput, Refused
from attending.features.lineage import codes_read, uses
from attending.features.truncation import truncation
from attending.govern.declared import judge_features, judge_proxies, judge_reads, overlap
from attending.records.events import plain
from attending.records.gates import GateFinding
from attending.train.number_checks import judge_numbers
from attending.train.outcomes import numbers_of, type_of
from attending.train.split import split
from attending.train.value_gates import Column, judge_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.engines.protocol import Engine
    from attending.records.contract import LeakReport
    from attending.specs.cohort import CohortSpec
    from attending.specs.contract import ContractSpec
    from attending.specs.features import FeaturesSpec
    from attending.specs.model import ModelSpec
    from attending.types import Mask

#: Words of a vocabulary whose rows are acts of clinicians.
_ACTS = ("MEDICATION", "PRESCRIPTION", "PROCEDURE", "ORDER", "PCS", "CPT", "EMAR", "INPUT")
#: The first part of the training rows, where a split cannot be made.
_EARLY = 0.7


@dataclass(frozen=True)
class Specs:
    """What a team asks for, as far as leaks go."""

    contract: ContractSpec
    cohort: CohortSpec
    features: FeaturesSpec
    model: ModelSpec


@dataclass(frozen=True)
class Tables:
    """What was built: the cohort, its features, and the shards that both come from.

    Attributes:
        declared: availability rule by table or code prefix, as the snapshot says.
    """

    cohort: pa.Table
    features: pa.Table
    engine: Engine
    declared: Mapping[str, str] = field(default_factory=dict)


def examine(specs: Specs, tables: Tables, *, exception: bool = False) -> tuple[GateFinding, ...]:
    """Return the findings of every gate that looks for leaks.

    Args:
        specs: what is asked for.
        tables: what was built from it.
        exception: whether a signed exception allows a split that is not temporal.
    """
    parted, findings = _split(specs, tables, exception=exception)
    if specs.cohort.of_units:
        # No row of a patient is read: features are series as they could be known, at their lags.
        return (*_values(specs, tables, train=parted), *findings)
    return (
        *availability_findings(leak_report(specs, tables)),
        *_rows(specs, tables),
        *_values(specs, tables, train=parted),
        *truncation(specs.features, tables.cohort, tables.features, engine=tables.engine),
        *judge_proxies(specs.features, specs.cohort),
        *findings,
    )


def minimum_necessary(specs: Specs) -> tuple[GateFinding, ...]:
    """Return whether every code read is named by an approved feature or the label (J2)."""
    read = (*codes_read(specs.features), *cohort_codes(specs.cohort))
    return (
        *judge_features(specs.features),
        judge_reads(read, features=specs.features, cohort=cohort_codes(specs.cohort)),
    )


def feature_uses(spec: FeaturesSpec) -> list[availability.FeatureUse]:
    """Return what each feature that reads codes reads, as the gates take it."""
    return [
        availability.FeatureUse(
            name=use.name,
            codes=use.codes,
            window_us=use.window_us,
            clock="event" if use.clock == "event" else "availability",
        )
        for use in uses(spec)
        if use.codes
    ]


def leak_report(specs: Specs, tables: Tables) -> LeakReport:
    """Return the answer of `leak.availability` on every feature."""
    asked = feature_uses(specs.features)
    keys = ["subject_id", "encounter_id", "prediction_time"]
    rows = tables.cohort.select(keys).combine_chunks()
    partials = tables.engine.map(
        lambda events: availability.partial_availability(plain(events), rows, features=asked),
        codes=availability.codes_needed(asked),
        columns=("subject_id", "encounter_id", "time", "known_at", "code", "source"),
    )
    declared = {**tables.declared, **specs.contract.availability}
    return availability.finish(partials, features=asked, declared=declared)


def availability_findings(report: LeakReport) -> tuple[GateFinding, ...]:
    """Return a leak report as findings, one a feature."""
    return tuple(
        GateFinding(
            gate=report.code,
            feature=item.feature,
            answer="refused" if item.verdict == "failed" else "met",
            whose="data_scientist",
            figure=None if item.share is None else round(item.share, 6),
            limit=report.limit,
            rows=item.with_row,
            reason="; ".join(item.reasons),
            hint="Use what was known by then, an earlier window, or leave the feature out."
            if item.reasons
            else "",
        )
        for item in report.features
    )


def _rows(specs: Specs, tables: Tables) -> tuple[GateFinding, ...]:
    """Return the findings of the gates that count rows, in one pass over the shards."""
    asked = feature_uses(specs.features)
    names = list(specs.features.names)
    keys = ["subject_id", "encounter_id", "prediction_time", "label_time"]
    people = tables.cohort.select(keys).combine_chunks()
    valued = people
    for name in names:
        valued = valued.append_column(name, tables.features[name].combine_chunks())

    def work(events: pa.Table) -> pa.Table:
        rows = plain(events)
        return pa.concat_tables(
            [
                row_gates.partial_rows(rows, features=asked),
                document_gates.partial_documents(rows, people, features=asked),
                hindsight.partial_hindsight(rows, valued, features=names),
            ]
        )

    codes = sorted({code for use in asked for code in use.codes} | set(hindsight.CODES))
    found = tables.engine.map(work, codes=codes, columns=row_gates.COLUMNS)
    return (
        *row_gates.judge_rows(found, features=asked, same=_declared_same(specs, tables)),
        *document_gates.judge_documents(found, features=asked),
        *hindsight.judge_hindsight(
            found.filter(pa.compute.equal(found["gate"], "leak.hindsight")), features=names
        ),
    )


def _declared_same(specs: Specs, tables: Tables) -> dict[str, bool]:
    """Return by feature whether any rule that is not `recorded` was declared for its codes."""
    rules = {**tables.declared, **specs.contract.availability}
    lagged = [name for name, rule in rules.items() if rule != "recorded"]
    return {
        use.name: bool(overlap(use.codes, [f"{name.rstrip('*')}*" for name in lagged]))
        or bool(lagged and not any(rule == "recorded" for rule in rules.values()))
        for use in feature_uses(specs.features)
    }


def _values(specs: Specs, tables: Tables, *, train: Mask) -> tuple[GateFinding, ...]:
    if type_of(tables.cohort) != "yes_no":
        return _number_values(specs, tables, train=train)
    labelled = np.asarray(tables.cohort["label"].is_valid())
    outcome = np.asarray(tables.cohort["label"].filter(pa.array(labelled)), np.int8)
    columns = {}
    for use in uses(specs.features):
        values = tables.features[use.name].cast(pa.float64()).to_numpy()[labelled]
        columns[use.name] = Column(
            np.asarray(values, np.float64),
            outcome,
            train[labelled],
            action=any(word in code.partition("//")[0] for code in use.codes for word in _ACTS),
            declared=bool(overlap(use.codes, specs.cohort.label.actions)),
        )
    return judge_values(columns)


def _number_values(specs: Specs, tables: Tables, *, train: Mask) -> tuple[GateFinding, ...]:
    outcome = numbers_of(tables.cohort)
    known = ~np.isnan(outcome)
    columns = {
        name: np.asarray(tables.features[name].cast(pa.float64()).to_numpy()[known], np.float64)
        for name in specs.features.names
    }
    return judge_numbers(columns, outcome[known], train=train[known])


def _split(
    specs: Specs, tables: Tables, *, exception: bool
) -> tuple[Mask, tuple[GateFinding, ...]]:
    """Return which rows are fitted on, and what the split is refused for."""
    label = specs.cohort.label
    train = np.zeros(tables.cohort.num_rows, np.bool_)
    try:
        parted = split(
            specs.model,
            tables.cohort,
            horizon_us=label.horizon or 0,
            delay_us=label.delay,
            exception=exception,
        )
    except (Refused, BadInput) as error:
        when = whole_numbers(tables.cohort["prediction_time"].cast(pa.int64()))
        train[np.argsort(when)[: int(len(when) * _EARLY)]] = True
        return train, (_split_row(error.code, "refused", reason=error.message, hint=error.hint),)
    train[parted.train] = True
    answered = [_split_row(name, "met") for name in ("split.temporal", "leak.group_overlap")]
    return train, tuple(answered)


def _split_row(code: str, answer: str, *, reason: str = "", hint: str = "") -> GateFinding:
    gate = "split.temporal" if code == "split.not_temporal" else code
    return GateFinding(
        gate=gate,
        answer="refused" if answer == "refused" else "met",
        whose="data_scientist",
        reason=reason,
        hint=hint,
    )
