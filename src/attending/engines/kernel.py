"""The compiled feature kernel: every window of every feature, for one shard or one patient.

The one place where features are computed, offline and online. Rows stand in canonical order;
sums run backwards from the newest row of a window, centred on its value and compensated, so the
result is the same to the bit wherever it is made. No fused or reordered arithmetic is allowed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, TypeVar

import numba
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from attending.engines import kernel_types as shapes
    from attending.types import Floats, Ints

_Compiled = TypeVar("_Compiled", bound="Callable[..., object]")

#: The time of a static row (null), and the lower end of the window `ever` that leaves it out.
STATIC = np.iinfo(np.int64).min + 1
_BEFORE_STATIC = np.iinfo(np.int64).min
#: `superseded_at` of a row that no other row replaced.
NEVER = np.iinfo(np.int64).max

#: How the lower end of a window is found.
FIXED, ENCOUNTER, EVER, WITH_STATIC = 0, 1, 2, 3

LAST, FIRST, MIN, MAX, MEAN, SUM, COUNT, STD, SLOPE, DELTA, RANGE, ANY, SINCE, NEWEST = range(14)
MEDIAN, DISTINCT, DISTINCT_CODES, ABNORMAL, EWM = range(14, 19)
VALUELESS = (COUNT, ANY, SINCE, NEWEST, DISTINCT_CODES)

#: Why a value is missing; the low four bits of a cell's state.
PRESENT, NEVER_MEASURED, NOT_YET_KNOWN, OUT_OF_WINDOW, IMPLAUSIBLE = 0, 1, 2, 3, 4
OTHER_UNIT, NO_VALUE, TOO_FEW, TOO_OLD = 5, 6, 7, 8
#: The high bits: a row lies in the window; its newest was not yet known; the newest is stale.
IN_WINDOW, NEWEST_UNKNOWN, STALE = 16, 32, 64

_SECOND = 1_000_000
_HOUR_SECONDS = 3600.0
_LN2 = 0.6931471805599453


def _jit(function: _Compiled) -> _Compiled:
    return numba.njit(cache=True, nogil=True, fastmath=False)(function)  # type: ignore[no-any-return]  # numba is untyped


@_jit
def _add(total: float, lost: float, item: float) -> tuple[float, float]:
    """Return Neumaier's running sum and what it lost."""
    new = total + item
    if abs(total) >= abs(item):
        lost += (total - new) + item
    else:
        lost += (item - new) + total
    return new, lost


@_jit
def _order_ties(scratch: shapes.Scratch, low: int, high: int) -> None:
    """Order rows of one group that tie on time by known_at, then by value; null values first."""
    time, known, superseded, value, fits, code = scratch
    for i in range(low + 1, high):
        j = i
        while j > low and time[j - 1] == time[j]:
            if known[j - 1] < known[j]:
                break
            if known[j - 1] == known[j]:
                a, b = value[j - 1], value[j]
                if np.isnan(a) or a <= b:
                    break
            time[j - 1], time[j] = time[j], time[j - 1]
            known[j - 1], known[j] = known[j], known[j - 1]
            superseded[j - 1], superseded[j] = superseded[j], superseded[j - 1]
            value[j - 1], value[j] = value[j], value[j - 1]
            fits[j - 1], fits[j] = fits[j], fits[j - 1]
            code[j - 1], code[j] = code[j], code[j - 1]
            j -= 1


@_jit
def _upper(time: Ints, low: int, high: int, at: int) -> int:
    """Return the first index from low to high whose time is later than `at`."""
    while low < high:
        middle = (low + high) >> 1
        if time[middle] <= at:
            low = middle + 1
        else:
            high = middle
    return low


