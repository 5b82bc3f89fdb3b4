"""Say what a notebook must have held that its project does not, from the fields that differ."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: By field of the run, the first that differs tells where the hidden state came in.
_TOLD = {
    "cohort": "the rows or labels are not those that cohort.yaml gives from the snapshot",
    "feature_table": "the features are not those that features.yaml gives from the snapshot",
    "split": "the rows were shared out in another way than model.yaml asks",
    "artifacts": "the same rows give another model, so the fit itself was changed",
    "candidates": "the same rows give other figures, so the fit itself was changed",
}


def hidden_state(fields: Sequence[str]) -> str:
    """Return in words where a run left its project, from the fields in which it does not repeat.

    >>> hidden_state(["artifacts.model.json.digest", "feature_table"])
    'the features are not those that features.yaml gives from the snapshot (feature_table)'
    >>> hidden_state(["baselines.0"])
    'it differs in baselines.0'
    """
    by_part: dict[str, str] = {}
    for field in fields:
        by_part.setdefault(field.split(".", 1)[0], field)
    for part, words in _TOLD.items():
        if part in by_part:
            return f"{words} ({by_part[part]})"
    return f"it differs in {', '.join(fields[:4])}"
