"""Look at labels by where they come from: a poisoned site or a planted marker stands out.

Each site, and each marker that few rows have, is left out of the fit; the model that never saw its
labels says how many events to expect there. A group is flagged when it has twice as many or half as
many, and chance does not explain it: sites do differ, and a model explains only a part of that.
What is subtler shows against an earlier run: a known label does not change by itself, so a site
where more than one in two hundred did is flagged too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from attending.records.influence import GroupInfluence
from attending.statistics.suppression import is_small, tells_small
from attending.train.fit import fit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    import pyarrow as pa

    from attending.models.bundle import Bundle
    from attending.specs.model import ModelSpec
    from attending.train.split import Split
    from attending.types import Floats, Ints, Mask

#: All groups together are wrongly flagged once in a hundred clean runs.
ALPHA = 0.01
#: A marker is a feature that at most this share of rows have.
RARE = 0.05
#: How far events may be from what is expected before chance is asked.
RATIO = (0.5, 2.0)
#: The share of a group's known labels that may be others than in the earlier run.
RELABELLED = 0.005
_MOSTLY = 0.9


@dataclass(frozen=True)
class TrainingRows:
    """What a run was fitted on.

    Attributes:
        cohort: the cohort table; `site` says where each row is from.
        features: row for row that of the cohort.
        names: the features of the model.
        chosen: the model that was fitted on all of it.
        earlier: for each cohort row its label in an earlier run, NaN where it had none.
    """

    spec: ModelSpec
    cohort: pa.Table
    features: pa.Table
    split: Split
    names: tuple[str, ...]
    chosen: Bundle
    earlier: Floats


def influence(rows: TrainingRows) -> tuple[tuple[GroupInfluence, ...], float]:
    """Return every group with its labels beside what is expected, and the limit of |z|."""
    before = np.concatenate([rows.split.train, rows.split.tuning, rows.split.calibration])
    groups = list(_groups(rows, before))
    limit = _limit(len(groups))
    found = (_of_group(rows, before, group, limit=limit) for group in groups)
    return tuple(one for one in found if one is not None), limit


@dataclass(frozen=True)
class _Group:
    kind: Literal["site", "marker"]
    name: str
    where: Mask


def _groups(rows: TrainingRows, before: Ints) -> Iterator[_Group]:
    """Yield sites and rare markers that are neither small nor everything."""
    site = np.array(rows.cohort["site"].fill_null("").to_pylist())
    for name in np.unique(site[before]):
        yield _Group("site", str(name), site == name)
    for name in rows.names:
        has = np.nan_to_num(rows.features[name].to_numpy().astype(np.float64)) != 0.0
        share = float(has[before].mean())
        if 0.0 < share <= RARE:
            yield _Group("marker", name, has)


def _limit(groups: int) -> float:
    from scipy.special import ndtri  # noqa: PLC0415 - rarely needed

    return float(-ndtri(ALPHA / (2 * max(groups, 1))))


def _of_group(
    rows: TrainingRows, before: Ints, group: _Group, *, limit: float
) -> GroupInfluence | None:
    at = before[group.where[before]]
    others = before[~group.where[before]]
    if is_small(len(at)) or not len(others):
        return None
    without = _fitted_without(rows, group.where)
    outcome = rows.cohort["label"].take(at).cast("float64").to_numpy()
    risk = without.risk(_matrix(rows, at))
    events, expected = float(outcome.sum()), float(risk.sum())
    z = (events - expected) / float(np.sqrt((risk * (1.0 - risk)).sum()))
    # NaN is not above 0: a row without an earlier label was not relabelled.
    relabelled = int((np.abs(rows.earlier[at] - outcome) > 0.0).sum())
    x = _matrix(rows, others)
    hidden = tells_small(int(events), len(at))
    far = abs(z) > limit and not RATIO[0] <= events / expected <= RATIO[1]
    return GroupInfluence(
        kind=group.kind,
        name=group.name,
        rows=len(at),
        events=None if hidden else int(events),
        expected=None if hidden else expected,
        z=z,
        relabelled=None if is_small(relabelled) else relabelled,
        moved=float(np.abs(rows.chosen.risk(x) - without.risk(x)).mean()),
        at_site=_mostly_at(rows, at) if group.kind == "marker" else "",
        flagged=far or relabelled > RELABELLED * len(at),
    )


def _fitted_without(rows: TrainingRows, where: Mask) -> Bundle:
    """Return the model fitted on all rows but these."""
    parts = rows.split
    kept = [part[~where[part]] for part in (parts.train, parts.tuning, parts.calibration)]
    alone = rows.spec.model_copy(update={"compare": (), "recalibration": None})
    trained = fit(
        alone,
        rows.cohort,
        rows.features,
        split=replace(parts, train=kept[0], tuning=kept[1], calibration=kept[2], fold=None),
        names=rows.names,
        feature_set=rows.chosen.feature_set,
    )
    return trained.chosen


def _matrix(rows: TrainingRows, at: Ints) -> Floats:
    columns = [rows.features[name].to_numpy().astype(np.float64)[at] for name in rows.names]
    return np.column_stack(columns)


def _mostly_at(rows: TrainingRows, at: Ints) -> str:
    """Return the site that has nine in ten of these rows, if one has."""
    names, counts = np.unique(
        np.array(rows.cohort["site"].take(at).fill_null("").to_pylist()), return_counts=True
    )
    top = int(counts.argmax())
    return str(names[top]) if counts[top] >= _MOSTLY * len(at) else ""
