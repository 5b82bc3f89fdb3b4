"""One decision for one prediction or a million: the model's score, the fallback's, or none.

In this order: scope, the deployment and the verdict, missing and stale inputs, the output itself.
The first that says no decides, and its name stands with the prediction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from attending.engines import kernel
from attending.records.features import REASONS
from attending.serve.scope import outside
from attending.serve.thresholds import thresholds_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from attending.records.prediction import Outcome
    from attending.serve.facts import Facts
    from attending.serve.served import Served
    from attending.types import Floats, Ints, Mask

LIVE, FALLBACK, NO_SCORE = 0, 1, 2
KINDS: tuple[Outcome, ...] = ("live", "fallback", "no_score")
Reasons: TypeAlias = list[tuple[str, ...]]
#: Shape (n, features), uint8: the kernel's state of every cell.
States: TypeAlias = NDArray[np.uint8]
#: By the reason of a cell, whether its rows were there and could not be used.
_SUSPECT = np.isin(np.arange(16), [REASONS.index("implausible"), REASONS.index("other_unit")])


@dataclass(frozen=True)
class Decided:
    """What was decided; `score` is NaN where there is none, `flagged` -1."""

    kind: Ints
    score: Floats
    flagged: Ints
    missing: Ints
    scope: Reasons
    reasons: Reasons
    degraded: Reasons


def decide(
    served: Served,
    x: Floats,
    state: States,
    *,
    known: Facts,
    fallback: Callable[[Ints], Floats],
) -> Decided:
    """Return what each prediction gets.

    Args:
        served: the version.
        x: shape (n, p), the model's features in its order, NaN where missing.
        state: shape (n, p), the kernel's state of the same cells.
        known: what was known of each prediction at its time.
        fallback: gives the fallback score at some positions, NaN where there is none.
    """
    x = np.ascontiguousarray(x)
    scope = outside(served, known)
    out = np.array([bool(one) for one in scope], np.bool_)
    kind, why = _begin(out)
    _before_scoring(served, kind, why, known=known, gone=_gone(x, state))
    risk = served.bundle.risk(x) if len(x) else np.empty(0)
    bad = ~(np.isfinite(risk) & (risk >= 0) & (risk <= 1))
    _stop(kind, why, mask=bad, word="output_guard", to=FALLBACK)
    score = np.where(kind == LIVE, risk, np.nan)
    flagged = _flag(score, thresholds_of(served.places, known, everywhere=served.threshold))
    _fall_back(served, kind, why, score=score, fallback=fallback)
    fell = kind == FALLBACK
    flagged[fell] = _flag(score[fell], served.release.fallback.threshold)
    return Decided(
        kind=kind,
        score=score,
        flagged=flagged,
        missing=np.isnan(x).sum(axis=1),
        scope=scope,
        reasons=_reasons(why, scope, out),
        degraded=_degraded(served, state),
    )


def _begin(out: Mask) -> tuple[Ints, Reasons]:
    """Return everyone as live, except those outside the intended use."""
    kind = np.full(len(out), LIVE, np.int64)
    why: Reasons = [()] * len(out)
    _stop(kind, why, mask=out, word="out_of_scope", to=NO_SCORE)
    return kind, why


def _gone(x: Floats, state: States) -> Floats:
    """Return the share of the model's features that are missing or stale."""
    gone = np.isnan(x) | ((state & kernel.STALE) > 0)
    share: Floats = gone.mean(axis=1) if x.shape[1] else np.zeros(len(x))
    return share


def _before_scoring(
    served: Served, kind: Ints, why: Reasons, *, known: Facts, gone: Floats
) -> None:
    """Mark what is decided before the model is asked."""
    for word, to, mask in _orders(served, known):
        _stop(kind, why, mask=mask, word=word, to=to)
    much = gone > served.missing_share_max
    _stop(kind, why, mask=much, word="missing_features", to=FALLBACK)


def _orders(served: Served, known: Facts) -> list[tuple[str, int, Mask]]:
    """Return what the deployment and the verdict forbid: reason, what comes instead, for whom."""
    n = len(known.dead)
    everyone = np.ones(n, np.bool_)
    orders: list[tuple[str, int, Mask]] = []
    if served.serves != "version":
        to = FALLBACK if served.serves == "fallback" else NO_SCORE
        orders.append((f"deployment:{served.serves}", to, everyone))
    # In silent nobody sees the score; it goes on being made, or nothing could be learned.
    if served.stage == "silent":
        return orders
    answer = served.answer
    word = ("verdict:expired" if served.verdict else "verdict:none") if served.expired else ""
    if answer == "stop":
        orders.append((word or "verdict:stop", NO_SCORE, everyone))
    elif answer == "fallback":
        silent = served.verdict and not served.expired and served.verdict.delivers == "no_score"
        orders.append((word or "verdict:fallback", NO_SCORE if silent else FALLBACK, everyone))
    elif answer == "restrict":
        sites = served.verdict.sites if served.verdict else ()
        others = np.array([site not in sites for site in known.site], np.bool_)
        orders.append((word or "verdict:restrict", FALLBACK, others))
    return orders


def _stop(kind: Ints, why: Reasons, *, mask: Mask, word: str, to: int) -> None:
    """Set what is still live and in the mask to another kind, with the reason."""
    for at in np.flatnonzero(mask & (kind == LIVE)).tolist():
        kind[at] = to
        why[at] = (*why[at], word)


def _fall_back(
    served: Served,
    kind: Ints,
    why: Reasons,
    *,
    score: Floats,
    fallback: Callable[[Ints], Floats],
) -> None:
    """Put the fallback score where one is asked for, or say that there is none."""
    wanted = np.flatnonzero(kind == FALLBACK)
    if len(wanted) == 0:
        return
    named = served.fallback is not None and served.release.fallback.kind == "score"
    totals = fallback(wanted) if named else np.full(len(wanted), np.nan)
    word = "fallback_missing" if named else "no_fallback"
    score[wanted] = totals
    for at in wanted[np.isnan(totals)].tolist():
        kind[at] = NO_SCORE
        why[at] = (*why[at], word)


def _flag(score: Floats, threshold: Floats | float | None) -> Ints:
    """Return 1 at or above the threshold, 0 under it, -1 without a score or a threshold."""
    if threshold is None:
        return np.full(len(score), -1, np.int64)
    none = np.isnan(score) | np.isposinf(threshold)
    flagged: Ints = np.where(none, -1, score >= threshold).astype(np.int64)
    return flagged


def _reasons(why: Reasons, scope: Reasons, out: Mask) -> Reasons:
    """Return reasons with the scope rules that were broken written out."""
    full = list(why)
    for at in np.flatnonzero(out).tolist():
        full[at] = tuple(f"out_of_scope:{rule}" for rule in scope[at])
    return full


def _degraded(served: Served, state: States) -> Reasons:
    """Return the inputs that are stale or were not usable as they came, by name."""
    marks: Reasons = [()] * len(state)
    stale = (state & kernel.STALE) > 0
    reason = state & 0x0F
    suspect = _SUSPECT[reason]
    for at, column in np.argwhere(stale | suspect).tolist():
        word = "stale" if stale[at, column] else REASONS[int(reason[at, column])]
        marks[at] = (*marks[at], f"{word}:{served.bundle.names[column]}")
    return marks
