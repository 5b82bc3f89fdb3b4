"""The compliance dossier as a stand-alone document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.digests import short
from attending.documents.pages import document
from attending.documents.picture import Table
from attending.documents.sentences import gate_title
from attending.documents.times import when

if TYPE_CHECKING:
    from attending.records.dossier import Dossier, DossierGate


def dossier_document(dossier: Dossier) -> bytes:
    """Return the dossier as stand-alone HTML: no script, nothing from elsewhere."""
    return document(
        "dossier.html.j2",
        synthetic=dossier.synthetic,
        dossier=dossier,
        as_of=when(dossier.as_of),
        lineage=_lineage(dossier),
        features=_features(dossier),
        signatures=_signatures(dossier),
        exceptions=_exceptions(dossier),
        gates=_gates(dossier),
        reviews=_reviews(dossier),
    )


def _lineage(dossier: Dossier) -> Table:
    return Table(
        caption="From source to model, each step named by its digest",
        header=("Step", "What", "Digest"),
        rows=tuple(
            (held.step, held.says, short(held.digest) if held.digest else "–")
            for held in dossier.lineage
        ),
        numeric=False,
    )


def _features(dossier: Dossier) -> Table:
    return Table(
        caption="Inputs, and the codes of the source that they read",
        header=("Input", "Codes"),
        rows=tuple(
            (held.label, ", ".join(held.codes) or "the prediction or the stay")
            for held in dossier.features
        ),
        numeric=False,
    )


def _signatures(dossier: Dossier) -> Table:
    return Table(
        caption="Signatures, oldest first",
        header=("Signed at", "Document", "Digest", "By", "As"),
        rows=tuple(
            (
                when(held.signed_at),
                held.document_kind.replace("_", " "),
                short(held.document),
                f"{held.signer} ({held.role.replace('_', ' ')})",
                f"{held.meaning}{', taken back' if held.taken_back else ''}",
            )
            for held in dossier.signatures
        ),
        numeric=False,
    )


def _exceptions(dossier: Dossier) -> Table:
    return Table(
        caption="What was let pass, and until when",
        header=("Condition", "Why", "In its place", "Until", "Stands"),
        rows=tuple(
            (
                gate_title(held.condition),
                held.reason,
                held.compensation,
                when(held.expires_at),
                held.standing,
            )
            for held in dossier.exceptions
        ),
        numeric=False,
    )


def _gates(dossier: Dossier) -> Table:
    return Table(
        caption="The newest answer of every gate that was asked",
        header=("Gate", "To stage", "Asked at", "Answer", "Conditions met", "Open"),
        rows=tuple(
            (
                held.gate,
                held.to_stage,
                when(held.as_of),
                "passed" if held.allowed else "refused",
                _met(held),
                "; ".join(held.open) or "none",
            )
            for held in dossier.gates
        ),
        numeric=False,
    )


def _reviews(dossier: Dossier) -> Table:
    return Table(
        caption="Reviews afterwards, by persons who neither made nor signed",
        header=("Of", "Due", "State", "By", "Found"),
        rows=tuple(
            (held.what, when(held.due), held.state, held.by or "–", held.finding or "–")
            for held in dossier.reviews
        ),
        numeric=False,
    )


def _met(held: DossierGate) -> str:
    # Conditions are counted, not patients: nothing is hidden.
    return f"{held.met} of {held.asked}"
