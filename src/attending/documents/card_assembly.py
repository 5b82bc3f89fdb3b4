"""A model card from the records and specs of one version. Figures are copied, never worked out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from attending.documents.adopted_facts import adopted_facts
from attending.documents.card_operation import (
    escalation,
    failure_modes,
    fallback,
    monitoring,
)
from attending.documents.lines import labelled
from attending.documents.number_card import number_groups
from attending.documents.numbers import count, number, percent
from attending.documents.persons import by_name
from attending.documents.run_facts import run_facts
from attending.documents.sentences import (
    assumed_sentence,
    exception_sentence,
    gate_sentence,
    gate_title,
    unasked,
)
from attending.documents.stability_page import stability_sentences
from attending.documents.times import stated
from attending.records.adoption import AdoptedModel
from attending.records.card import SECTIONS, CardFact, CardFigure, CardGroup, CardInput, ModelCard
from attending.records.explanation import NOT_CAUSAL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.records.cohort import Cohort
    from attending.records.explanation import StabilityReport
    from attending.records.governance import GateException
    from attending.records.run import Run
    from attending.records.validation import ValidationReport
    from attending.specs.cohort import CohortSpec
    from attending.specs.features import FeatureSpec, FeaturesSpec
    from attending.specs.monitoring import MonitoringSpec
    from attending.specs.recalibration import RecalibrationSpec
    from attending.specs.release import ReleaseSpec

_CORRELATED = (
    "Inputs that move together share what the model makes of them: that one is named and another "
    "is not does not mean that only the first one counts."
)


_UNEXPLAINED = "No score is explained: only the scores come here, and no explanation is shown."

#: Windows and aggregates as a clinician says them, where the spec's own word would puzzle.
_SPANS = {"encounter": "of the stay"}
_TAKEN = {"delta": "change", "ewm": "weighted mean", "slope": "change an hour"}
#: Aggregates that are one value of the window.
_ONE = frozenset({"", "first", "last", "min", "max"})


@dataclass(frozen=True)
class CardSources:
    """All that a card is put together from; what is None becomes a missing section.

    Attributes:
        limitations: what people have written, added to what the records say.
        failures: likewise, each with its label.
        assumed: source tables of which nobody recorded when their rows became known.
        inputs: of a model that was built elsewhere and has no feature definitions.
        made: what else is known of how such a model was made, or does here.
        names: the printed name of each person, by login.
        asks: what each condition of the gates asks, in words, by its name.
        moved: the line that the risks of an earlier run were moved along, where that is all that
            was fitted; `carried` where that run came from another hospital.
        real_dates: false where the source's calendar is not real, so that its dates are none.
    """

    run: Run | AdoptedModel
    release: ReleaseSpec | None = None
    report: ValidationReport | None = None
    cohort: Cohort | None = None
    cohort_spec: CohortSpec | None = None
    features: FeaturesSpec | None = None
    monitoring: MonitoringSpec | None = None
    stability: StabilityReport | None = None
    exceptions: tuple[GateException, ...] = ()
    limitations: tuple[str, ...] = ()
    failures: tuple[CardFact, ...] = ()
    assumed: tuple[str, ...] = ()
    inputs: tuple[CardInput, ...] = ()
    made: tuple[CardFact, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    asks: Mapping[str, str] = field(default_factory=dict)
    moved: RecalibrationSpec | None = None
    carried: bool = False
    real_dates: bool = True


def assemble_card(sources: CardSources, *, version: str, synthetic: bool) -> ModelCard:
    """Return the card of one version; sections that nobody wrote are named as missing.

    Args:
        sources: the records and specs of this version.
        version: such as `v3`.
        synthetic: whether the data are made up.
    """
    release, report = sources.release, sources.report
    use = release.intended_use if release else None
    card = ModelCard(
        name=sources.run.model,
        version=version,
        synthetic=synthetic,
        outcome=use.outcome if use else sources.run.outcome,
        purpose=_purpose(sources),
        population=use.population if use else "",
        excluded=_excluded(sources),
        decision_point=use.decision_point if use else "",
        users=use.user_roles if use else (),
        non_intended=release.non_intended if release else (),
        risk_level=release.risk_level if release else "",
        oversight=release.oversight if release else "",
        inputs=_inputs(sources.features, sources.names) or sources.inputs,
        training=_training(sources),
        validation=_figures(report, planned=_threshold(sources)) if report else (),
        threshold=_threshold(sources),
        subgroups=_groups(report) if report else (),
        gates_failed=_gates(report) if report else (),
        availability_assumed=sources.assumed,
        exceptions=tuple(
            exception_sentence(held, sources.names, asks=sources.asks)
            for held in sources.exceptions
        ),
        limitations=_limitations(sources),
        failure_modes=(*failure_modes(release, sources.features), *sources.failures),
        escalation=escalation(release, sources.names) if release else (),
        fallback=fallback(release) if release else (),
        monitoring=monitoring(sources.monitoring) if sources.monitoring else (),
        explanation_caveats=_caveats(sources),
        made_from=_made_from(sources),
    )
    missing = tuple(name for name in SECTIONS if not getattr(card, name))
    return card.model_copy(update={"missing": missing})


def _purpose(sources: CardSources) -> str:
    if sources.release is None:
        return ""
    use = sources.release.intended_use
    return (
        f"Foretells {use.outcome[0].lower()}{use.outcome[1:]}. When: {use.decision_point}. "
        f"For: {', '.join(use.user_roles)}. Oversight: {sources.release.oversight}"
    )


def _excluded(sources: CardSources) -> tuple[str, ...]:
    said: list[str] = []
    if sources.release is not None:
        scope = sources.release.scope
        said.append(f"patients under {scope.min_age} years")
        if scope.max_age is not None:
            said.append(f"patients over {scope.max_age} years")
        for words, held in (
            ("stays other than", scope.classes),
            ("sites other than", scope.sites),
            ("units other than", scope.units),
        ):
            if held:
                said.append(f"{words} {', '.join(held)}")
    if sources.cohort_spec is not None:
        rules = [r.title or r.rule.replace("_", " ") for r in sources.cohort_spec.rules]
        said += [f"patients who do not meet “{rule}”" for rule in rules]
    return tuple(said)


def _inputs(spec: FeaturesSpec | None, names: Mapping[str, str]) -> tuple[CardInput, ...]:
    return tuple(
        CardInput(
            name=feature.name,
            clinical_label=feature.label,
            unit=feature.printed_unit,
            window=_window(feature),
            purpose=feature.purpose,
            owner=by_name(feature.owner, names),
            status=feature.status,
        )
        for feature in (spec.features if spec else ())
    )


def _window(feature: FeatureSpec) -> str:
    held = feature.window
    taken = _TAKEN.get(feature.aggregate or "", feature.aggregate or "").replace("_", " ")
    if not isinstance(held, int):
        return f"{taken} {_SPANS.get(held or '', held or '')}".strip()
    return f"{taken} {'within' if taken in _ONE else 'over'} {stated(held)}".strip()


def _training(sources: CardSources) -> tuple[CardFact, ...]:
    if isinstance(sources.run, AdoptedModel):
        return (*adopted_facts(sources.run), *sources.made)
    facts = run_facts(sources.run)
    if sources.moved is not None:
        facts.insert(0, CardFact(label="Recalibrated", says=_moved(sources)))
    if sources.cohort is not None:
        held = sources.cohort
        says = f"{count(held.rows)} predictions of {count(held.subjects)} patients"
        facts.insert(0, CardFact(label="Cohort", says=f"{says}, {_days(sources, held)}"))
        facts.insert(1, CardFact(label="Share with the event", says=percent(held.prevalence)))
    return tuple(facts)


def _moved(sources: CardSources) -> str:
    """Return that only a line was fitted, of whose model, and which line."""
    line = sources.moved
    if line is None:
        return ""
    whose = "that came from another hospital" if sources.carried else "fitted before"
    return (
        f"The model {whose} is kept as it was (run {line.of[:12]}); only its log-odds are moved, "
        f"times {number(line.slope)} and plus {number(line.intercept)}, as was proposed and signed."
    )


def _days(sources: CardSources, cohort: Cohort) -> str:
    if not sources.real_dates:
        return "no real dates"
    if cohort.first_prediction is None or cohort.last_prediction is None:
        return "no predictions"
    return f"{cohort.first_prediction:%Y-%m-%d} to {cohort.last_prediction:%Y-%m-%d}"


def _figures(report: ValidationReport, *, planned: float | None) -> tuple[CardFigure, ...]:
    found = [
        CardFigure(
            measure=held.label,
            of=labelled(figures),
            value=held.value,
            low=held.low,
            high=held.high,
            note=held.method,
        )
        for figures in report.figures
        if figures.role != "other"
        for held in figures.estimates
    ]
    used = report.threshold_row(planned)
    model = next((labelled(f) for f in report.figures if f.role == "model"), report.model.name)
    if used is not None:
        at = _where(used.threshold, planned=planned)
        for label, held in (("Sensitivity", used.sensitivity), ("PPV", used.ppv)):
            measure = f"{label} at {at}"
            found.append(
                CardFigure(measure=measure, of=model, unit="share", **held.model_dump())
            )  # fmt: skip
    return tuple(found)


def _where(judged: float, *, planned: float | None) -> str:
    """Return at which threshold figures were taken; another one than the plan's is said."""
    if planned in {None, judged}:
        return "the threshold"
    return f"{percent(judged)} (the plan acts at {percent(planned)}, which was not judged)"


