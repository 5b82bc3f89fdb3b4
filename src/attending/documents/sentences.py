"""Sentences of a report, put together from figures of the record; none is worked out here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.in_print import in_print
from attending.documents.lines import label_of
from attending.documents.numbers import interval, number
from attending.documents.persons import by_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.records.governance import GateException
    from attending.records.validation import Check, GateResult, Headline, ValidationReport

_GATES = {
    "beats_baseline": "better than the baseline",
    "adds_to_baseline": "adds to the baseline",
    "calibration_slope": "calibration slope in range",
    "observed_expected": "as many events as foretold",
    "net_benefit_not_worse": "acting on it does no less good",
    "subgroup_not_worse": "no worse in any high-risk group",
    "subgroup_auroc_at_least": "good enough in every group",
    "subgroup_observed_expected": "as many events as foretold in every group",
    "alert_burden": "no more alerts than the team can act on",
    "minimum_events": "enough events to tell",
    "interval_coverage": "the interval holds what it promises",
    "minimum_rows": "enough rows to tell",
    "better_or_adds": "better than the baseline, or adds to it",
    "stable_over_time": "as good at the end as at the start",
    "held_out_sites": "holds at sites that the fit never saw",
    "robust_to_missing": "holds when inputs go missing",
    "not_worse_than_prior": "no worse than the version before",
}
_REASONS = {
    "too_few_events": "there are too few events to tell",
    "too_few_rows": "there are too few rows, patients or units to tell",
    "shown_worse": "it is shown to be worse",
    "interval_too_wide": "the interval is too wide to tell",
    "no_interval": "there is no interval to judge by",
    "not_defined": "it cannot be worked out on these patients",
    "nothing_to_check": "there was nothing to look at",
    "outside": "it is outside the range",
    "no_calendar": "the calendar is not real",
    "too_few_periods": "there are too few quarters with events enough",
    "no_held_out_site": "there is no site that the fit did not see",
    "no_inputs": "the model's inputs are not at hand",
    "no_agreed_risk": "the plan names no risk at which net benefit is judged",
    "no_prior": "there is no version before it",
    "beats_the_baseline": "it beats the baseline",
    "adds_to_the_baseline": "it does not beat the baseline, but adds to it",
    "beats_and_adds": "it beats the baseline and adds to it",
    "above_capacity": "there are more alerts than the team can act on",
}
#: By measure what is right, and what it means to lie below and above it.
_RIGHT = {
    "observed_expected": (
        1.0, "fewer events came than were foretold", "more events came than were foretold",
    ),
    "calibration_in_the_large": (
        0.0, "risks are too high on average", "risks are too low on average",
    ),
    "calibration_slope": (
        1.0, "high risks are too high and low ones too low", "risks lie too close together",
    ),
    "observed_expected_total": (
        1.0, "less came than was foretold", "more came than was foretold",
    ),
    "number_slope": (
        1.0, "high predictions are too high and low ones too low",
        "predictions lie too close together",
    ),
}  # fmt: skip
#: What is counted, and said as a count.
_COUNTS = ("rows", "patients", "units")
_EVENTS = ("events", "non_events")
_OUTCOMES = {"met": "met", "failed": "failed", "not_shown": "not shown"}


def gate_title(gate: str) -> str:
    """Return what a gate asks, in words.

    >>> gate_title("beats_baseline")
    'better than the baseline'
    """
    return _GATES.get(gate, gate.replace("_", " "))


def headline(report: ValidationReport, found: Headline) -> str:
    """Return which is better on a measure, model or baseline, and by how much."""
    baseline = found.baseline_label or label_of(report, found.baseline)
    against = f"{baseline} ({found.knowability})" if found.knowability else baseline
    by = interval(found.difference, found.low, found.high)
    figures = (
        f"{found.label} {number(found.model_value)} against {number(found.baseline_value)}, "
        f"a difference of {by}."
    )
    if found.verdict == "better":
        return f"{report.model.name} does better than {against}: {figures}"
    if found.verdict == "worse":
        return f"{report.model.name} does worse than {against}: {figures}"
    return (
        f"It is not shown that {report.model.name} does better or worse than {against}: {figures}"
    )


def alone(report: ValidationReport) -> str:
    """Return how the model does by itself: ranking, and events against those foretold."""
    held = [report.estimate(name) for name in ("auroc", "observed_expected")]
    told = [
        f"{found.label} {interval(found.value, found.low, found.high)}"
        for found in held
        if found is not None and found.value is not None
    ]
    return f"{report.model.name}: {'; '.join(told)}." if told else ""


def tally(report: ValidationReport) -> str:
    """Return how many gates are met."""
    asked = len(report.gates)
    open_gates = sum(found.outcome != "met" for found in report.gates)
    if not asked:
        return "No gate was asked for, so none is met."
    if not open_gates:
        return {1: "The gate is met.", 2: "Both gates are met."}.get(
            asked, f"All {asked} gates are met."
        )
    return f"{open_gates} of {asked} gates {'is' if open_gates == 1 else 'are'} not met."


def unasked(report: ValidationReport) -> tuple[str, ...]:
    """Return the measures that are shown to be off and that no gate looked at, a sentence each.

    Off is an interval without the value that a model with right risks has.
    """
    asked = {c.what for gate in report.gates for c in gate.checks if c.group == "all"}
    said = []
    for name, (right, below, above) in _RIGHT.items():
        found = report.estimate(name)
        if found is None or found.low is None or found.high is None:
            continue
        if found.low <= right <= found.high or name in asked:
            continue
        what = interval(found.value, found.low, found.high)
        said.append(
            f"{found.label} {what}: {below if found.high < right else above}. "
            "No gate of the plan asks for this."
        )
    return tuple(said)


def gate_sentence(report: ValidationReport, gate: GateResult) -> str:
    """Return why a gate is not met: its reason, and the checks that say so."""
    own, other = (
        "; ".join(
            check_words(report, check)
            for check in gate.checks
            if check.outcome != "met" and (check.outcome == gate.outcome) is same
        )
        for same in (True, False)
    )
    words = ": ".join(part for part in (reason_words(gate.reason), own) if part)
    if not words:
        return f"{_OUTCOMES[gate.outcome]}."
    too_few = f" Too few to judge: {other}." if other else ""
    return f"{words[:1].upper()}{words[1:]}.{too_few}"


def reason_words(reason: str) -> str:
    """Return a reason in words.

    >>> reason_words("shown_worse"), reason_words("out_of_range")
    ('it is shown to be worse', 'out of range')
    """
    return _REASONS.get(reason, reason.replace("_", " "))


def check_words(report: ValidationReport, check: Check) -> str:
    """Return what one check looked at and found."""
    estimate = report.estimate(check.what)
    what = estimate.label if estimate else in_print(check.what)
    if check.value is None and check.what in _EVENTS:
        what = f"the number of {what}"
    if check.value is None and check.outcome == "met":
        return f"{what.removeprefix('the number of ')}: enough"
    parts = [what]
    if check.group != "all":
        parts.append(f"in {check.group.replace('=', ' ')}")
    if check.baseline:
        parts.append(f"against {in_print(label_of(report, check.baseline))}")
    if check.threshold is not None:
        parts.append(f"at {number(check.threshold)}")
    # Against a baseline a measure's figure is a difference.
    if check.what in _COUNTS and check.value is not None:
        return f"{int(check.value):,} {' '.join(parts)}"
    verb = "differs by" if estimate and check.baseline and check.value is not None else "is"
    return f"{' '.join(parts)} {verb} {interval(check.value, check.low, check.high)}"


def assumed_sentence(tables: Sequence[str]) -> str:
    """Return what it means that nobody recorded when rows of some source tables became known.

    >>> assumed_sentence(("labs",))[:46]
    'Availability assumed: nobody recorded when row'
    """
    return (
        f"Availability assumed: nobody recorded when rows of {', '.join(tables)} became known, "
        "so features may have seen what nobody could see at the prediction time. This model may "
        "not serve, not even silently, without a signed exception."
    )


def exception_sentence(
    held: GateException, names: Mapping[str, str], *, asks: Mapping[str, str]
) -> str:
    """Return what was let pass, why, what makes up for it, and until when.

    Args:
        held: the exception.
        names: the printed name of each person, by login.
        asks: what each condition of the gates asks, in words, by its name.
    """
    what = asks.get(held.condition) or gate_title(held.condition)
    return (
        f"“{what}” is let pass until {held.expires_at:%Y-%m-%d}: "
        f"{held.reason} In its place: {held.compensation} "
        f"Asked for by {by_name(', '.join(held.authors), names)}."
    )
