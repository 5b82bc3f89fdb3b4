"""Guess which column of recorded predictions is what: by what was said, then names, then cells.

Where two columns could be meant, neither is taken: the refusal names both and what to write.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from attending.errors import BadInput, did_you_mean
from attending.ingest.predictions_cells import read_numbers, read_outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from attending.records.predictions_file import Found

#: Names by meaning, the plainest first; of each tier only one column may be there.
_OUTCOME = (
    ("outcome", "label", "y_true", "ytrue", "target", "actual", "observed", "ground_truth",
     "truth"),
    ("y", "event", "class", "ergebnis", "ereignis", "desfecho", "resultado", "evenement"),
)  # fmt: skip
_OUTCOME_LIKE = re.compile(
    r"(^|_)(outcome|label|died|death|dead|deceased|expire[d]?|mortality|readmi\w*|readmission|"
    r"sepsis|deteriorat\w*|event|verstorben|wiederaufnahme\w*|deces|reingreso|obito|target)(_|\d|$)"
)
_RISK = (
    ("risk", "predicted_risk", "y_pred_proba", "y_proba", "y_prob", "pred_proba", "predict_proba",
     "predicted_probability", "predicted_prob", "probability", "proba", "prob", "p_hat", "phat"),
    ("risk_percent", "risk_pct", "score", "risk_score", "model_score", "prediction", "predicted",
     "pred", "y_pred", "yhat", "y_hat", "y_score", "p", "p1", "prob_1", "proba_1", "score_1",
     "logit", "log_odds", "logodds", "linear_predictor", "lin_pred",
     "risiko", "wahrscheinlichkeit", "probabilite", "risque", "riesgo", "probabilidad", "risco"),
)  # fmt: skip
_RISK_LIKE = re.compile(
    r"(^|_)(risk|risiko|riesgo|risque|risco|prob\w*|pred\w*|score|wahrscheinlichkeit|y_?hat)(_|\d|$)"
)
_PATIENT = (
    ("patient_id", "patientid", "subject_id", "subject", "patient", "person_id", "pat_id", "mrn",
     "patient_nbr", "patient_number", "patienten_id", "patientennummer", "pid", "nhs_number",
     "patient_key", "pat_mrn_id", "member_id", "id_paciente", "id_patient"),
)  # fmt: skip
_ROW = (
    ("encounter_id", "encounterid", "hadm_id", "stay_id", "icustay_id", "visit_id", "csn",
     "fall_id", "fallnummer",
     "admission_id", "visit_occurrence_id", "pat_enc_csn_id", "prediction_id",
     "row_id", "record_id", "recordid", "case_id", "episode_id"),
    ("id", "index", "row", "nr", "no"),
)  # fmt: skip
_TIME = (
    ("prediction_time", "predicted_at", "scored_at", "score_time", "prediction_date",
     "prediction_datetime", "score_date", "index_time", "index_date"),
    ("time", "timestamp", "datetime", "date", "datum", "fecha"),
    ("admission_time", "admittime", "admission_date", "admit_date", "dischtime", "discharge_date",
     "aufnahmedatum", "entlassdatum", "visit_date"),
)  # fmt: skip
#: Names of many languages for who it is and when it was said, as whole names.
_PATIENT_LIKE = re.compile(
    r"((pat|patients?|patienten|paciente|subject|subj|person|client)_?"
    r"(id|nr|no|num|number|nummer|key|code|hash|mrn|pseudonym)|"
    r"(id|n|no|nr|num|numero)_(de_|du_)?(patient|paciente|paziente)|ipp|mrn_hash)"
)
_TIME_LIKE = re.compile(
    r"((date|time|datetime|timestamp|datum|zeitpunkt|fecha)_(of_|de_|der_|du_)?(the_|la_)?"
    r"(prediction|predicted|scoring|score|index|vorhersage|prediccion)|"
    r"(prediction|predicted|pred|scoring|scored|score|index|vorhersage)_?"
    r"(ts|dt|dttm|at|date\w*|time\w*|datum|zeit\w*))"
)
#: Names of what a tool said or did: never the outcome, unless it was said to be.
_TOOL = re.compile(
    r"(^|_)(flag\w*|alert\w*|alarm\w*|warning\w*|trigger\w*|fired|decision|tool|model|predicted|"
    r"y_pred|pred|prediction)(_|$)"
)
_SITE = (
    ("site", "hospital", "facility", "hospital_id", "site_id", "facility_id", "centre", "center",
     "krankenhaus", "klinik", "standort", "hopital"),
)  # fmt: skip
_FOLLOWED = (
    ("follow_up_time", "followup_time", "follow_up_days", "followup_days", "days_followed",
     "follow_up", "followup", "fu_days", "fu_time", "time_to_event", "days_to_event", "tte",
     "survival_time", "survival_days", "event_time_days", "followed", "nachbeobachtung"),
)  # fmt: skip
_COMPETING = (
    ("competing_event", "competing", "competing_risk", "competing_death", "died_before_event",
     "death_before_event", "died_first"),
)  # fmt: skip
_OF_FOLLOWING = frozenset(word for tier in (*_FOLLOWED, *_COMPETING) for word in tier)
#: Attributes whose groups are looked at when they are there: name in the file -> in the report.
_GROUPS = {
    "sex": "sex", "gender": "sex", "geschlecht": "sex", "sexo": "sex", "sexe": "sex",
    "age": "age", "age_group": "age", "age_band": "age", "alter": "age", "anchor_age": "age",
    "age_years": "age", "edad": "age", "idade": "age",
    "race": "race", "ethnicity": "ethnicity", "race_ethnicity": "race_ethnicity",
    "language": "language", "sprache": "language", "insurance": "insurance", "payer": "insurance",
    "payer_code": "insurance", "unit": "unit", "ward": "unit", "icu_type": "icu_type",
    "first_careunit": "unit", "station": "unit", "department": "unit",
}  # fmt: skip
_SUFFIX = re.compile(r"_(score|index|points|punkte|total|sum|value)$")
_SCORES = frozenset(
    [
        "lace",
        "lace_index",
        "hospital_score",
        "news",
        "news2",
        "mews",
        "qsofa",
        "sofa",
        "sirs",
        "cart",
        "saps",
        "saps_i",
        "saps_1",
        "saps1",
        "saps_ii",
        "saps_2",
        "saps_iii",
        "apache",
        "apache_ii",
        "apache_iv",
        "charlson",
        "elixhauser",
        "curb65",
        "meld",
        "wells",
        "eci",
        "deterioration_index",
        "pews",
    ]
)


@dataclass(frozen=True)
class Asked:
    """What the user said; empty where nothing was.

    Attributes:
        event: the word that is the event.
        percent: whether risks are percentages; None where nobody said.
        groups: columns whose values are groups.
        baselines: columns of scores to compare with.
        follow_up: of the time until the event, or until which the row was followed.
        horizon: in the unit of that column; None where nobody said.
        competing: of whether another event came first, after which the outcome cannot.
        inputs: columns that the model takes: neither outcome nor risk unless they are said to be.
    """

    outcome: str = ""
    risk: str = ""
    patient: str = ""
    time: str = ""
    site: str = ""
    event: str = ""
    percent: bool | None = None
    groups: tuple[str, ...] = ()
    baselines: tuple[str, ...] = ()
    follow_up: str = ""
    horizon: float | None = None
    competing: str = ""
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roles:
    """Which column is what: column and how it was found; empty names where there is none.

    Attributes:
        outcomes_too: other columns of yes and no, where no plain name told the outcome.
    """

    outcome: tuple[str, Found]
    risk: tuple[str, Found]
    patient: tuple[str, Found] | None = None
    row: tuple[str, Found] | None = None
    time: tuple[str, Found] | None = None
    site: tuple[str, Found] | None = None
    follow_up: tuple[str, Found] | None = None
    competing: tuple[str, Found] | None = None
    outcomes_too: tuple[str, ...] = ()
    groups: dict[str, tuple[str, Found]] = field(default_factory=dict)
    baselines: dict[str, tuple[str, Found]] = field(default_factory=dict)


def plain(name: str) -> str:
    """Return a column's name in small letters, words joined by underscores.

    >>> plain("Prédicted Risk (%)"), plain("PatientID"), plain("Y.Pred")
    ('predicted_risk_percent', 'patient_id', 'y_pred')
    """
    split = re.sub(
        r"(?<=[a-z0-9])(?=[A-Z])", "_", name.replace("%", " percent ").replace("ß", "ss")
    )
    bare = unicodedata.normalize("NFKD", split).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", bare).strip("_")


def find_roles(table: pa.Table, asked: Asked) -> Roles:
    """Return which column is what.

    Raises:
        BadInput: no column, or more than one, can be the outcome or the risk.
    """
    names = table.column_names
    _require_said(names, asked)
    of_following = [
        name for name in names if plain(name) in _OF_FOLLOWING and _may_be_followed(table[name])
    ]
    said_all = {asked.outcome, asked.risk, asked.patient, *asked.groups, *asked.baselines}
    said_all |= {asked.follow_up, asked.competing}
    apart = said_all | set(of_following)
    free = [name for name in names if name not in apart and not _is_score(name)]
    taken = set(asked.inputs)
    numbers = [name for name in free if name not in taken and not _is_time(table, name)]
    risk = _needed(table, numbers, ("risk", asked.risk, _RISK, _RISK_LIKE), fits=_may_be_risk)
    free = [name for name in free if name != risk[0]]
    outcome = _needed(
        table,
        [name for name in free if name not in taken and not _TOOL.search(plain(name))],
        ("outcome", asked.outcome, _OUTCOME, _OUTCOME_LIKE),
        fits=_may_be_outcome,
    )
    free = [name for name in free if name != outcome[0]]
    groups: dict[str, tuple[str, Found]] = {
        _group(plain(name)): (name, "said") for name in asked.groups
    }
    for name in free:
        about = _GROUPS.get(plain(name))
        if about and about not in groups:
            groups[about] = (name, "by its name")
    baselines: dict[str, tuple[str, Found]] = {
        plain(name).removeprefix("baseline_"): (name, "said") for name in asked.baselines
    }
    used = {risk[0], outcome[0], *apart}
    for name in names:
        if name not in used and (
            _is_score(name) or plain(name).startswith(("baseline_", "group_"))
        ):
            _by_prefix(name, groups, baselines)
    return Roles(
        outcome=outcome,
        risk=risk,
        patient=_optional(free, asked.patient, _PATIENT, like=_PATIENT_LIKE),
        row=_optional(free, "", _ROW),
        time=_optional(free, asked.time, _TIME, like=_TIME_LIKE),
        site=_optional(free, asked.site, _SITE),
        follow_up=_optional(of_following, asked.follow_up, _FOLLOWED),
        competing=_optional(of_following, asked.competing, _COMPETING),
        outcomes_too=_outcomes_too(table, [n for n in free if n not in taken], outcome),
        groups=groups,
        baselines=baselines,
    )


def _require_said(names: Sequence[str], asked: Asked) -> None:
    """Refuse a column that was said and is not there."""
    said = [asked.outcome, asked.risk, asked.patient, asked.time, asked.site]
    said += [asked.follow_up, asked.competing]
    for name in (*said, *asked.groups, *asked.baselines):
        if name and name not in names:
            raise BadInput(
                f"the file has no column '{name}'",
                code="predictions.unknown_column",
                hint=did_you_mean(name, names[:50]),
            )


def _by_prefix(
    name: str,
    groups: dict[str, tuple[str, Found]],
    baselines: dict[str, tuple[str, Found]],
) -> None:
    """Take a column that is a known score, or is called `group_x` or `baseline_x`, as that."""
    if plain(name).startswith("group_"):
        groups.setdefault(_group(plain(name).removeprefix("group_")), (name, "by its name"))
    else:
        baselines.setdefault(plain(name).removeprefix("baseline_"), (name, "by its name"))


def _group(name: str) -> str:
    return _GROUPS.get(name, name)


def _needed(
    table: pa.Table,
    free: Sequence[str],
    about: tuple[str, str, tuple[tuple[str, ...], ...], re.Pattern[str]],
    *,
    fits: Callable[[pa.ChunkedArray], bool],
) -> tuple[str, Found]:
    """Return the column of a meaning that must be there: said, by its name, or by its cells."""
    meaning, said, tiers, like = about
    if said:
        return said, "said"
    for words in tiers:
        named = [name for name in free if plain(name) in words]
        found = [name for name in named if fits(table[name])] if len(named) > 1 else named
        if named:
            return _only(found or named, meaning), "by its name"
    alike = [name for name in free if like.search(plain(name))]
    found = [name for name in alike if fits(table[name])] or alike
    if found:  # one that does not fit is refused when its cells are read, with what to write
        return _only(found, meaning), "by its name"
    other = {word for tier in (*_PATIENT, *_ROW, *_TIME, *_SITE) for word in tier} | set(_GROUPS)
    found = [name for name in free if plain(name) not in other and fits(table[name])]
    if found:
        return _only(found, meaning), "by its values"
    raise BadInput(
        f"no column looks like the {meaning}",
        code=f"predictions.no_{meaning}",
        hint=f"Name it: --{meaning} COLUMN. The file has: {', '.join(table.column_names[:20])}.",
    )


def _only(found: Sequence[str], meaning: str) -> str:
    if len(found) > 1:
        raise BadInput(
            f"{len(found)} columns could be the {meaning}: {', '.join(found[:10])}",
            code=f"predictions.which_{meaning}",
            hint=f"Say which: --{meaning} {found[0]!r}.".replace("'", ""),
        )
    return found[0]


def _is_time(table: pa.Table, name: str) -> bool:
    """Return whether a column holds instants or dates, by its type or its name."""
    return pa.types.is_temporal(table[name].type) or bool(_TIME_LIKE.fullmatch(plain(name)))


def _is_score(name: str) -> bool:
    """Return whether a column is a known bedside score.

    >>> _is_score("LACE-Score"), _is_score("SOFA total"), _is_score("score")
    (True, True, False)
    """
    return plain(name) in _SCORES or _SUFFIX.sub("", plain(name)) in _SCORES


def _outcomes_too(
    table: pa.Table, free: Sequence[str], outcome: tuple[str, Found]
) -> tuple[str, ...]:
    """Return other columns of yes and no that may have been meant, at most ten."""
    name, found = outcome
    if found == "said" or any(plain(name) in tier for tier in _OUTCOME):
        return ()
    others = (
        one for one in free if plain(one) not in _GROUPS and not plain(one).startswith("group_")
    )
    return tuple(one for one in others if _may_be_outcome(table[one]))[:10]


def _optional(
    free: Sequence[str],
    said: str,
    tiers: tuple[tuple[str, ...], ...],
    *,
    like: re.Pattern[str] | None = None,
) -> tuple[str, Found] | None:
    """Return the first column by the order of names; none where there is none."""
    if said:
        return said, "said"
    for word in (word for tier in tiers for word in tier):
        for name in free:
            if plain(name) == word:
                return name, "by its name"
    alike = [name for name in free if like is not None and like.fullmatch(plain(name))]
    return (alike[0], "by its name") if len(alike) == 1 else None


def _may_be_outcome(column: pa.ChunkedArray) -> bool:
    """Return whether cells are yes and no, in any of their spellings."""
    try:
        read_outcome(column, name="")
    except BadInput:
        return False
    return True


def _may_be_followed(column: pa.ChunkedArray) -> bool:
    """Return whether cells are times, 0 or more, or yes and no; words and dates are neither."""
    try:
        values = read_numbers(column, name="").values
    except BadInput:
        return _may_be_outcome(column)
    return not bool((values < 0).any())


def _may_be_risk(column: pa.ChunkedArray) -> bool:
    """Return whether cells are numbers from 0 to 100, not all of them whole."""
    try:
        values = read_numbers(column, name="").values
    except (BadInput, ValueError, ArithmeticError):
        return False
    known = values[~np.isnan(values)]
    inside = known.size > 0 and known.min() >= 0 and known.max() <= 100
    return bool(inside and np.count_nonzero(known % 1))
