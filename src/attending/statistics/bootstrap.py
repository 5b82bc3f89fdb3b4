"""Patient-clustered bootstrap of many measures, models and groups in one pass a draw.

Each draw gives every patient a Poisson(1) weight. The weight is a hash of (seed, draw, patient),
so it does not depend on the order of rows, on which other patients there are, or on threads, and
all models and groups of one draw share it: differences are paired. Scores are sorted once; one
descending pass then gives everything. Draw 0 is the data themselves (every weight 1).
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from attending.errors import BadInput
from attending.statistics.bootstrap_draws import Draws

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from attending.types import Floats, Ints, Mask, Outcomes, Risks

#: P(Poisson(1) <= k) for k = 0..11, as 53-bit integers: a weight is how many of them a hash passes.
_STEPS = np.array(
    [
        0.36787944117144233,
        0.7357588823428847,
        0.9196986029286058,
        0.9810118431238462,
        0.9963401531726563,
        0.9994058151824183,
        0.999916758850712,
        0.9999897508033253,
        0.999998874797402,
        0.9999998885745217,
        0.9999999899522336,
        0.9999999991683892,
    ]
)
_STEPS53 = (_STEPS * float(1 << 53)).astype(np.uint64)
_TOTALS = (
    6  # columns of totals: events, non-events, twice the concordant pairs, AP, expected, squares
)


@njit(cache=True, nogil=True, inline="always")  # type: ignore[untyped-decorator]  # numba has no types
def _mix(value: Any) -> Any:  # noqa: ANN401 - a numba uint64
    """Return the splitmix64 finaliser of a 64-bit value."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def _weights(keys: Any, draw: int, steps: Any, out: Any) -> None:  # noqa: ANN401 - numba arrays
    """Fill `out` with the Poisson(1) weight of every patient in one draw."""
    if draw == 0:
        out[:] = 1
        return
    salt = _mix(np.uint64(draw) * np.uint64(0x9E3779B97F4A7C15))
    for i in range(keys.size):
        bits = _mix(keys[i] ^ salt) >> np.uint64(11)
        weight = 0
        for k in range(steps.size):
            weight += bits >= steps[k]
        out[i] = weight


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def _pass(
    weights: Any,  # noqa: ANN401 - uint8, one a patient
    rows: Any,  # noqa: ANN401 - int32, patient * 4 + event * 2 + last of its run, descending score
    risk: Any,  # noqa: ANN401 - float64, descending
    marks: Any,  # noqa: ANN401 - int64, ascending positions at which running sums are kept
    totals: Any,  # noqa: ANN401 - float64, filled
    at_marks: Any,  # noqa: ANN401 - float64 (marks, 3), filled: events, non-events, expected so far
) -> None:
    """Walk one model's rows from the highest score down, run of equal scores by run."""
    tp = fp = run_tp = run_fp = twice = np.int64(0)
    precision = expected = squares = 0.0
    start = 0
    for m in range(marks.size + 1):
        stop = marks[m] if m < marks.size else rows.size
        for i in range(start, stop):
            packed = rows[i]
            w = np.int64(weights[packed >> 2])
            if packed & 3 == 1 and run_tp == 0 and run_fp == 0:
                p = risk[i]  # the common row: a non-event alone in its run
                twice += w * 2 * tp
                fp += w
                expected += p * w
                squares += w * (p * p)
                continue
            if packed & 2:
                run_tp += w
            else:
                run_fp += w
            if packed & 1:
                p = risk[i]
                twice += run_fp * (2 * tp + run_tp)
                tp += run_tp
                fp += run_fp
                if run_tp > 0:
                    precision += run_tp * (tp / (tp + fp))
                expected += p * (run_tp + run_fp)
                squares += run_tp * ((1.0 - p) * (1.0 - p)) + run_fp * (p * p)
                run_tp = np.int64(0)
                run_fp = np.int64(0)
        if m < marks.size:
            at_marks[m, 0] = tp
            at_marks[m, 1] = fp
            at_marks[m, 2] = expected
        start = stop
    totals[0] = tp
    totals[1] = fp
    totals[2] = twice
    totals[3] = precision
    totals[4] = expected
    totals[5] = squares


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]  # numba has no types
def _draw(
    draw: int,
    keys: Any,  # noqa: ANN401 - uint64, one a patient
    steps: Any,  # noqa: ANN401 - uint64
    rows: Any,  # noqa: ANN401 - all passes one after another
    risk: Any,  # noqa: ANN401 - likewise
    ends: Any,  # noqa: ANN401 - int64 (passes + 1,)
    marks: Any,  # noqa: ANN401 - int64 (passes, marks)
    totals: Any,  # noqa: ANN401 - float64 (passes, 6), filled
    at_marks: Any,  # noqa: ANN401 - float64 (passes, marks, 3), filled
) -> None:
    """Make one draw: weigh the patients, then walk every model in every group."""
    weights = np.empty(keys.size, np.uint8)
    _weights(keys, draw, steps, weights)
    for k in range(ends.size - 1):
        _pass(
            weights,
            rows[ends[k] : ends[k + 1]],
            risk[ends[k] : ends[k + 1]],
            marks[k],
            totals[k],
            at_marks[k],
        )


