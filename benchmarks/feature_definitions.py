"""Sixty features as both sides state them: twenty codes, three windows, ten aggregates."""

from __future__ import annotations

from benchmarks.events import CODES, UNITS

AGGREGATES = (
    "last", "mean", "min", "max", "count", "std", "slope", "delta", "sum", "time_since_last",
)  # fmt: skip
WINDOW_DAYS = (7, 30, 90)


def definitions() -> list[dict[str, str | list[str]]]:
    """Return sixty features, as `features.yaml` would say them."""
    return [
        {
            "name": f"f{number:02}",
            "label": f"Feature {number}",
            "owner": "bench",
            "purpose": "timing",
            "codes": [CODES[number % 20]],
            "window": f"{WINDOW_DAYS[number // 20]}d",
            "aggregate": AGGREGATES[(number + number // 20 * 3) % 10],
            "unit": UNITS[number % len(UNITS)],
        }
        for number in range(60)
    ]
