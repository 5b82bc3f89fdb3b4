"""Score a whole cohort: one pass over the shards, each piece scored where it is read."""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.engines.plan import Predictions
from attending.engines.tables import digest_table, whole_numbers
from attending.features.build import as_predictions
from attending.features.clocks import last_instants
from attending.features.shard import compute
from attending.records.events import EVENTS
from attending.records.prediction import PredictionBatch, ReasonCount
from attending.serve.decide import FALLBACK, KINDS, LIVE, NO_SCORE, decide
from attending.serve.facts import CODES, Asked, asked_from, facts
from attending.serve.facts import COLUMNS as FACT_COLUMNS
from attending.serve.fall_back import totals
from attending.times import from_micros

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.engines.protocol import Engine
    from attending.serve.served import Served
    from attending.types import Ints

_PIECE = pa.schema(
    [
        ("row", pa.int64()),
        ("score", pa.float64()),
        ("flagged", pa.bool_()),
        ("kind", pa.int8()),
        ("reasons", pa.string()),
        ("missing_count", pa.int32()),
        ("site", pa.string()),
        ("unit", pa.string()),
    ]
)


def score_batch(
    served: Served,
    cohort: pa.Table,
    engine: Engine,
    *,
    each: Callable[[], None] | None = None,
) -> tuple[PredictionBatch, pa.Table]:
    """Return the account of the batch and the predictions, rows as in the cohort.

    Columns: subject_id, encounter_id, prediction_time, score, flagged, kind (`live`, `fallback`,
    `no_score`), reasons (parted by `;`, empty for none), missing_count, site, unit.

    Args:
        served: the version that is deployed.
        cohort: subject_id, encounter_id, prediction_time, index_start; others are not read.
        engine: maps the work over the shards of a snapshot.
        each: called after every shard.

    Raises:
        BadInput: a column of the cohort is missing, or an instant in it is null.
        IntegrityBroken: a shard is not in canonical order.
    """
    as_predictions(cohort)
    asked = asked_from(cohort)
    order = np.lexsort((asked.time, asked.subject))
    ascending = _at(asked, order)
    codes = {*served.plan.plan.codes, *CODES}
    columns = list(dict.fromkeys((*served.plan.reads, *FACT_COLUMNS)))
    if served.fallback is not None:
        codes |= set(served.fallback.codes)
        columns = list(EVENTS.names)
    work = partial(_piece, served, ascending)
    found = engine.map(work, codes=sorted(codes), columns=columns, each=each)
    found = _with_the_rest(served, ascending, found)
    return _account(served, cohort, _put_back(cohort, found, order))


def _at(asked: Asked, rows: Ints) -> Asked:
    return Asked(
        asked.subject[rows], asked.encounter[rows], asked.time[rows], asked.index_start[rows]
    )


def _piece(served: Served, asked: Asked, events: pa.Table) -> pa.Table:
    """Return what the predictions of the subjects in this piece get."""
    here = np.unique(whole_numbers(events["subject_id"]))
    return _scored(served, events, asked, rows=np.flatnonzero(np.isin(asked.subject, here)))


def _with_the_rest(served: Served, asked: Asked, found: pa.Table) -> pa.Table:
    """Return the pieces together with the predictions of subjects who have no rows at all."""
    left = np.ones(len(asked), np.bool_)
    left[whole_numbers(found["row"])] = False
    if not left.any():
        return found
    rest = _scored(served, EVENTS.empty_table(), asked, rows=np.flatnonzero(left))
    return pa.concat_tables([found, rest])


def _scored(served: Served, events: pa.Table, asked: Asked, *, rows: Ints) -> pa.Table:
    """Return what some predictions get from these rows."""
    chosen = _at(asked, rows)
    known = facts(events, chosen)
    zones = [served.zones.of(site) for site in known.site]
    clocks = last_instants(chosen.time, zones, served.plan.plan.clocks)
    due = Predictions(chosen.subject, chosen.time, chosen.index_start, clocks, chosen.encounter)
    cells = compute(served.plan, events, due)
    columns = served.columns
    x = np.column_stack([cells.values[column] for column in columns])
    done = decide(
        served,
        x,
        cells.state[:, columns],
        known=known,
        fallback=totals(served, events, chosen),
    )
    both = zip(done.reasons, done.degraded, strict=True)
    return pa.table(
        {
            "row": rows,
            "score": pa.array(done.score, mask=np.isnan(done.score)),
            "flagged": pa.array(done.flagged == 1, mask=done.flagged < 0),
            "kind": done.kind.astype(np.int8),
            "reasons": [";".join((*why, *marks)) for why, marks in both],
            "missing_count": done.missing.astype(np.int32),
            "site": list(known.site),
            "unit": list(known.unit),
        },
        schema=_PIECE,
    )


def _put_back(cohort: pa.Table, found: pa.Table, order: Ints) -> pa.Table:
    """Return the predictions in the order of the cohort."""
    place = np.empty(found.num_rows, np.int64)
    place[order[whole_numbers(found["row"])]] = np.arange(found.num_rows)
    table = found.take(pa.array(place))
    names = pa.array(list(KINDS)).take(table["kind"].combine_chunks())
    return pa.table(
        {
            "subject_id": cohort["subject_id"],
            "encounter_id": cohort["encounter_id"],
            "prediction_time": cohort["prediction_time"],
            "score": table["score"],
            "flagged": table["flagged"],
            "kind": names,
            "reasons": table["reasons"],
            "missing_count": table["missing_count"],
            "site": table["site"],
            "unit": table["unit"],
        }
    )


def _account(served: Served, cohort: pa.Table, table: pa.Table) -> tuple[PredictionBatch, pa.Table]:
    """Return the record of the batch and its table."""
    kinds = Counter(table["kind"].to_pylist())
    words = Counter(
        word for text in table["reasons"].to_pylist() if text for word in text.split(";")
    )
    times = asked_from(cohort).time
    record = PredictionBatch(
        model=served.model,
        version=served.version,
        stage=served.stage,
        run=served.run,
        artifact=served.artifact,
        feature_set=served.bundle.feature_set,
        release=served.release_digest,
        verdict=served.verdict_digest,
        answer=served.answer,
        snapshot=served.snapshot,
        period_start=from_micros(int(times.min())) if len(times) else None,
        period_end=from_micros(int(times.max())) if len(times) else None,
        n=table.num_rows,
        n_live=kinds[KINDS[LIVE]],
        n_fallback=kinds[KINDS[FALLBACK]],
        n_no_score=kinds[KINDS[NO_SCORE]],
        n_flagged=int(table["flagged"].fill_null(fill_value=False).to_numpy().sum()),
        reasons=tuple(ReasonCount(reason=word, n=words[word]) for word in sorted(words)),
        table=digest_table(table),
    )
    return record, table
