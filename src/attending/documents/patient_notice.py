"""The notice for patients: what the support does, who decides, what it gets wrong, whom to ask.

Its figures are those of the card; its words are those of the release plan.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from attending.documents.pages import document
from attending.documents.reading_level import grade
from attending.errors import Refused
from attending.records.notice import NoticePart, PatientNotice

if TYPE_CHECKING:
    from attending.records.card import ModelCard
    from attending.specs.release import PatientWords, ReleaseSpec

#: The Flesch-Kincaid grade that a notice may have at most.
GRADE_AT_MOST = 8.0
_PPV = "PPV at the threshold"
_SENSITIVITY = "Sensitivity at the threshold"
_CERTAIN = re.compile(
    r"\b(always|never|certain|certainly|sure|surely|guaranteed?|proven|proves|perfect|"
    r"without (?:a )?doubt|cannot be wrong|100 ?%)",
    re.IGNORECASE,
)


def missing_of(card: ModelCard, release: ReleaseSpec) -> tuple[str, ...]:
    """Return what a notice cannot be written without, and nobody has given."""
    measured = {held.measure for held in card.validation if held.value is not None}
    found = [] if release.patient_notice else ["release.yaml: patient_notice"]
    return (*found, *(f"card: {name}" for name in (_PPV, _SENSITIVITY) if name not in measured))


def assemble_notice(card: ModelCard, release: ReleaseSpec) -> PatientNotice:
    """Return the notice of a version.

    Args:
        card: of the version; how often it is wrong.
        release: the plan; what patients are told.

    Raises:
        Refused: something is missing, a word claims certainty, or the text is too hard to read.
    """
    words = release.patient_notice
    missing = missing_of(card, release)
    if missing or words is None:
        raise Refused(
            f"the notice for patients lacks: {'; '.join(missing)}",
            code="notice.incomplete",
            hint="Write `patient_notice` in release.yaml; figures of too few people are hidden: "
            "validate on more rows, then build the card. Where the card gives those of another "
            "threshold than the plan's, name the plan's in validation.yaml and validate again.",
        )
    parts = _parts(card, words)
    made = PatientNotice(
        name=card.name,
        version=card.version,
        synthetic=card.synthetic,
        parts=parts,
        grade=0.0,
        grade_at_most=GRADE_AT_MOST,
        made_from={"model_card": card.digest, "release_spec": release.digest},
    )
    _refuse_certainty(made.text)
    return made.model_copy(update={"grade": _readable(made.text)})


def _refuse_certainty(text: str) -> None:
    found = _CERTAIN.search(text)
    if found:
        raise Refused(
            f"the notice for patients says '{found.group()}', which claims certainty",
            code="notice.certainty",
            hint="Say what may happen, not what is sure.",
            where="release.yaml: patient_notice",
        )


def _readable(text: str) -> float:
    found = round(grade(text), 1)
    if found > GRADE_AT_MOST:
        raise Refused(
            f"the notice for patients reads at grade {found:g}, expected {GRADE_AT_MOST:g} or less",
            code="notice.reading_level",
            hint="Write shorter sentences and shorter words.",
            where="release.yaml: patient_notice",
        )
    return found


def _parts(card: ModelCard, words: PatientWords) -> tuple[NoticePart, ...]:
    wrong = [
        "It can be wrong.",
        _pointed_out(_of_a_hundred(card, _PPV), words.foretold),
        _missed(100 - _of_a_hundred(card, _SENSITIVITY), words.foretold),
        "A low score does not mean that all is well.",
        "A high score does not mean that this is what happens to you.",
    ]
    if any(group.answer == "insufficient" for group in card.subgroups):
        wrong.append("For some groups of people, we do not yet know how well it works.")
    return (
        NoticePart(
            heading="What is it?",
            sentences=(
                "A computer program helps our staff plan your care.",
                f"It looks at {words.looks_at}.",
                f"It points out people who may be more likely to {words.foretold}.",
            ),
        ),
        NoticePart(
            heading="Who decides about my care?",
            sentences=(
                "People do.",
                "The program only gives a hint.",
                "Your care team looks at you and at your needs, and may disagree with it.",
                words.staff_may,
            ),
        ),
        NoticePart(heading="What may it get wrong?", sentences=tuple(wrong)),
        NoticePart(heading="Whom can I ask?", sentences=(words.ask,)),
    )


def _pointed_out(right: int, foretold: str) -> str:
    """Return how often it is right; a figure that would sound certain gives way to words."""
    if 0 < right < 100:
        return f"Of 100 people it points out, about {right} do {foretold}, and the rest do not."
    return f"It may point out people who do not {foretold}."


def _missed(missed: int, foretold: str) -> str:
    if 0 < missed < 100:
        return f"Of 100 people who do {foretold}, it misses about {missed}."
    return f"It may miss people who do {foretold}."


def _of_a_hundred(card: ModelCard, measure: str) -> int:
    value = next(held.value for held in card.validation if held.measure == measure)
    return round(100 * (value or 0.0))


def notice_document(notice: PatientNotice) -> bytes:
    """Return the notice as stand-alone HTML: no script, nothing from elsewhere."""
    return document("patient_notice.html.j2", synthetic=notice.synthetic, notice=notice)