@dataclass
class _Passes:
    """What the kernel walks: for each group and model, its rows from the highest score down."""

    names: list[tuple[str, str]] = field(default_factory=list)
    rows: list[Ints] = field(default_factory=list)
    risk: list[Floats] = field(default_factory=list)
    marks: list[Ints] = field(default_factory=list)
    counts: dict[tuple[str, str], int] = field(default_factory=dict)


def _checked(outcome: Outcomes, risks: Mapping[str, Risks], cluster: Ints) -> None:
    n = outcome.size
    sizes = {cluster.size, *(risk.size for risk in risks.values())}
    if sizes != {n} or n == 0:
        raise BadInput(
            f"got columns of {sorted(sizes | {n})} rows, expected one length above 0",
            code="statistics.lengths",
            hint="Give one outcome, one patient and one risk a row.",
        )
    if int(np.count_nonzero((outcome != 0) & (outcome != 1))):
        raise BadInput("got outcomes other than 0 and 1", code="statistics.outcome")


def _add_pass(
    passes: _Passes,
    name: tuple[str, str],
    *,
    kept: Ints,
    columns: tuple[Any, Any, Any],
    cuts: Floats,
) -> None:
    """Add one group and model: rows by descending risk, marks where the risk falls below a cut."""
    outcome, risk, patient = columns
    ordered = np.ascontiguousarray(risk[kept])
    last = np.ones(kept.size, np.int64)
    last[:-1] = ordered[:-1] != ordered[1:]
    packed = patient[kept] * 4 + outcome[kept].astype(np.int64) * 2 + last
    passes.names.append(name)
    passes.rows.append(packed.astype(np.int32))
    passes.risk.append(ordered)
    passes.marks.append(np.searchsorted(-ordered, -cuts, side="right").astype(np.int64))
    passes.counts[name] = kept.size


def _falling(risk: Risks) -> Ints:
    """Return the rows that have a risk, the highest first; equal ones in their own order."""
    known = np.flatnonzero(~np.isnan(risk))
    return np.asarray(known[np.argsort(-risk[known], kind="stable")], dtype=np.int64)


