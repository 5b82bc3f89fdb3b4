"""All measures in one place: importing this fills `MEASURES`. A new measure is a file and a line.

>>> MEASURES.get("auroc").direction
'higher'
"""

from __future__ import annotations

from attending.statistics import (
    auroc,
    average_precision,
    brier,
    expected_calibration_error,
    hosmer_lemeshow,
    integrated_calibration,
    jensen_shannon,
    kolmogorov_smirnov,
    log_loss,
    missingness,
    net_benefit,
    observed_expected,
    psi,
    recalibration,
    spiegelhalter,
    threshold_metrics,
    wasserstein,
)
from attending.statistics.measure import MEASURES, Measure

__all__ = ["MEASURES", "MODULES", "Measure"]

#: The files of all measures.
MODULES = (
    auroc,
    average_precision,
    brier,
    expected_calibration_error,
    hosmer_lemeshow,
    integrated_calibration,
    jensen_shannon,
    kolmogorov_smirnov,
    log_loss,
    missingness,
    net_benefit,
    observed_expected,
    psi,
    recalibration,
    spiegelhalter,
    threshold_metrics,
    wasserstein,
)