@_jit
def _gather(
    first: int,
    last: int,
    rows: shapes.Rows,
    groups: shapes.Groups,
    sizes: Ints,
    scratch: shapes.Scratch,
) -> None:
    """Sort one subject's rows by group; time order is kept and `sizes` holds where groups end."""
    time, known, superseded, code, value, unit = rows
    code_first, code_groups, group_unit = groups
    s_time, s_known, s_superseded, s_value, s_fits, s_code = scratch
    n_groups = len(group_unit)
    sizes[:] = 0
    for i in range(first, last):
        c = code[i]
        for k in range(code_first[c], code_first[c + 1]):
            sizes[code_groups[k] + 1] += 1
    for g in range(n_groups):
        sizes[g + 1] += sizes[g]
    for i in range(first, last):
        c = code[i]
        for k in range(code_first[c], code_first[c + 1]):
            g = code_groups[k]
            at = sizes[g]
            s_time[at] = time[i]
            s_known[at] = known[i]
            s_superseded[at] = superseded[i]
            s_value[at] = value[i]
            s_fits[at] = group_unit[g] < 0 or unit[i] == group_unit[g]
            s_code[at] = c
            sizes[g] = at + 1
    low = 0
    for g in range(n_groups):
        _order_ties(scratch, low, sizes[g])
        low = sizes[g]


@_jit
def _widest(first: int, last: int, code: shapes.Indices, code_first: shapes.Indices) -> int:
    """Return how many group rows the rows of one subject make."""
    total = 0
    for i in range(first, last):
        c = code[i]
        total += code_first[c + 1] - code_first[c]
    return total


@_jit
def _scratch(room: int) -> shapes.Scratch:
    """Return room for the group rows of one subject."""
    return (
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.float64),
        np.empty(room, np.bool_),
        np.empty(room, np.int32),
    )


@_jit
def _kept(room: int) -> shapes.Kept:
    """Return room for the values, ages and codes of one window."""
    return np.empty(room, np.float64), np.empty(room, np.int64), np.empty(room, np.int32)


