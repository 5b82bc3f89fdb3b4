"""The report of a silent period: were scores made in time, what was missing, how good were they?"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from attending.documents.canvas import BLUE, GREY, VERMILLION, sheet, short_label
from attending.documents.numbers import NOT_SHOWN, count, number, percent
from attending.documents.pages import document
from attending.documents.picture import Picture, Table
from attending.documents.sentences import gate_sentence, gate_title, headline, tally, unasked
from attending.documents.times import lasting, spelt

if TYPE_CHECKING:
    from attending.records.silent import Delay, InputGap, SilentReport
    from attending.records.validation import ValidationReport

_MOST = 25
#: A smaller share of scores that came in time is said first: care could not have used the others.
_IN_TIME = 0.95
#: Kinds of marks that a reader would not know by the word of the record.
_REASONS = {"stale": "too old", "missing_features": "inputs that were missing"}


def silent_document(
    report: SilentReport, validation: ValidationReport, *, synthetic: bool
) -> bytes:
    """Return the report as stand-alone HTML: no script, nothing from elsewhere.

    Args:
        report: what the silent period left.
        validation: the prospective validation that it names.
        synthetic: whether the data are made up; said first on every print.
    """
    return document(
        "silent_report.html.j2",
        synthetic=synthetic,
        report=report,
        headlines=[headline(validation, found) for found in validation.summary],
        tally=tally(validation),
        open_gates=[
            (gate_title(gate.gate), gate.outcome, gate_sentence(validation, gate))
            for gate in validation.gates
            if gate.outcome != "met"
        ],
        unasked=unasked(validation),
        late=_late(report),
        otherwise=_otherwise(report),
        made=_made(report),
        delays=_delays(report),
        missing=_picture(report),
        reasons=Table(
            caption="Marks and reasons",
            header=("Reason", "Predictions"),
            rows=tuple((_reason(word, report), count(n)) for word, n in report.reasons.items()),
        ),
    )


def _reason(word: str, report: SilentReport) -> str:
    """Return a mark or reason as it is read: its kind, and of what, by the label of a feature."""
    kind, _, about = word.partition(":")
    labels = {row.feature: row.label for row in report.inputs}
    parts = (_REASONS.get(kind, kind.replace("_", " ")),
             labels.get(about, about.replace("_", " ")))  # fmt: skip
    return ": ".join(part for part in parts if part)


def _otherwise(report: SilentReport) -> Table:
    labels = {row.feature: row.label for row in report.inputs}
    return Table(
        caption="Inputs that were served otherwise than they are on record",
        header=("Feature", "How", "Where", "Predictions", "Of those there"),
        rows=tuple(
            (
                labels.get(one.feature, one.feature),
                one.cause.replace("_", " ")
                + (f": {number(one.factor)} times" if one.factor is not None else ""),
                one.site or "everywhere",
                count(one.n),
                percent(one.share),
            )
            for one in report.served_otherwise
        ),
    )


def _made(report: SilentReport) -> Table:
    return Table(
        caption="What became of every prediction",
        header=("Predictions", "How many"),
        rows=(
            ("made", count(report.n)),
            ("with the model's score", count(report.n_live)),
            ("with the fallback", count(report.n_fallback)),
            ("without a score", count(report.n_no_score)),
            ("that would have been flagged", count(report.n_flagged)),
            ("with a mature outcome", count(report.matured)),
            ("of these with the event", count(report.events)),
            ("whose outcome is not mature yet", count(report.immature)),
            ("censored", count(report.censored)),
            ("with a competing event", count(report.competing)),
            ("lost: the patient is no longer in the data", count(report.lost)),
            ("due, but not made", count(report.not_predicted)),
        ),
    )


def _delays(report: SilentReport) -> Table:
    within = f"made within the action window of {spelt(report.action_window)}"
    return Table(
        caption="How long things took",
        header=("From the prediction time", "Half within", "Nine in ten within"),
        rows=(
            ("to the score being there", *_lengths(report.made_after)),
            ("to the outcome being mature", *_lengths(report.label_delay)),
            (within, percent(report.in_time), ""),
        ),
    )


def _late(report: SilentReport) -> str:
    """Return that most scores, or some, came too late to act on; empty where they did not."""
    if report.in_time is None or report.in_time >= _IN_TIME:
        return ""
    half, _ = _lengths(report.made_after)
    return (
        f"{percent(report.in_time)} of scores were made within the action window of "
        f"{spelt(report.action_window)}; half were there within {half}."
    )


def _lengths(found: Delay | None) -> tuple[str, str]:
    if found is None:
        return NOT_SHOWN, NOT_SHOWN
    half, most = timedelta(hours=found.median_hours), timedelta(hours=found.ninth_decile_hours)
    return lasting(half), lasting(most)


def draw(report: SilentReport) -> bytes:
    """Return the share missing of each feature, now and when it was validated, as SVG."""
    rows = _worst(report)[::-1]
    with sheet(7.0, max(2.2, 1.3 + 0.36 * len(rows))) as drawing:
        axes = drawing.figure.add_subplot()
        for at, row in enumerate(rows):
            if row.missing is None:
                axes.annotate(NOT_SHOWN, (0.5, at), xycoords=("axes fraction", "data"),
                              ha="center", va="center", color=GREY, fontsize=9)  # fmt: skip
                continue
            before = row.missing if row.missing_before is None else row.missing_before
            axes.plot([100 * before, 100 * row.missing], [at, at], color=GREY, linewidth=1.4)
            axes.plot([100 * before], [at], marker="o", color=VERMILLION, linestyle="none",
                      label="when it was validated" if at == 0 else None)  # fmt: skip
            axes.plot([100 * row.missing], [at], marker="s", color=BLUE, linestyle="none",
                      label="while silent" if at == 0 else None)  # fmt: skip
        axes.set_yticks(range(len(rows)), [short_label(row.label, width=34) for row in rows])
        axes.set_ylim(-0.6, len(rows) - 0.4)
        axes.set_xlim(-3, 103)
        axes.set_xlabel("Predictions without a value, of 100")
        axes.grid(visible=True, axis="x")
        drawing.figure.legend(loc="outside lower center", ncols=2)
    return drawing.svg


def _worst(report: SilentReport) -> list[InputGap]:
    """Return the features whose missing share moved most, then those missing most."""

    def moved(row: InputGap) -> tuple[float, float]:
        now = row.missing or 0.0
        return (-abs(now - (row.missing_before or 0.0)), -now)

    return sorted(report.inputs, key=moved)[:_MOST]


def _gaps(report: SilentReport) -> str:
    if report.with_gap is None:
        return " In how many predictions a feature was missing is not shown: they are few."
    return f" At least one feature was missing in {percent(report.with_gap)} of predictions."


def _picture(report: SilentReport) -> Picture | None:
    if not report.inputs:
        return None
    table = Table(
        caption="What was missing, and what was not yet known",
        header=("Feature", "Missing while silent", "When validated", "Newest row not yet known",
                "Too old"),
        rows=tuple(
            (
                row.label,
                percent(row.missing),
                percent(row.missing_before),
                percent(row.not_yet_known),
                percent(row.stale),
            )
            for row in report.inputs
        ),
    )  # fmt: skip
    most = _worst(report)[0]
    return Picture(
        name="missing",
        title="What was missing when scores were made",
        alt=f"Share missing of {len(report.inputs)} features, while silent and when validated. "
        f"Moved most: {most.label}, {percent(most.missing)}, then {percent(most.missing_before)}.",
        caption="A long line is a feature that is there more or less often than when the model was "
        f"validated.{_gaps(report)}"
        + (f" The {_MOST} that moved most are drawn." if len(report.inputs) > _MOST else ""),
        draw=lambda: draw(report),
        table=table,
    )
