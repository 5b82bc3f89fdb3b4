"""The example with the many inputs that it began with, for tests that want every kind of feature.

Most of these inputs weigh no more than chance: as an example to follow it would be refused.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from attending.lifecycle.examples import copy_example

FEATURES = Path(__file__).parent / "wide" / "features.yaml"
_LOGISTIC = "estimator: logistic # the model; fixed here, not chosen by the test\n"


def copy_wide(folder: Path) -> Path:
    """Return the folder of a new project, copied from the example and widened."""
    return widen(copy_example("readmission-synthetic", folder))


def widen(place: Path) -> Path:
    """Return the folder of a copied example, now with 36 features and a penalty that holds them."""
    shutil.copy(FEATURES, place / "features.yaml")
    model = place / "model.yaml"
    text = model.read_text(encoding="utf-8")
    assert _LOGISTIC in text
    model.write_text(text.replace(_LOGISTIC, f"{_LOGISTIC}parameters: {{l1: 20.0}}\n"))
    return place
