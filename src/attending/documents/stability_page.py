"""Whether explanations hold, for the clinician who signs that they were reviewed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attending.documents.numbers import NOT_SHOWN, count, number, percent
from attending.documents.pages import document
from attending.documents.picture import Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.records.explanation import Agreement, ShownFeature, StabilityReport

#: A word that stands alone, or in brackets and before a semicolon; a name has no blank in it.
_WORD = re.compile(r"(?<![^ (])[^ ();]+(?![^ );])")
_TITLES = {
    "measurement_error": "The same patient, measured again",
    "day_earlier": "The same patient, a day earlier",
    "nearest_patients": "The most similar patients at the same risk",
    "bootstrap_refits": "The model, fitted again on samples of its patients",
    "half_refits": "Two models, each fitted on one half of the patients",
}
_ANSWERS = {
    "met": "Explanations hold.",
    "failed": "Explanations do not hold.",
    "not_shown": "It is not shown that explanations hold.",
    "": "Whether explanations hold for other days, patients and fits was not tried.",
}


def answer(report: StabilityReport) -> str:
    """Return the answer in one sentence."""
    return _ANSWERS[report.outcome]


def stability_sentences(report: StabilityReport, labels: Mapping[str, str]) -> tuple[str, ...]:
    """Return what a card says of explanations: how far the factors stay, and what falls short.

    Args:
        report: what the trial left.
        labels: features as clinicians call them.
    """
    steady = "steady" if report.steady else "not steady enough"
    first = (
        f"For patients who differ only by measurement error the first {report.top} factors "
        f"overlap by {number(report.mean_jaccard)} on average (1 is always the same), asked at "
        f"least {number(report.threshold)}: {steady}."
    )
    return (
        first,
        *([f"{answer(report)} {_why(report, labels)}".strip()] if report.outcome else ()),
    )


def _why(report: StabilityReport, labels: Mapping[str, str]) -> str:
    told = [_labelled(reason, labels) for reason in report.reasons]
    told += [
        f"{_TITLES[one.name].lower()}: {one.reason}"
        for one in report.comparisons
        if one.outcome in {"not_shown", "left_out"}
    ]
    told += weighed_words(report)
    return f"{'; '.join(told)}." if told else ""


def _labelled(reason: str, labels: Mapping[str, str]) -> str:
    """Return a reason with the feature that it begins with as clinicians call it.

    >>> _labelled("age is shown to 100 % of patients", {"age": "Age in years"})
    '“Age in years” is shown to 100 % of patients'
    """
    name, _, rest = reason.partition(" ")
    return f"“{labels[name]}” {rest}" if name in labels else reason


def weighed_words(report: StabilityReport) -> tuple[str, ...]:
    """Return what was asked of inputs less than that each weighs more than chance, and why.

    >>> from attending.records.explanation import InputsWeighed
    >>> from types import SimpleNamespace
    >>> few = InputsWeighed(asked="shown", outcome="left_out", reason="a trial asks for them all")
    >>> weighed_words(SimpleNamespace(inputs=few))
    ('only shown factors were asked to weigh more than chance: a trial asks for them all',)
    """
    if report.inputs is None:
        return ()
    less = {
        "left_out": "only shown factors were asked to weigh more than chance",
        "not_shown": "it is not shown that every input weighs more than chance",
    }.get(report.inputs.outcome)
    kept = tuple(
        f"{one.name} is kept as an input although it weighs no more than chance: {one.reason}"
        for one in report.inputs.kept
    )
    return (*((f"{less}: {report.inputs.reason}",) if less else ()), *kept)


def stability_document(
    report: StabilityReport, labels: Mapping[str, str], *, model: str, run: str, synthetic: bool
) -> bytes:
    """Return the report as stand-alone HTML: no script, nothing from elsewhere.

    Args:
        report: what the trial left.
        labels: features as clinicians call them.
        model: whose explanations they are.
        run: its digest.
        synthetic: whether the data are made up.
    """
    named = dict(labels)
    return document(
        "stability.html.j2",
        synthetic=synthetic,
        report=report,
        model=model,
        run=run,
        answer=answer(report),
        removal=_removal(report),
        reasons=[_with_labels(one, named) for one in report.reasons],
        weighed=[_with_labels(one, named) for one in weighed_words(report)],
        comparisons=_comparisons(report.comparisons, top=report.top),
        by_feature=_by_feature(report),
        concepts=tuple(
            f"{one.name}: {'; '.join(named.get(name, name) for name in one.features)}"
            for one in report.concepts
        ),
        shown=Table(
            caption="Does a factor push the same way in both halves (1 always, 0 by chance), and "
            "weigh more than values dealt at random?",
            header=("Factor", "Shown to", "Agreement of the halves", "Weight (by chance)"),
            rows=tuple(
                (
                    named.get(one.feature, one.feature),
                    f"{percent(one.shown)} of patients",
                    NOT_SHOWN if one.direction is None else f"{one.direction:.2f}",
                    _weight(one),
                )
                for one in (*report.shown, *report.seldom)
            ),
        ),
    )


def _weight(one: ShownFeature) -> str:
    if one.weight is None or one.chance is None:
        return NOT_SHOWN
    return f"{one.weight:.3f} ({one.chance:.3f})"


def _with_labels(reason: str, labels: Mapping[str, str]) -> str:
    """Return a reason with each feature as clinicians call it."""
    return _WORD.sub(lambda word: labels.get(word[0], word[0]), reason)


def _comparisons(held: Sequence[Agreement], *, top: int) -> Table:
    return Table(
        caption=f"How far the first {top} factors agree (asked at least, in brackets)",
        header=("Compared with", "Patients", "Overlap", "Same direction", "Order", "Answer"),
        rows=tuple(
            (
                _TITLES.get(one.name, one.name),
                count(one.patients) if one.patients else NOT_SHOWN,
                _cell(one.jaccard, one.asked[0]),
                _cell(one.sign, one.asked[1]),
                _cell(one.rank, one.asked[2]),
                _said(one),
            )
            for one in held
        ),
    )


def _by_feature(report: StabilityReport) -> Table:
    return Table(
        caption=f"How far the first {report.top} features agree",
        header=("Compared with", "Overlap", "Same direction", "Order"),
        rows=tuple(
            (_TITLES[one.name], number(one.jaccard), number(one.sign), number(one.rank))
            for one in report.by_feature
        ),
    )


def _cell(found: float | None, asked: float) -> str:
    return NOT_SHOWN if found is None else f"{found:.2f}\u00a0({asked:.2f})"


def _said(one: Agreement) -> str:
    words = one.outcome.replace("_", " ")
    return f"{words}: {one.reason}" if one.reason else words


def _removal(report: StabilityReport) -> str:
    gone = report.removal
    if gone is None or gone.share is None:
        return ""
    return (
        f"Without their three top factors the score of {percent(gone.share)} of patients moves "
        f"more than without three at random; {percent(gone.asked)} at least are asked for."
    )
