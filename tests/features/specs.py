"""Feature definitions for tests."""

from __future__ import annotations

from attending.specs.features import FeaturesSpec
from tests.features.oracle import NAMES

#: What an aggregate needs beside a window.
NEEDS = {
    "ewm": {"half_life": "5h"},
    "fraction_abnormal": {"normal": {"low": 1, "high": 90}},
}


def feature(name, **more):
    """Return one feature as `features.yaml` would say it."""
    said = {"name": name, "label": name, "owner": "ward", "purpose": "test", **more}
    if said.get("kind", "window") == "window":
        said = {"codes": ["LAB"], "window": "24h", "aggregate": "last", **said}
        said = {**NEEDS.get(said["aggregate"], {}), **said}
    return said


def spec(*features, **more):
    """Return the definitions."""
    return FeaturesSpec.model_validate(
        {"name": "test", "version": "1", "features": list(features), **more}
    )


def every_aggregate(**more):
    """Return one feature for every aggregate."""
    return spec(*(feature(f"f_{name}", aggregate=name, **more) for name in NAMES))
