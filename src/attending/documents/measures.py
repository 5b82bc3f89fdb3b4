"""Watched measures in words, as papers of a day print them."""

from __future__ import annotations

_WORDS = {
    "oe": "Observed over expected events",
    "oe_e_value": "Evidence against calibration (e-value)",
    "calibration_in_the_large": "Calibration in the large",
    "auroc": "AUROC",
    "auroc_drop": "Fall of AUROC since validation",
    "auroc_estimated": "AUROC, estimated before outcomes",
    "multivariate": "How well patients of now are told from those of the validation (AUROC)",
    "score_psi": "Drift of the score (PSI)",
    "mean_risk_change": "Change of the mean risk",
    "missing_share": "Share of inputs that are missing",
    "volume_ratio": "Predictions of seven days, as a share of what is usual",
    "alert_rate": "Share of patients above the threshold",
    "alert_rate_ratio": "Share above the threshold, over what it was at validation",
    "refused_share": "Share of requests that were refused",
    "no_score_share": "Share of requests without a score",
    "acknowledged_share": "Share of alerts that were acknowledged",
    "override_share": "Share of alerts that were overridden",
    "skew_share": "Share of scores that differ from a table computed later",
    "late_share": "Share of scores that came late",
    "new_code_share": "Share of rows with a code that was never seen",
}


def measure_in_words(name: str) -> str:
    """Return a watched measure as a reader says it.

    >>> measure_in_words("oe"), measure_in_words("a_new_measure")
    ('Observed over expected events', 'A new measure')
    """
    plain = name.replace("_", " ")
    return _WORDS.get(name, plain[:1].upper() + plain[1:])
