"""Served inputs that are not those computed offline: what the newest skew report means today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.monitor.findings import make
from attending.records.monitoring import Measure

if TYPE_CHECKING:
    from attending.monitor.together import Seen
    from attending.records.monitoring import Finding, Severity
    from attending.records.skew import Cause, SkewedFeature, SkewReport
    from attending.specs.monitoring import MonitoringSpec

#: What each cause means to those who read the score.
WORDS: dict[Cause, str] = {
    "arrived_late": "came after the score had been made, so the feed is late",
    "missing_when_served": "was not there when the score was made, so the feed leaves it out",
    "absent_offline": "was there when the score was made and is not in the snapshot",
    "other_scale": "was served as a multiple of what is on record, as of another unit",
    "other_value": "was served with other values than are on record",
}


def look_at_skew(spec: MonitoringSpec, skew: SkewReport | None) -> Seen:
    """Return what a skew report shows: a finding for each feature that was served otherwise.

    Severity follows the share of predictions touched, by the floors of missing values: what is
    served wrong is no better than what is not served.

    Args:
        spec: the policy.
        skew: the newest report of the policy's window; None when nobody compared.
    """
    if skew is None:
        why = "no skew report of this window; run `attending monitor skew`"
        return (), (Measure(name="skew_share", state="not_observed", why=why),)
    if not skew.compared:
        why = "no patient who was served is in the snapshot"
        return (), (Measure(name="skew_share", state="not_shown", why=why),)
    share = Measure(name="skew_share", value=skew.differ / skew.compared, n=skew.compared)
    return tuple(_finding(spec, skew, one) for one in skew.features), (share,)


def _finding(spec: MonitoringSpec, skew: SkewReport, one: SkewedFeature) -> Finding:
    share = one.n / skew.compared if one.share is None else one.share
    severity, bound = _severity(spec, share)
    where = f" at {one.site}" if one.site else ""
    found = make(
        spec,
        ("data", severity),
        f"skew_{one.cause}",
        subject=one.feature,
        figure=(share, bound),
        meaning=f"In {share:.0%} of predictions{where} {one.feature} {WORDS[one.cause]}.",
    )
    return found.model_copy(update={"site": one.site, "evidence": (skew.digest,)})


def _severity(spec: MonitoringSpec, share: float) -> tuple[Severity, float]:
    if share >= spec.data.missing_act:
        return "act", spec.data.missing_act
    return ("watch" if share >= spec.data.missing_watch else "info"), spec.data.missing_watch
