"""Data drift: inputs, scores and volume against the frozen reference, and what that does.

A size floor stands beside every test. The test alone would alarm over nothing on a million rows;
the floor alone would alarm by chance on two hundred. Both are passed, or nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from attending.monitor import units
from attending.monitor.findings import make
from attending.monitor.reference import BINS
from attending.records.monitoring import Measure
from attending.statistics.special import chdtri, ndtri

if TYPE_CHECKING:
    from attending.monitor.reference import Counts
    from attending.records.monitoring import FeatureReference, Finding, Reference, Severity
    from attending.specs.monitoring import MonitoringSpec
    from attending.types import Floats, Ints, Mask

LOOKS_A_YEAR = 365
_FLOOR = 1e-4
#: Days after which the volume of a model that came in is looked at.
_FIRST_DAYS = 2.0
#: How many standard errors an outer bin must be over before its values are looked at.
_TAIL_Z = 3.0


class _Outer(NamedTuple):
    """The lowest or the highest bin of each feature.

    Attributes:
        bins: which bin it is.
        share: expected of it.
        variance: of one row that falls in it or not.
        between: whether the feature has bins between its outer ones.
    """

    bins: Ints
    share: Floats
    variance: Floats
    between: Mask


@dataclass(frozen=True)
class Expected:
    """The reference as arrays, made once for many windows."""

    held: Reference
    shares: Floats
    missing: Floats
    matters: Mask
    score_shares: Floats
    chi2: Floats
    often: Floats
    score_chi2: float
    z: float
    outer: tuple[_Outer, _Outer]


def expected(spec: MonitoringSpec, held: Reference, *, places: int = 1) -> Expected:
    """Return the reference as arrays, with the quantiles of the tests.

    The chance of a year is divided by the features, the daily looks and the places, so that
    looking every day, and at every site, does not raise it.
    """
    k = max(len(held.features), 1)
    each = spec.data.chance / (k * LOOKS_A_YEAR * places)
    bins = np.array([len(one.edges) + 1 for one in held.features], dtype=np.float64)
    weights = np.array([one.weight for one in held.features])
    matters = weights >= spec.data.weight_matters if weights.sum() > 0 else weights >= 0
    score_bins = len(held.score_edges) + 1
    shares = np.array([one.shares for one in held.features]).reshape(-1, BINS + 1)
    return Expected(
        held,
        shares,
        np.array([one.missing_rate for one in held.features]),
        matters,
        np.array(held.score_shares),
        chdtri(np.maximum(bins, 1.0), each),
        chdtri(np.maximum(bins, 1.0), 0.01),
        float(chdtri(max(score_bins - 1, 1), spec.data.chance / (LOOKS_A_YEAR * places))),
        float(-ndtri(each / 2)),
        _outermost(held, shares),
    )


def _outermost(held: Reference, shares: Floats) -> tuple[_Outer, _Outer]:
    """Return what is expected of the outer bins of each feature, the lowest first."""
    last = np.array([len(one.edges) for one in held.features], np.int64)
    rows = np.arange(len(last))

    def outer(bins: Ints) -> _Outer:
        share = np.maximum(shares[rows, bins], _FLOOR)
        return _Outer(bins, share, share * (1 - share), last > 1)

    return outer(np.zeros_like(last)), outer(last)


def psi(shares: Floats, counts: Ints) -> Floats:
    """Return the population stability index of each row of counts against its row of shares.

    Bins that are empty on one side count as 1e-4; bins empty on both add nothing.

    >>> reference = np.full((1, 10), 0.1)
    >>> now = np.array([[5, 8, 9, 10, 10, 10, 11, 12, 12, 13]])
    >>> round(float(psi(reference, now)[0]), 10)
    0.0562907272
    """
    total = np.maximum(counts.sum(axis=-1, keepdims=True), 1)
    now = np.maximum(counts / total, _FLOOR)
    then = np.maximum(shares, _FLOOR)
    stable: Floats = ((now - then) * np.log(now / then)).sum(axis=-1)
    return stable


def compare(
    spec: MonitoringSpec, known: Expected, counts: Counts
) -> tuple[tuple[Finding, ...], tuple[Measure, ...]]:
    """Return findings and measures of one window against the reference.

    A window with fewer rows than the policy asks for gives no finding, and measures that say so.

    Args:
        spec: the policy.
        known: the reference as arrays.
        counts: the window in the reference's bins.
    """
    if counts.n < spec.data.minimum_rows:
        why = f"{counts.n} rows in the window, {spec.data.minimum_rows} are needed"
        names = ("score_psi", "mean_risk_change", "missing_share")
        return (), tuple(Measure(name=n, n=counts.n, state="not_shown", why=why) for n in names)
    moved = _scores(spec, known, counts)
    found = [*_inputs(spec, known, counts), *_missing(spec, known, counts)]
    found += moved[0]
    return tuple(found), (*moved[1], _missing_share(known, counts))


def _inputs(spec: MonitoringSpec, known: Expected, counts: Counts) -> list[Finding]:
    """Return what the distributions of the features show."""
    index = psi(known.shares, counts.bins)
    found = _together(spec, known, counts, index=index)
    chance = (1 / counts.n + 1 / known.held.n) * known.chi2
    over = index >= np.maximum(chance, spec.data.psi_watch)
    tails = _tails(known, counts)
    for at in np.flatnonzero(over | tails).tolist():
        one = known.held.features[at]
        jump = _jump(spec, counts, one, at=at) if over[at] else None
        part = _part(spec, counts, one, at=at) if tails[at] and jump is None else None
        if jump is not None:
            found.append(_switch(spec, one, jump, matters=bool(known.matters[at])))
        if part is not None:
            found.append(_mixed(spec, one, part, matters=bool(known.matters[at])))
        if jump is not None or part is not None or not over[at]:
            continue
        serious = index[at] >= spec.data.psi_act and known.matters[at]
        bound = spec.data.psi_act if serious else spec.data.psi_watch
        found.append(
            make(
                spec,
                ("data", "act" if serious else "watch"),
                "psi",
                subject=one.name,
                figure=(float(index[at]), bound),
                meaning=f"{_label(one)} is distributed otherwise than when the model was "
                "validated, so risks may not mean what they meant.",
            )
        )
    return found


def _together(
    spec: MonitoringSpec, known: Expected, counts: Counts, *, index: Floats
) -> list[Finding]:
    """Return that many inputs moved a little, which alone asks for nothing and explains much.

    One in a hundred features passes its limit by chance; a tenth of them, and two or more, is a
    change of the patients.
    """
    over = int((index >= (1 / counts.n + 1 / known.held.n) * known.often).sum())
    least = max(2, -(-len(index) // 10))
    if over < least:
        return []
    finding = make(
        spec,
        ("data", "info"),
        "inputs_moved",
        subject="inputs",
        figure=(float(over), float(least)),
        meaning=f"{over} of {len(index)} inputs moved a little together: other patients come.",
    )
    return [finding]


def _tails(known: Expected, counts: Counts) -> Mask:
    """Return which features have more values in an outer bin than chance explains."""
    rows = np.arange(len(known.shares))
    over = np.zeros(len(rows), np.bool_)
    for outer in known.outer:
        spread = np.sqrt(outer.variance * (1 / counts.n + 1 / known.held.n))
        more = counts.bins[rows, outer.bins] / counts.n - outer.share
        over |= outer.between & (more > _TAIL_Z * spread)
    return over


def _part(
    spec: MonitoringSpec, counts: Counts, one: FeatureReference, *, at: int
) -> units.Mixed | None:
    """Return which part of a feature's values stands in another unit, when it looks like that."""
    if counts.values is None or len(one.quantiles) < 9 or min(one.quantiles) <= 0:
        return None
    values = counts.values(at)
    least = spec.data.mixed_share
    return units.mixed(np.array(one.quantiles), values, least=least, usual=one.far)


