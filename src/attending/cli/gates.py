"""How the gates before training are told: the checklist, and the corpus of planted leaks."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from attending.cli.desks import open_desk
from attending.cli.face import ERR, clock, emit, home_path, progress, table
from attending.lifecycle import leak_corpus, pretraining
from attending.lifecycle.cohorts import built_cohort
from attending.lifecycle.featuring import built_features
from attending.times import format_instant

if TYPE_CHECKING:
    from pathlib import Path

    from attending.lifecycle.projects import Project
    from attending.records.contract import LeakReport
    from attending.records.gates import GateFinding, PretrainReport

PRETRAIN = "pretrain"


def pretrain(
    asked: Project, *, home: Path | None, at: str | None, by: str, spark: str, js: bool
) -> None:
    """Print the checklist before training; an open row ends with exit 3."""
    with (
        open_desk(home_path(home), at=clock(at), by=by, spark=spark) as desk,
        progress("asking the gates"),
    ):
        cohort = built_cohort(desk, asked)
        features = built_features(desk, asked, cohort)
        report = pretraining.check_pretrain(desk, asked, cohort, features=features)
    if not js:
        _tell(report)
    emit(
        {"digest": report.digest, "allowed": report.allowed, **report.content()},
        as_json=js,
        lines=[
            (
                f"{len(report.findings)} rows: {len(report.findings) - len(report.open)} pass, "
                f"{len(report.open)} open"
            )
        ],
    )
    pretraining.require_pretrain(report)


def leak_sum(report: LeakReport) -> list[str]:
    """Return how many features stand in which way, and what each way means."""
    means = {
        "met": "what a prediction reads was known by then",
        "not_shown": "no prediction has a row of it in the window, as of facts without a time: "
        "nothing could be looked at",
        "failed": "it sees what was not known yet",
    }
    counts = {way: sum(one.verdict == way for one in report.features) for way in means}
    return [
        f"{len(report.features)} features",
        *(f"  {n} {way}: {means[way]}" for way, n in counts.items() if n),
    ]


def tell_corpus(*, mimic: Path | None, js: bool) -> None:
    """Print what the gates say of every pair of twins; a miss or a false refusal ends with 3."""
    with progress("planting leaks") as each:
        answers = leak_corpus.run_corpus(mimic=mimic, each=each)
    caught, false = (
        sum(item.caught for item in answers),
        sum(bool(item.false) for item in answers),
    )
    if not js:
        table(
            ("source", "planted leak", "gate", "figure", "leak", "clean twin"),
            [
                (
                    item.source,
                    item.mechanism,
                    item.gate,
                    "" if item.figure is None else f"{item.figure:.3g}",
                    "caught" if item.caught else "MISSED",
                    "REFUSED" if item.false else "passes",
                )
                for item in answers
            ],
        )
    last = f"leaks caught {caught}/{len(answers)}, clean projects refused {false}/{len(answers)}"
    emit(
        {
            "caught": caught,
            "refused_wrongly": false,
            "pairs": len(answers),
            "answers": [asdict(item) for item in answers],
        },
        as_json=js,
        lines=[last],
    )
    leak_corpus.require_all(answers)


def _tell(report: PretrainReport) -> None:
    """Print one line a gate that every feature meets, and each row that is open or excepted."""
    rows = []
    for gate in dict.fromkeys(item.gate for item in report.findings):
        own = [item for item in report.findings if item.gate == gate]
        told = [item for item in own if item.answer != "met" or item.excepted_by]
        rows += [_row(item) for item in told or own[:1]]
    table(("row", "answer", "figure", "limit", "feature", "whose", "why"), rows)
    for item in report.findings:
        if item.excepted_by:
            ERR.print(
                f"EXCEPTION: {item.gate} {item.feature} is let pass by {item.excepted_by[:12]} "
                f"until {format_instant(item.excepted_until) if item.excepted_until else 'then'}",
                markup=False,
            )


def _row(item: GateFinding) -> tuple[object, ...]:
    shown = item.answer != "met" or item.excepted_by
    return (
        item.gate,
        f"{item.answer}, excepted" if item.excepted_by else item.answer,
        "" if item.figure is None or not shown else f"{item.figure:.3g}",
        "" if item.limit is None else f"{item.limit:g}",
        item.feature if shown else "",
        item.whose,
        item.reason,
    )