def _threshold(sources: CardSources) -> float | None:
    if sources.release is not None and sources.release.threshold.value is not None:
        return sources.release.threshold.value
    used = sources.report.threshold_row(None) if sources.report else None
    return used.threshold if used else None


def _groups(report: ValidationReport) -> tuple[CardGroup, ...]:
    if report.number is not None:
        return number_groups(report.number)
    return tuple(
        CardGroup(
            attribute=row.attribute,
            group=row.group,
            n=row.n,
            events=row.events,
            auroc=row.auroc.value,
            auroc_low=row.auroc.low,
            auroc_high=row.auroc.high,
            answer=row.status,
            note="a count is hidden to protect patients" if row.suppressed else "",
        )
        for row in report.subgroups
    )


def _gates(report: ValidationReport) -> tuple[CardFact, ...]:
    return tuple(
        CardFact(label=gate_title(gate.gate), says=gate_sentence(report, gate))
        for gate in report.gates
        if gate.outcome != "met"
    )


def _limitations(sources: CardSources) -> tuple[str, ...]:
    # Of a model that was built elsewhere the list is long, and what its figures lack comes first.
    adopted = isinstance(sources.run, AdoptedModel)
    first = () if adopted else sources.limitations
    said = [*first, *([assumed_sentence(sources.assumed)] if sources.assumed else ())]
    if sources.report is not None:
        said += unasked(sources.report)
        said += [note for note in sources.report.notes if note not in said]
        unknown = [f"{r.attribute} {r.group}" for r in sources.report.subgroups
                   if r.status == "insufficient"]  # fmt: skip
        if unknown:
            said.append(f"Not shown to work, for too few events: {', '.join(unknown)}.")
    if sources.cohort_spec is not None and sources.cohort_spec.concept.proxy:
        said.append(f"The outcome stands in for another: {sources.cohort_spec.concept.note}")
    if not isinstance(sources.run, AdoptedModel) and sources.run.exploratory:
        said += sources.run.reasons
    return (*said, *(sources.limitations if adopted else ()))


def _caveats(sources: CardSources) -> tuple[str, ...]:
    if isinstance(sources.run, AdoptedModel) and not sources.run.features:
        return (_UNEXPLAINED,)
    if sources.stability is None:
        return (NOT_CAUSAL, _CORRELATED)
    features = sources.features.features if sources.features else ()
    labels = {feature.name: feature.label for feature in features}
    return (NOT_CAUSAL, _CORRELATED, *stability_sentences(sources.stability, labels))


def _made_from(sources: CardSources) -> dict[str, str]:
    held = {
        "run": sources.run,
        "validation": sources.report,
        "cohort": sources.cohort,
        "stability": sources.stability,
        "release_spec": sources.release,
        "cohort_spec": sources.cohort_spec,
        "features_spec": sources.features,
        "monitoring_spec": sources.monitoring,
    }
    return {name: item.digest for name, item in held.items() if item is not None}
