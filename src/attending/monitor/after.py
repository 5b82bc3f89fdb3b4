"""After go-live: what changed in outcomes, care, harm and work, and how sure that is.

Every eligible stay counts, scored or not, so that who happened to be scored decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from attending.errors import BadInput
from attending.records.after_go_live import Beside, Change, Fairness
from attending.statistics.heterogeneity import heterogeneity
from attending.statistics.interrupted_series import interrupted_series
from attending.statistics.stepped_comparison import FEWEST_SITES, stepped_comparison

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from attending.records.after_go_live import Direction, Kind, Wanted
    from attending.statistics.measure import Interval
    from attending.types import Floats, Ints, Mask, Outcomes

#: Of the test that a change is alike in all groups, over all attributes together.
UNLIKE = 0.05
#: Stays at sites that did not go live, in the same months.
ELSEWHERE = "not live"


@dataclass(frozen=True)
class Course:
    """One measure over time: a row is an eligible stay whose answer is known.

    `month` counts calendar months from any origin, shape (n,); `happened` is 0 or 1; `site` names
    each one's site; `groups` has the value of each attribute for each row, None where unknown.
    """

    name: str
    kind: Kind
    wanted: Wanted
    month: Ints
    happened: Outcomes
    site: NDArray[Any]  # str or object
    groups: Mapping[str, Sequence[str | None]]


def changes(course: Course, live: Mapping[str, int]) -> tuple[Change, ...]:
    """Return the change of one measure at go-live: of all, of each site and of each group.

    The months from the first to the last go-live of the sites that are looked at are left out, for
    in them some were live and some were not, or one was for a part of the month.

    Args:
        course: the measure.
        live: the month in which each site went live.

    Raises:
        BadInput: no site went live.
    """
    if not live:
        raise BadInput("no site went live", code="after.not_live")
    went = np.isin(course.site.astype(str), list(live))
    whole = (min(live.values()), max(live.values()))
    found = [_change(course, went, whole, group="")]
    if not went.all():
        found.append(_change(course, ~went, whole, group=ELSEWHERE))
    for name, month in sorted(live.items()):
        found.append(_change(course, course.site == name, (month, month), group=f"site={name}"))
    for attribute, values in course.groups.items():
        said = np.array([one or "" for one in values], dtype=str)
        for value in sorted(set(said.tolist()) - {""}):
            here = went & (said == value)
            found.append(_change(course, here, whole, group=f"{attribute}={value}"))
    return tuple(found)


def _change(course: Course, rows: Mask, live: tuple[int, int], *, group: str) -> Change:
    """Return the change of some stays; `live` are the first and last month of going live."""
    month, happened = course.month[rows], course.happened[rows]
    before, after = month < live[0], month > live[1]
    kept = before | after
    start = int(course.month.min()) if len(course.month) else live[0]
    span = max(int(course.month.max(initial=start)) - start + 1, 1)
    stays = np.bincount(month[kept] - start, minlength=span)
    events = np.bincount(month[kept] - start, weights=happened[kept], minlength=span)
    place = min(max(live[1] + 1 - start, 0), span)
    found = interrupted_series(events, stays.astype(np.float64), first_after=place)
    said = Change(
        measure=course.name,
        kind=course.kind,
        wanted=course.wanted,
        group=group,
        months_before=int((stays[: max(live[0] - start, 0)] > 0).sum()),
        months_after=int((stays[place:] > 0).sum()),
        why=found.not_shown,
    )
    if found.level is None or found.slope is None:
        return said
    rates = {"rate_before": _rate(happened[before]), "rate_after": _rate(happened[after])}
    figures = _figures(course.wanted, found.level, found.slope)
    return said.model_copy(update={**rates, **figures})


def _rate(happened: Outcomes) -> float:
    return round(float(happened.mean()), 4)


def _figures(wanted: str, level: Interval, slope: Interval) -> dict[str, Any]:  # fields of `Change`
    return {
        "level": level.value,
        "level_low": level.low,
        "level_high": level.high,
        "slope": slope.value,
        "slope_low": slope.low,
        "slope_high": slope.high,
        "direction": _direction(wanted, level.low, level.high, even=1.0),
    }


def _direction(wanted: str, low: float | None, high: float | None, *, even: float) -> Direction:
    """Return which way an interval lies of no change, as the measure is wanted."""
    if low is None or high is None:
        return "not_shown"
    if low <= even <= high:
        return "unclear"
    return "better" if (high < even) == (wanted == "lower") else "worse"


def beside(course: Course, live: Mapping[str, int]) -> Beside:
    """Return the measure at live sites beside those not yet live, in months that all sites have.

    A site counts as live from its first whole month on.

    Args:
        course: the measure.
        live: the month in which each site went live.
    """
    sites = sorted({str(one) for one in course.site.tolist() if one})
    first, stays, events = _by_site(course, sites)
    span = stays.shape[1]
    whole = (stays > 0).all(axis=0)
    months = np.arange(first, first + span)
    since = np.array([live.get(name, first + span) for name in sites]).reshape(-1, 1)
    used = (months[None, :] > since)[:, whole]
    said = Beside(
        measure=course.name, wanted=course.wanted, sites=len(sites), months=int(whole.sum())
    )
    if len(sites) < FEWEST_SITES or not whole.any():
        why = (
            f"sites: {len(sites)}, {FEWEST_SITES} needed; months with stays at each: {said.months}"
        )
        return said.model_copy(update={"why": why})
    found = stepped_comparison(events[:, whole], stays[:, whole], used)
    if found is None or found.low is None or found.high is None:
        why = "all sites went live at once: a month and the model cannot be told apart"
        return said.model_copy(update={"why": why})
    way = _direction(course.wanted, found.low, found.high, even=0.0)
    figures = {"value": found.value, "low": found.low, "high": found.high, "direction": way}
    return said.model_copy(update=figures)


def _by_site(course: Course, sites: Sequence[str]) -> tuple[int, Floats, Floats]:
    """Return the first month, and stays and events of each site and month since."""
    first = int(course.month.min()) if len(course.month) else 0
    span = int(course.month.max(initial=first)) - first + 1
    stays, events = np.zeros((2, len(sites), span))
    for at, name in enumerate(sites):
        here = course.site == name
        month = course.month[here] - first
        stays[at] = np.bincount(month, minlength=span)
        events[at] = np.bincount(month, weights=course.happened[here], minlength=span)
    return first, stays, events


def fairness(found: Sequence[Change]) -> tuple[Fairness, ...]:
    """Return for each measure and attribute whether it changed alike in all groups.

    Cochran's Q of the logarithms of the levels; the chance is divided by the attributes.

    Args:
        found: what `changes` gave, of one measure.
    """
    named = [one for one in found if "=" in one.group]
    attributes = list(dict.fromkeys(one.group.split("=", 1)[0] for one in named))
    made: list[Fairness] = []
    for attribute in attributes:
        some = [one for one in named if one.group.split("=", 1)[0] == attribute]
        shown = [one for one in some if one.level is not None]
        said = Fairness(measure=some[0].measure, attribute=attribute, groups=len(shown))
        if len(shown) < 2:
            why = f"groups with enough stays: {len(shown)} of {len(some)}"
            made.append(said.model_copy(update={"why": why}))
            continue
        logs = [float(np.log(one.level or 1.0)) for one in shown]
        widths = [np.log((one.level_high or 1.0) / (one.level_low or 1.0)) for one in shown]
        p = heterogeneity(logs, [float(width / 3.92) ** 2 for width in widths]).p
        made.append(said.model_copy(update={"p": p, "alike": p >= UNLIKE / len(attributes)}))
    return tuple(made)


def _by_chance(looked_at: int) -> tuple[str, ...]:
    if not looked_at:
        return ()
    many = f"{looked_at} intervals of 95 % are" if looked_at > 1 else "1 interval of 95 % is"
    return (f"{many} shown: about one in twenty misses by chance alone.",)


def limits(live: Mapping[str, int], *, looked_at: int, elsewhere: bool) -> tuple[str, ...]:
    """Return what the figures cannot tell, in sentences.

    Args:
        live: the month in which each site went live.
        looked_at: how many intervals are shown.
        elsewhere: whether there are sites that did not go live.
    """
    control = (
        "The same months at sites that did not go live stand beside them: a change there is not "
        "the model's."
        if elsewhere
        else "There is no site without the model to compare with: whatever else changed in the "
        "same months looks the same."
    )
    return (
        "Nobody drew lots for who got the score, so a change after go-live need not come from it.",
        control,
        (
            "Each month is taken as independent of the month before; where it is not, the "
            "intervals are too narrow."
        ),
        *_by_chance(looked_at),
        "No clear change is not the same as no change: the interval says what is still possible.",
        (
            f"The month of going live is left out ({len(live)} "
            f"{'site' if len(live) == 1 else 'sites'})."
        ),
    )
