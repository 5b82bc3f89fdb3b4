"""Twenty rows whose figures were computed with numpy, scipy, scikit-learn and statsmodels."""

import numpy as np

RISK = np.array(
    [
        0.02,
        0.03,
        0.05,
        0.08,
        0.1,
        0.12,
        0.15,
        0.18,
        0.2,
        0.22,
        0.25,
        0.3,
        0.35,
        0.38,
        0.4,
        0.45,
        0.55,
        0.6,
        0.75,
        0.8,
    ]
)
OUTCOME = np.array([0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0], np.int8)