def _mixed(
    spec: MonitoringSpec, one: FeatureReference, part: units.Mixed, *, matters: bool
) -> Finding:
    """Return the finding of values of which a part stands far outside."""
    what = f"another unit ({part.known})" if part.known else "another unit or a marker for missing"
    return make(
        spec,
        ("data", "act" if matters else "watch"),
        "mixed_units",
        subject=one.name,
        figure=(part.share, spec.data.mixed_share),
        meaning=f"{part.share:.0%} of the values of {_label(one)} are about {part.factor:.3g} "
        f"times what is usual, which looks like {what}; risks made from them are wrong.",
    )


def _jump(
    spec: MonitoringSpec, counts: Counts, one: FeatureReference, *, at: int
) -> units.Jump | None:
    """Return the change of scale of a feature, when its values are at hand and show one."""
    if counts.values is None:
        return None
    return units.jump(np.array(one.quantiles), counts.values(at), least=spec.data.scale_factor)


def _switch(
    spec: MonitoringSpec, one: FeatureReference, jump: units.Jump, *, matters: bool
) -> Finding:
    """Return the finding of a change of scale: a unit switch when it is a known conversion."""
    severity: Severity = "watch"
    if matters:
        severity = "stop" if jump.known else "act"
    what = f"a change of unit ({jump.known})" if jump.known else "a change of scale"
    return make(
        spec,
        ("data", severity),
        "unit_switch" if jump.known else "scale_shift",
        subject=one.name,
        figure=(jump.factor, spec.data.scale_factor),
        meaning=f"All values of {_label(one)} moved by one factor, which looks like {what}, not "
        "like sicker or healthier patients; risks made from it are wrong.",
    )