@_jit
def _middle(ordered: Floats) -> float:
    """Return the median of a sorted array that is not empty."""
    n = len(ordered)
    if n % 2:
        return float(ordered[n // 2])
    low, high = ordered[n // 2 - 1], ordered[n // 2]
    return float(low + (high - low) / 2.0)


@_jit
def _halved(age: int, half_life: int) -> float:
    """Return 2 to the power of -age / half_life by plain arithmetic, the same on every machine."""
    x = -(age % half_life) / half_life * _LN2
    power = 1.0
    for k in range(20, 0, -1):
        power = 1.0 + power * x / k
    return math.ldexp(power, -min(age // half_life, 2000))


@_jit
def _faded(value: Floats, age: Ints, half_life: int) -> float:
    """Return the mean of values, newest first, each weighed by half a half-life earlier."""
    centre = value[0]
    s_w, e_w, s_d, e_d = 0.0, 0.0, 0.0, 0.0
    for i in range(len(value)):
        weight = _halved(age[i] - age[0], half_life)
        s_w, e_w = _add(s_w, e_w, weight)
        s_d, e_d = _add(s_d, e_d, weight * (value[i] - centre))
    return float(centre + (s_d + e_d) / (s_w + e_w))


@_jit
def _anchor(scratch: shapes.Scratch, base: int, end: int, p: int, by_event: int) -> int:
    """Return when the newest visible row of a group happened, or p + 1 where there is none."""
    time, known, superseded = scratch[0], scratch[1], scratch[2]
    j = _upper(time, base, end, p) - 1
    while j >= base and time[j] > STATIC:
        if by_event:
            if superseded[j] == NEVER:
                return int(time[j])
        elif known[j] <= p and p < superseded[j]:
            return int(time[j])
        j -= 1
    return p + 1


@_jit
def run(
    subject: Ints,
    rows: shapes.Rows,
    predictions: shapes.Due,
    groups: shapes.Groups,
    tracks: shapes.Tracks,
    spans: shapes.Spans,
    features: shapes.Features,
    out: Floats,
    state: NDArray[np.uint8],
    newest_time: Ints,
    newest_known: Ints,
) -> None:
    """Fill `out[feature, prediction]` and `state[prediction, feature]` for one shard.

    Args:
        subject: shape (rows,), ascending.
        rows: in canonical order; a value that is NaN is null.
        predictions: ascending by subject.
        groups: of the plan, for the codes of these rows.
        tracks: of the plan; the rows of a group are walked once a track.
        spans: of the plan.
        features: of the plan.
        out: shape (columns, predictions); NaN is missing.
        state: shape (predictions, columns).
        newest_time: provenance of every cell, shape as `out`, or (0, 0).
        newest_known: as `newest_time`.
    """
    code = rows[3]
    p_subject, p_instants, p_start = predictions
    code_first, _code_groups, group_unit = groups
    t_group, t_low, t_high, t_event, t_mode, t_moments, t_keeps, t_most = tracks[:8]
    t_since, t_clock, t_spans = tracks[8:]
    span_window, span_features = spans
    f_aggregate, f_fresh, f_column, f_half, f_low, f_high, f_drop = features
    trace = newest_time.shape[0] > 0
    sizes = np.zeros(len(group_unit) + 1, dtype=np.int64)
    room = 256
    scratch = _scratch(room)
    k_value, k_age, k_code = _kept(room)
    r0 = 0
    q0 = 0
    n_rows = len(subject)
    n_predictions = len(p_subject)
    while q0 < n_predictions:
        who = p_subject[q0]
        q1 = q0
        while q1 < n_predictions and p_subject[q1] == who:
            q1 += 1
        while r0 < n_rows and subject[r0] < who:
            r0 += 1
        r1 = r0
        while r1 < n_rows and subject[r1] == who:
            r1 += 1
        need = _widest(r0, r1, code, code_first)
        if need > room:
            room = 2 * need
            scratch = _scratch(room)
            k_value, k_age, k_code = _kept(room)
        _gather(r0, r1, rows, groups, sizes, scratch)
        r0 = r1
        s_time, s_known, s_superseded, s_value, s_fits, s_code = scratch
        for t in range(len(t_group)):
            g = t_group[t]
            base = 0 if g == 0 else sizes[g - 1]
            end = sizes[g]
            low = t_low[t]
            high = t_high[t]
            by_event = t_event[t]
            mode = t_mode[t]
            moments = t_moments[t]
            keeps = t_keeps[t]
            most = t_most[t]
            since = t_since[t]
            p_time = p_instants[t_clock[t]]
            for q in range(q0, q1):
                p = p_time[q]
                anchor = _BEFORE_STATIC
                if since >= 0:
                    first_row = 0 if since == 0 else sizes[since - 1]
                    anchor = _anchor(scratch, first_row, sizes[since], p, by_event)
                j = _upper(s_time, base, end, p) - 1
                unknown = 0
                bad = 0
                other = 0
                pending = STATIC - 1
                has_pending = False
                newest_late = False
                seen = False
                m = 0
                m_time = np.int64(0)
                m_known = np.int64(0)
                n = 0
                n_time = np.int64(0)
                n_known = np.int64(0)
                centre = 0.0
                first = 0.0
                smallest = 0.0
                largest = 0.0
                s1 = 0.0
                e1 = 0.0
                total = 0.0
                e_total = 0.0
                s2 = 0.0
                e2 = 0.0
                sum_a = np.int64(0)
                saa = 0.0
                eaa = 0.0
                sad = 0.0
                ead = 0.0
                newest_age = np.int64(0)
                for s in range(t_spans[t], t_spans[t + 1]):
                    if mode == FIXED:
                        start = max(p - span_window[s], STATIC)
                    elif mode == ENCOUNTER:
                        start = p_start[q] - 1
                    elif mode == EVER:
                        start = STATIC
                    else:
                        start = _BEFORE_STATIC
                    if since >= 0:
                        start = max(start, anchor - 1)
                    while n < most and j >= base and s_time[j] > start:
                        at = s_time[j]
                        if by_event == 0:
                            if s_known[j] > p:
                                unknown += 1
                                if not seen and not has_pending:
                                    pending = at
                                    has_pending = True
                                j -= 1
                                continue
                            if s_superseded[j] <= p:
                                j -= 1
                                continue
                        elif s_superseded[j] != NEVER:
                            j -= 1
                            continue
                        if not seen:
                            seen = True
                            newest_late = has_pending and pending > at
                        x = s_value[j]
                        if not s_fits[j]:
                            other += 1
                            j -= 1
                            continue
                        if x < low or x > high:
                            bad += 1
                            j -= 1
                            continue
                        if keeps:
                            k_code[m] = s_code[j]
                        m += 1
                        if m == 1:
                            m_time = at
                            m_known = s_known[j]
                        if np.isnan(x):
                            j -= 1
                            continue
                        if keeps:
                            k_value[n] = x
                            k_age[n] = (p - at) // _SECOND
                        n += 1
                        if n == 1:
                            n_time = at
                            n_known = s_known[j]
                            centre = x
                            smallest = x
                            largest = x
                            if moments:
                                newest_age = (p - at) // _SECOND
                        first = x
                        if x < smallest:
                            smallest = x
                        if x > largest:
                            largest = x
                        d = x - centre
                        s1, e1 = _add(s1, e1, d)
                        total, e_total = _add(total, e_total, x)
                        if moments:
                            a = (p - at) // _SECOND - newest_age
                            sum_a += a
                            s2, e2 = _add(s2, e2, d * d)
                            saa, eaa = _add(saa, eaa, float(a) * float(a))
                            sad, ead = _add(sad, ead, float(a) * d)
                        j -= 1
                    marks = 0
                    if seen or unknown > 0:
                        marks = IN_WINDOW
                    if newest_late or (has_pending and not seen):
                        marks |= NEWEST_UNKNOWN
                    for f in range(span_features[s], span_features[s + 1]):
                        aggregate = f_aggregate[f]
                        answer = np.nan
                        reason = PRESENT
                        valueless = aggregate in VALUELESS
                        if aggregate == COUNT:
                            answer = float(m)
                        elif aggregate == ANY:
                            answer = 1.0 if m > 0 else 0.0
                        elif aggregate == DISTINCT_CODES:
                            answer = float(len(np.unique(k_code[:m])))
                        elif aggregate == DISTINCT:
                            answer = float(len(np.unique(k_value[:n])))
                        elif valueless:
                            if m > 0:
                                if aggregate == NEWEST:
                                    answer = float(m_time)
                                else:
                                    answer = float((p - m_time) // _SECOND) / _HOUR_SECONDS
                        elif n > 0:
                            if aggregate == LAST:
                                answer = centre
                            elif aggregate == FIRST:
                                answer = first
                            elif aggregate == MIN:
                                answer = smallest
                            elif aggregate == MAX:
                                answer = largest
                            elif aggregate == MEAN:
                                answer = centre + (s1 + e1) / n
                            elif aggregate == SUM:
                                answer = total + e_total
                            elif aggregate == DELTA:
                                answer = centre - first
                            elif aggregate == RANGE:
                                answer = largest - smallest
                            elif aggregate == MEDIAN:
                                answer = _middle(np.sort(k_value[:n]))
                            elif aggregate == ABNORMAL:
                                normal = (k_value[:n] >= f_low[f]) & (k_value[:n] <= f_high[f])
                                answer = (n - np.sum(normal)) / n
                            elif aggregate == EWM:
                                answer = _faded(k_value[:n], k_age[:n], f_half[f])
                            elif aggregate == STD:
                                if n > 1:
                                    d1 = s1 + e1
                                    spread = (s2 + e2) - d1 * d1 / n
                                    answer = np.sqrt(max(spread, 0.0) / (n - 1))
                            elif n > 1:
                                # Older rows have larger ages, so the slope in time is minus
                                # the slope in age. Per hour.
                                age = float(sum_a)
                                below = n * (saa + eaa) - age * age
                                if below > 0.0:
                                    above = n * (sad + ead) - age * (s1 + e1)
                                    answer = 0.0 - above / below * _HOUR_SECONDS
                        if np.isnan(answer):
                            if n > 0 and not valueless:
                                reason = TOO_FEW
                            elif unknown > 0:
                                reason = NOT_YET_KNOWN
                            elif bad > 0:
                                reason = IMPLAUSIBLE
                            elif other > 0:
                                reason = OTHER_UNIT
                            elif m > 0:
                                reason = NO_VALUE
                            else:
                                reason = NEVER_MEASURED
                                k = j
                                while k >= base:
                                    if by_event or (s_known[k] <= p and p < s_superseded[k]):
                                        reason = OUT_OF_WINDOW
                                        break
                                    k -= 1
                        held = m if valueless else n
                        cell = reason | marks
                        if held > 0:
                            when = m_time if valueless else n_time
                            if f_fresh[f] > 0 and p_instants[0, q] - when > f_fresh[f]:
                                cell |= STALE
                                if f_drop[f] and reason == PRESENT:
                                    answer = np.nan
                                    cell |= TOO_OLD
                        column = f_column[f]
                        out[column, q] = answer
                        state[q, column] = cell
                        if trace and held > 0:
                            newest_time[column, q] = m_time if valueless else n_time
                            newest_known[column, q] = m_known if valueless else n_known
        q0 = q1
