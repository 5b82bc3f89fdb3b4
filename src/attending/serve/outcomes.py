"""Join outcomes to the predictions once they are mature; what is not mature is not "no event"."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attending.engines.tables import digest_table
from attending.errors import BadInput
from attending.records.prediction import OutcomeJoin

KEYS = ("subject_id", "encounter_id", "prediction_time")
_LEFT = ("label", "status", "matured_at")
_NO_ENCOUNTER = -1
#: Why a prediction may have no label; any other status without one is immature.
_UNLABELLED = ("immature", "censored", "competing", "lost")


def join(
    predictions: pa.Table, cohort_new: pa.Table, *, snapshot: str | None = None
) -> tuple[OutcomeJoin, pa.Table]:
    """Return the account and the predictions with label, status and matured_at.

    A label counts only with a maturity. A prediction that the new cohort no longer holds, because
    its subject was merged or left, has status `lost`.

    Args:
        predictions: the table of `serve.batch`.
        cohort_new: the cohort built again on the newest snapshot.
        snapshot: the id of that snapshot.

    Raises:
        BadInput: a column is missing, or one prediction has two outcomes.
    """
    outcomes = _outcomes(cohort_new)
    rows = pa.array(np.arange(predictions.num_rows))
    keyed = _keyed(predictions, KEYS).append_column("row", rows)
    both = keyed.join(outcomes, list(KEYS), join_type="left outer").sort_by("row")
    table = predictions
    for name in _LEFT:
        table = table.append_column(name, both[name].combine_chunks())
    table = table.set_column(
        table.column_names.index("status"), "status", pc.fill_null(table["status"], "lost")
    )
    known = keyed.join(outcomes, list(KEYS), join_type="inner").num_rows
    return _account(predictions, table, snapshot, n_not_predicted=outcomes.num_rows - known), table


def _outcomes(cohort: pa.Table) -> pa.Table:
    """Return keys and outcomes, with labels only where they are mature.

    Raises:
        BadInput: one prediction has two outcomes.
    """
    table = _keyed(cohort, (*KEYS, *_LEFT))
    if table.select(list(KEYS)).group_by(list(KEYS)).aggregate([]).num_rows < table.num_rows:
        raise BadInput(
            "the new cohort has two outcomes for one prediction",
            code="outcomes.twice",
            hint="Build the cohort again; each subject, encounter and instant stands once.",
        )
    mature = pc.is_valid(table["matured_at"])
    label = pc.if_else(mature, table["label"], None)
    named = pc.is_in(table["status"], pa.array(_UNLABELLED))
    status = pc.if_else(pc.or_(pc.is_valid(label), named), table["status"], "immature")
    return (
        table.select(list(KEYS))
        .append_column("label", label.cast(pa.int8()))
        .append_column("status", status)
        .append_column("matured_at", table["matured_at"])
    )


def _keyed(table: pa.Table, names: tuple[str, ...]) -> pa.Table:
    """Return some columns, with an encounter that is not known written out, so that it joins.

    Raises:
        BadInput: a column is missing.
    """
    missing = [name for name in names if name not in table.column_names]
    if missing:
        raise BadInput(
            f"the table has no column '{missing[0]}'",
            code="outcomes.column",
            hint="Give the predictions of serve.batch and the table of the cohort step.",
        )
    filled = pc.fill_null(table["encounter_id"].cast(pa.int64()), _NO_ENCOUNTER)
    kept = table.select(list(names))
    return kept.set_column(kept.column_names.index("encounter_id"), "encounter_id", filled)


def _account(
    predictions: pa.Table, table: pa.Table, snapshot: str | None, *, n_not_predicted: int
) -> OutcomeJoin:
    """Return the counts of mature outcomes and of the reasons why others are not."""
    without = Counter(table.filter(pc.is_null(table["label"]))["status"].to_pylist())
    return OutcomeJoin(
        predictions=digest_table(predictions),
        outcomes=digest_table(table),
        snapshot=snapshot,
        n=table.num_rows,
        n_matured=table["label"].length() - table["label"].null_count,
        n_events=int(pc.sum(pc.equal(table["label"], 1)).as_py() or 0),
        n_immature=without["immature"],
        n_censored=without["censored"],
        n_competing=without["competing"],
        n_lost=without["lost"],
        n_not_predicted=n_not_predicted,
    )