def _missing(spec: MonitoringSpec, known: Expected, counts: Counts) -> list[Finding]:
    """Return what the missing values show."""
    now = counts.bins[:, BINS] / counts.n
    change = now - known.missing
    pooled = (counts.bins[:, BINS] + known.missing * known.held.n) / (counts.n + known.held.n)
    spread = np.sqrt(pooled * (1 - pooled) * (1 / counts.n + 1 / known.held.n))
    sure = np.abs(change) > known.z * spread
    found: list[Finding] = []
    for at in np.flatnonzero(sure & (np.abs(change) >= spec.data.missing_watch)).tolist():
        one = known.held.features[at]
        severity, bound = _missing_level(spec, float(change[at]), matters=bool(known.matters[at]))
        found.append(
            make(
                spec,
                ("data", severity),
                "missing_rate",
                subject=one.name,
                figure=(float(now[at]), float(known.missing[at]) + bound),
                meaning=f"{_label(one)} is missing for {now[at]:.0%} of patients and was for "
                f"{known.missing[at]:.0%}; the model sees less than it was validated on.",
            )
        )
    return found


def _missing_level(spec: MonitoringSpec, change: float, *, matters: bool) -> tuple[Severity, float]:
    """Return severity and bound of a change in the missing rate; fewer missing is only watched."""
    if matters and change >= spec.data.missing_stop:
        return "stop", spec.data.missing_stop
    if matters and change >= spec.data.missing_act:
        return "act", spec.data.missing_act
    return "watch", spec.data.missing_watch if change > 0 else -spec.data.missing_watch


def _missing_share(known: Expected, counts: Counts) -> Measure:
    """Return the share of all feature cells that are missing."""
    cells = counts.n * max(len(known.held.features), 1)
    return Measure(
        name="missing_share", value=float(counts.bins[:, BINS].sum()) / cells, n=counts.n
    )


