"""Features compiled for the kernel: one plan serves every shard and every patient."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.engines.plan import COLUMNS, Column, Plan, compile_plan
from attending.errors import BadInput, Refused
from attending.scores.asked import codes_of, score_of
from attending.scores.columns import READ
from attending.specs.features import VALUELESS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.scores.protocol import Score
    from attending.specs.features import FeatureSpec, FeaturesSpec


@dataclass(frozen=True)
class Compiled:
    """A plan and how each feature is taken from its columns.

    Args:
        spec: what was asked.
        plan: what the kernel fills.
        column: for each feature the kernel's column; one that reads no rows has an empty one.
        beside: for a static feature the column that says whether its vocabulary was seen, else -1.
        special: the features that are not simply a column of the kernel.
        notes: what a reader should know, such as a deprecated feature.
        scores: for each feature that is a bedside score, by its place, that score.
    """

    spec: FeaturesSpec
    plan: Plan
    column: tuple[int, ...]
    beside: tuple[int, ...]
    special: tuple[int, ...]
    notes: tuple[str, ...]
    scores: Mapping[int, Score]

    @property
    def reads(self) -> tuple[str, ...]:
        """Return the columns of the event table that it reads."""
        return tuple(dict.fromkeys((*COLUMNS, *READ))) if self.scores else COLUMNS


#: Fills nothing: the place of a feature that reads no rows.
_NOTHING = Column((), "last", window_us=1)


def compiled(spec: FeaturesSpec | Compiled) -> Compiled:
    """Return the compiled form of a spec; one that is compiled already is returned as it is.

    Raises:
        Refused: a feature is retired, or is a score by codes that came later.
        NotFound: no such score.
        BadInput: a parameter or a component that the score does not have.
    """
    if isinstance(spec, Compiled):
        return spec
    columns: list[Column] = []
    mains: list[int] = []
    besides: list[int] = []
    for feature in spec.features:
        _refuse_retired(feature)
        _refuse_of_unit(feature)
        asked = _columns(spec, feature)
        mains.append(len(columns))
        besides.append(len(columns) + 1 if len(asked) > 1 else -1)
        columns.extend(asked)
    return Compiled(
        spec=spec,
        plan=compile_plan(columns),
        column=tuple(mains),
        beside=tuple(besides),
        special=tuple(i for i, f in enumerate(spec.features) if f.kind != "window"),
        notes=tuple(_notes(spec)),
        scores=_scores(spec),
    )


def _refuse_retired(feature: FeatureSpec) -> None:
    if feature.status == "retired":
        instead = f"Use '{feature.replacement}'." if feature.replacement else "Remove it."
        raise Refused(f"feature '{feature.name}' is retired", code="features.retired", hint=instead)


def _refuse_of_unit(feature: FeatureSpec) -> None:
    if feature.kind == "unit":
        raise BadInput(
            f"feature '{feature.name}' is of units, and the cohort's rows are patients",
            code="features.of_units",
            hint="Write index shift and label unit_count in cohort.yaml, or remove the feature.",
            where="features.yaml",
        )


def _notes(spec: FeaturesSpec) -> list[str]:
    return [
        f"feature '{feature.name}' is deprecated"
        + (f"; use '{feature.replacement}'" if feature.replacement else "")
        for feature in spec.features
        if feature.status == "deprecated"
    ]


def _scores(spec: FeaturesSpec) -> dict[int, Score]:
    """Return the score of each feature that is one; the same for all that ask for the same."""
    made: dict[tuple[object, ...], Score] = {}
    found: dict[int, Score] = {}
    for number, feature in enumerate(spec.features):
        if feature.kind == "score":
            asked = score_of(feature)
            key = (feature.score, *sorted((k, repr(v)) for k, v in feature.parameters.items()))
            found[number] = made.setdefault(key, asked)
    return found


def _columns(spec: FeaturesSpec, feature: FeatureSpec) -> list[Column]:
    """Return what the kernel must fill for a feature."""
    codes = codes_of(spec, feature)
    by_event = feature.clock == "event"
    fresh = feature.freshness or 0
    if feature.kind in {"age", "score"}:
        return [Column(codes, "newest_time", mode="ever", by_event=by_event)]
    if feature.kind == "static":
        return [
            Column(names, "any", mode="with_static", by_event=by_event)
            for names in (codes, _vocabularies(codes))
        ]
    if feature.kind != "window":
        return [_NOTHING]
    window = feature.window
    plausible, normal = feature.plausible, feature.normal
    return [
        Column(
            codes,
            str(feature.aggregate),
            window_us=window if isinstance(window, int) else 0,
            mode="fixed" if isinstance(window, int) else str(window),
            unit=feature.unit if reads_unit(feature) else None,
            low=plausible.low if plausible else -np.inf,
            high=plausible.high if plausible else np.inf,
            by_event=by_event,
            fresh_us=fresh,
            drop_stale=feature.when_stale == "missing",
            last_n=feature.last_n or 0,
            since=feature.since,
            as_of=feature.as_of or "",
            half_life_us=feature.half_life or 0,
            normal_low=normal.low if normal else -np.inf,
            normal_high=normal.high if normal else np.inf,
        )
    ]


def reads_unit(feature: FeatureSpec) -> bool:
    """Return whether rows must carry the feature's unit; counts and ages have one of their own."""
    return feature.aggregate not in VALUELESS


def _vocabularies(codes: tuple[str, ...]) -> tuple[str, ...]:
    """Return the prefixes under which the codes stand: `GENDER//*` for `GENDER//F`."""
    heads = {code.rpartition("//")[0] for code in codes}
    return tuple(sorted(f"{head}//*" if head else "*" for head in heads))
