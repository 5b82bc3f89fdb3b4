"""Validate a file of predictions whole, and say what was found and how long each part took."""

from __future__ import annotations

import json
import sys
import time

import pyarrow.parquet as pq

from attending.specs.validation import ValidationSpec
from attending.validate.predictions import validate_predictions
from benchmarks.validation_rows import GROUPS, THRESHOLD


def main() -> None:
    """Read the file that is named, validate it, print seconds and figures."""
    path, draws = sys.argv[1], int(sys.argv[2])
    spec = ValidationSpec.model_validate(
        {
            "baselines": ["lace"],
            "thresholds": [THRESHOLD],
            "subgroups": list(GROUPS),
            "bootstrap": {"draws": draws},
            "gates": [
                {"gate": "minimum_events"},
                {"gate": "beats_baseline", "baseline": "lace"},
                {"gate": "adds_to_baseline", "baseline": "lace"},
                {"gate": "calibration_slope"},
                {"gate": "observed_expected"},
                {"gate": "net_benefit_not_worse", "baseline": "lace"},
                {"gate": "subgroup_auroc_at_least", "value": 0.6, "attributes": list(GROUPS)},
            ],
        }
    )
    start, own = time.perf_counter(), time.process_time()
    report = validate_predictions(spec, pq.read_table(path))
    taken, cpu = time.perf_counter() - start, time.process_time() - own
    found = {each.name: each.value for each in report.figures[0].estimates}
    said = {
        "seconds": taken,
        "cpu_seconds": cpu,
        "groups": len(report.subgroups),
        "net_benefit": {f"{row.threshold:.2f}": row.model.value for row in report.decision_curve},
        **{name: found[name] for name in ("auroc", "average_precision", "brier")},
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
