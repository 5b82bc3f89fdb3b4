"""What a run's record says of how a model was made, as facts in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.documents.held_out_sites import site_facts
from attending.documents.in_print import in_print
from attending.documents.numbers import count
from attending.records.card import CardFact

if TYPE_CHECKING:
    from attending.records.run import Run, SliceCount, SplitFacts


_CALIBRATED = {"platt": "Platt scaling", "isotonic": "isotonic regression"}
#: What happens to patients on both sides of the cut.
_OVERLAP = {
    "refuse": "refused",
    "drop_from_train": "taken out of the training rows",
    "drop_from_test": "taken out of the test",
    "allow": "allowed",
}


def run_facts(run: Run) -> list[CardFact]:
    """Return how the model was made: data, split, estimator, seed, code and environment."""
    commit = run.project_commit[:12] or "none"
    whose = "units" if run.outcome_type == "count" else "patients"
    said = [
        ("Outcome", run.outcome),
        ("Estimator", f"{run.estimator}, {_calibrated(run)}, seed {run.seed}"),
        ("Split", split_sentence(run.split)),
        *((f"Rows: {held.name}", _slice(held, whose=whose))
          for held in run.split.slices if held.rows),
        ("Left out", left_out(run.split)),
        ("Search of parameters", _searched(run)),
        ("Signs that are kept", _signs(run)),
        ("Class weights", _weights(run)),
        ("Agreed before fitting" if run.agreement else "Planned, not agreed", _agreed(run)),
        ("Code", f"commit {commit}, {'clean' if run.clean else 'with changes on top'}"),
        ("Environment", f"{run.interpreter} on {run.platform}"),
    ]  # fmt: skip
    facts = [CardFact(label=label, says=says) for label, says in said if says]
    return [*facts, *site_facts(run)]


def _calibrated(run: Run) -> str:
    if run.calibration == "none":
        return "not calibrated"
    return f"calibrated by {_CALIBRATED.get(run.calibration, run.calibration)}"


def _searched(run: Run) -> str:
    found = run.chosen().search
    if found is None:
        return ""
    kept = ", ".join(f"{name} {value}" for name, value in sorted(run.parameters.items()))
    return (
        f"{found.method}, {len(found.trials)} trials, best mean {found.measure} of "
        f"{len(found.folds)} folds within the training rows: {kept}"
    )


def _signs(run: Run) -> str:
    return ", ".join(f"{name} {sign}" for name, sign in sorted(run.monotone.items()))


def _weights(run: Run) -> str:
    if run.class_weights == "none":
        return ""
    return f"{run.class_weights} in the fit; the risks were mended by {run.calibration} calibration"


def _slice(held: SliceCount, *, whose: str = "patients") -> str:
    events = "" if held.events is None else f", {count(held.events)} with the event"
    return f"{count(held.rows)}{events}, {count(held.patients)} {whose}"


def _agreed(run: Run) -> str:
    baselines = ", ".join(in_print(name) for name in run.baselines) or "no baseline"
    signed = "signed" if run.agreement else "nobody signed it before the fit"
    measures = ", ".join(in_print(name) for name in run.metrics_agreed)
    return f"baselines {baselines}; measures {measures}; {signed}"


def split_sentence(split: SplitFacts) -> str:
    """Return how rows were shared out."""
    cut = f", tested from {split.cut:%Y-%m-%d} on" if split.cut else ""
    reason = f". {split.reason}" if split.reason else ""
    return (
        f"{split.kind.replace('_', ' ')}{cut}; patients on both sides: "
        f"{_OVERLAP.get(split.patient_overlap, split.patient_overlap)}{reason}"
    )


def left_out(split: SplitFacts) -> str:
    """Return how many rows were left out of every slice, and why; none when there are none."""
    reasons = (
        ("without an outcome yet", split.unlabelled),
        ("without a group", split.ungrouped),
        ("outcome known only after the cut", split.purged),
        ("inside the embargo", split.embargoed),
        ("of patients on both sides", split.overlap_rows),
        ("of stays on both sides", split.encounter_rows),
        ("between the rows fitted on and the later ones that tune", split.tuning_gap_rows),
    )
    return ", ".join(f"{count(rows)} {why}" for why, rows in reasons if rows)
