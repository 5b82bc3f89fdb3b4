"""Why a score of an adopted model is what it is, as far as its file tells; else: not shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from attending.errors import NotFound
from attending.explain.prediction import Input, explain
from attending.explain.sentence import NO_ACTION
from attending.lifecycle.adopted_rows import WITHIN
from attending.lifecycle.bringing import fitted_of
from attending.lifecycle.desk import keep
from attending.lifecycle.explaining import Relived
from attending.models.bundle import Bundle
from attending.models.calibration import Calibration
from attending.models.reference import LEVELS
from attending.models.reference import Reference as Known
from attending.records.adoption import AdoptedModel
from attending.records.monitoring import Reference

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.lifecycle.projects import Project
    from attending.models.protocol import Fitted
    from attending.records.monitoring import FeatureReference
    from attending.stores.predictions import Scored as Stored
    from attending.types import Floats

_DECILES = np.arange(1, 10) / 10
#: Never none at all: a gap stays a gap for the model, as it was in the old system.
_FEW_GAPS = 1e-12
UNKNOWN = "when each input was measured and known is not shown: the file of scores does not say"


@dataclass(frozen=True)
class NotExplained:
    """A score that nobody here can explain, and why."""

    request: str
    why: str


def explain_adopted(desk: Desk, project: Project, request_id: str) -> Relived | NotExplained:
    """Return why a score of an adopted model is what it is, by the model's file and its inputs.

    Contributions are exact for trees; of ONNX they are sampled, from the medians of the inputs
    that came with the model.

    Args:
        desk: its actor's look at a patient's row leaves a ledger entry.
        project: whose model made it.
        request_id: of the prediction.

    Raises:
        NotFound: no such prediction of this model.
    """
    stored = desk.home.predictions.get(request_id)
    made = json.loads(stored.content)
    if made["model"] != project.name:
        raise NotFound("no such prediction of this model", code="prediction.not_found")
    known = desk.home.catalog.get(made["run"], AdoptedModel)
    data = desk.home.artifacts.read(known.file) if known.file else None
    fitted = fitted_of(known, data)
    if fitted is None or "inputs" not in made:
        return NotExplained(request_id, "only scores come here; nobody can say what moved them")
    return _explained(desk, project, stored, bundle=_bundle(desk, known, fitted))


def _explained(desk: Desk, project: Project, stored: Stored, *, bundle: Bundle) -> Relived:
    made = json.loads(stored.content)
    values = [made["inputs"][name] for name in bundle.names]
    x = np.array([np.nan if value is None else value for value in values], dtype=np.float64)
    explanation = explain(
        bundle,
        x,
        [Input(name, name, missing_reason="empty in the file") for name in bundle.names],
        at=stored.prediction_time,
        action=project.release.delivery[0].wording if made["flagged"] else NO_ACTION,
    )
    keep(desk, explanation, action="explain.prediction", keys={"model": stored.model})
    again = float(bundle.risk(x[None, :])[0])
    same = abs(again - made["score"]) <= WITHIN
    return Relived(stored.request_id, explanation, same_score=same, within=WITHIN, unknown=UNKNOWN)


def _bundle(desk: Desk, known: AdoptedModel, fitted: Fitted) -> Bundle:
    """Return the model as explanations take one, with the inputs that came with it."""
    held: Reference | None = desk.home.catalog.latest(Reference, run=known.digest)
    of = {one.name: one for one in held.features} if held else {}
    references = tuple(_known(name, of.get(name)) for name in known.features)
    return Bundle(
        estimator=known.form,
        fitted=fitted,
        calibration=Calibration("none"),
        feature_set=known.digest,
        missing="native",
        references=references,
        risk_reference=_known("risk", None),
        correlated=(),
    )


def _known(name: str, held: FeatureReference | None) -> Known:
    """Return what is known of an input; beyond its first and last decile nothing is."""
    if held is None or len(held.quantiles) != len(_DECILES):
        return Known(name, 0, _FEW_GAPS, (), (), ())
    quantiles: Floats = np.interp(LEVELS, _DECILES, held.quantiles)
    missing = max(held.missing_rate, _FEW_GAPS)
    return Known(name, 0, missing, tuple(quantiles.tolist()), (), ())
