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
    interval_coverage,
    interval_width,
    jensen_shannon,
    kolmogorov_smirnov,
    log_loss,
    mean_absolute_error,
    mean_error,
    missingness,
    net_benefit,
    number_slope,
    observed_expected,
    observed_expected_total,
    pinball_loss,
    poisson_deviance,
    psi,
    r_squared,
    recalibration,
    root_mean_squared_error,
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
    interval_coverage,
    interval_width,
    jensen_shannon,
    kolmogorov_smirnov,
    log_loss,
    mean_absolute_error,
    mean_error,
    missingness,
    net_benefit,
    number_slope,
    observed_expected,
    observed_expected_total,
    pinball_loss,
    poisson_deviance,
    psi,
    r_squared,
    recalibration,
    root_mean_squared_error,
    spiegelhalter,
    threshold_metrics,
    wasserstein,
)