def bootstrap(
    outcome: Outcomes,
    risks: Mapping[str, Risks],
    cluster: Ints,
    *,
    groups: Mapping[str, Mask] | None = None,
    thresholds: Sequence[float] = (),
    only: Collection[tuple[str, str]] | None = None,
    draws: int = 500,
    seed: int = 20_260_101,
    threads: int = 2,
) -> Draws:
    """Return weighted sums of every draw, from which intervals and paired differences are read.

    Args:
        outcome: shape (n,), 0 or 1.
        risks: by model; NaN leaves the row out of that model. A raw score may stand here too.
        cluster: shape (n,), the patient of each row; patients are drawn, not rows.
        groups: by name, which rows belong; `all` is always there.
        thresholds: risks at which flagged events and non-events are kept (flag when risk >= it).
        only: the (group, model) pairs to walk; every model in every group when absent.
        draws: how many, beside the data themselves.
        seed: part of every weight.
        threads: how many draws at a time; the result does not depend on it.

    Raises:
        BadInput: columns of unequal length or none, outcomes other than 0 and 1, or no draws.

    >>> y = np.array([0, 0, 1, 1], np.int8)
    >>> made = bootstrap(y, {"m": np.array([0.1, 0.4, 0.35, 0.8])}, np.arange(4), draws=50)
    >>> made.point("auroc", "m")
    0.75
    """
    _checked(outcome, risks, cluster)
    if draws < 1:
        raise BadInput(f"got {draws} draws, expected 1 or more", code="statistics.draws")
    cuts = np.array(sorted(set(thresholds), reverse=True), np.float64)
    patients, patient = np.unique(cluster, return_inverse=True)
    keys = _keys(patients, seed)
    passes = _Passes()
    falling = {model: _falling(risk) for model, risk in risks.items()}
    for group, member in {"all": np.ones(outcome.size, bool), **(groups or {})}.items():
        for model, risk in risks.items():
            if only is not None and (group, model) not in only:
                continue
            kept = falling[model][member[falling[model]]]
            columns = (outcome, risk, patient)
            _add_pass(passes, (group, model), kept=kept, columns=columns, cuts=cuts)
    totals, at_marks = _run(passes, keys, draws=draws, cuts=cuts.size, threads=threads)
    return Draws(
        names={name: k for k, name in enumerate(passes.names)},
        rows=passes.counts,
        thresholds={float(t): k for k, t in enumerate(cuts)},
        totals=totals,
        at_marks=at_marks,
        seed=seed,
    )


def _keys(patients: Ints, seed: int) -> Any:  # noqa: ANN401 - uint64, one a patient
    """Return the hash of (seed, patient), the part of a weight that no draw changes."""
    salt = np.uint64((seed * 0xD1342543DE82EF95 + 0x632BE59BD9B4E019) & ((1 << 64) - 1))
    key = patients.astype(np.int64).view(np.uint64) + salt
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        key = (key ^ (key >> np.uint64(shift))) * np.uint64(factor)
    return key ^ (key >> np.uint64(31))


def _run(
    passes: _Passes,
    keys: Any,  # noqa: ANN401 - uint64
    *,
    draws: int,
    cuts: int,
    threads: int,
) -> tuple[Any, Any]:
    """Make all draws, several at a time; each writes its own slice."""
    count = len(passes.names)
    ends = np.concatenate([[0], np.cumsum([rows.size for rows in passes.rows])]).astype(np.int64)
    rows, risk = np.concatenate(passes.rows), np.concatenate(passes.risk)
    marks = np.vstack(passes.marks).reshape(count, cuts)
    totals = np.zeros((draws + 1, count, _TOTALS))
    at_marks = np.zeros((draws + 1, count, cuts, 3))

    def make(draw: int) -> None:
        _draw(draw, keys, _STEPS53, rows, risk, ends, marks, totals[draw], at_marks[draw])

    make(0)  # compiles before threads start
    with ThreadPoolExecutor(max_workers=threads) as pool:
        list(pool.map(make, range(1, draws + 1)))
    return totals, at_marks


def draw_weights(cluster: Ints, *, draw: int, seed: int) -> Any:  # noqa: ANN401 - uint8
    """Return the Poisson(1) weight of each cluster in one draw; 1 in draw 0, the data themselves.

    Args:
        cluster: shape (n,), whole numbers, each once.
        draw: which draw.
        seed: part of every weight.

    >>> draw_weights(np.array([7, 8]), draw=0, seed=1).tolist()
    [1, 1]
    """
    out = np.empty(len(cluster), np.uint8)
    _weights(_keys(cluster, seed), draw, _STEPS53, out)
    return out
