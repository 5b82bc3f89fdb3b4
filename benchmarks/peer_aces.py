"""Extract one task with ACES; run in an environment of its own, for it needs an older polars."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from aces import config, predicates, query
from omegaconf import DictConfig


def main() -> None:
    """Print seconds and the labels of every prediction: subject, microseconds, label."""
    task, *paths = sys.argv[1:]
    start = time.perf_counter()
    found = []
    for path in paths:
        # Read again for each shard: a task keeps state, and loses subjects of later ones.
        asked = config.TaskExtractorConfig.load(task)
        data = DictConfig({"path": path, "standard": "meds"})
        result = query.query(asked, predicates.get_predicates_df(asked, data))
        # A subject without any realisation comes back as a row of nulls.
        found += result.drop_nulls("label").select("subject_id", "index_timestamp", "label").rows()
    seconds = time.perf_counter() - start
    rows = sorted((who, f"{at:%Y-%m-%dT%H:%M:%S.%f}", int(label > 0)) for who, at, label in found)
    out = Path(paths[0]).with_name(f"{Path(task).stem}.json")
    out.write_text(json.dumps(rows))
    print(json.dumps({"seconds": seconds, "rows": len(rows), "labels": str(out)}))


if __name__ == "__main__":
    main()