def _scores(
    spec: MonitoringSpec, known: Expected, counts: Counts
) -> tuple[list[Finding], tuple[Measure, ...]]:
    """Return what the scores show: the consequence of all changes together.

    Drift is `unknown` here; `run` names the cause when an input explains it.
    """
    n = counts.n_scored
    if n < spec.data.minimum_rows:
        why = f"{n} scores in the window, {spec.data.minimum_rows} are needed"
        names = ("score_psi", "mean_risk_change")
        return [], tuple(Measure(name=m, n=n, state="not_shown", why=why) for m in names)
    bins = len(known.score_shares)
    index = float(psi(known.score_shares, counts.score_bins[:bins]))
    chance = (1 / n + 1 / known.held.n) * known.score_chi2
    change = counts.risk_sum / n - known.held.mean_risk
    measures = (
        Measure(name="score_psi", value=index, bound=spec.data.score_psi_act, n=n),
        Measure(name="mean_risk_change", value=change, bound=spec.data.mean_risk_act, n=n),
    )
    found: list[Finding] = []
    if index >= max(chance, spec.data.score_psi_watch):
        serious = index >= spec.data.score_psi_act or abs(change) >= spec.data.mean_risk_act
        found.append(
            make(
                spec,
                ("unknown", "act" if serious else "watch"),
                "score_psi",
                subject="score",
                figure=(index, spec.data.score_psi_act if serious else spec.data.score_psi_watch),
                meaning=f"The scores themselves moved; the mean risk changed by {change:+.3f}.",
            )
        )
    return found, measures


@dataclass(frozen=True)
class Week:
    """How many predictions came in the last seven days, or since the model came in.

    Attributes:
        count: predictions.
        days: of how many days; fewer than seven when the model came in since.
        since: the day on which it came in, as text; empty where the seven days are whole.
    """

    count: int
    days: float = 7.0
    since: str = ""

    def told(self, usual: float) -> str:
        """Return count and what is usual, in words."""
        if not self.since:
            return f"{self.count} predictions in seven days where {usual:.0f} are usual"
        return (
            f"{self.count} predictions in {self.days:.1f} days where {usual:.0f} are usual, "
            f"counted since {self.since}, when it came in"
        )


def volume(
    spec: MonitoringSpec, held: Reference, *, last_week: Week, site: str = ""
) -> tuple[tuple[Finding, ...], tuple[Measure, ...]]:
    """Return whether the predictions of the last seven days are as many as expected.

    Of a model that came in since, they are held against a part of a usual week; in its first two
    days nothing is said, since a file a day may be a day late.
    """
    if held.weekly_mean is None or held.weekly_sd is None or held.weekly_mean <= 0:
        why = "the reference covers less than four weeks"
        return (), (Measure(name="volume_ratio", n=last_week.count, state="not_shown", why=why),)
    if last_week.days < _FIRST_DAYS:
        why = f"it came in {last_week.since}; predictions are counted from two days on"
        return (), (Measure(name="volume_ratio", n=last_week.count, state="not_shown", why=why),)
    part = last_week.days / 7
    usual = held.weekly_mean * part
    ratio = last_week.count / usual
    measure = Measure(
        name="volume_ratio",
        value=ratio,
        bound=spec.data.volume_watch,
        n=last_week.count,
        subject=site,
    )
    if spec.data.volume_watch <= ratio <= 1 / spec.data.volume_watch:
        return (), (measure,)
    told = last_week.told(usual)
    # A small site swings by chance: stay four deviations off, with Poisson as the least.
    swing = 4 * max(held.weekly_sd * part**0.5, usual**0.5)
    none_in_a_week = last_week.count == 0 and not last_week.since
    if abs(last_week.count - usual) <= swing and not none_in_a_week:
        why = f"{told}; no finding, because weeks differ as much by chance"
        return (), (measure.model_copy(update={"why": why}),)
    severity: Severity = "act" if ratio <= spec.data.volume_act else "watch"
    finding = make(
        spec,
        ("data", severity),
        "volume",
        subject="predictions",
        figure=(ratio, spec.data.volume_act if severity == "act" else spec.data.volume_watch),
        meaning=f"{told}; patients may go unscored.",
    )
    return (finding.model_copy(update={"site": site}),), (measure,)


def _label(one: FeatureReference) -> str:
    return one.clinical_label or one.name
