"""Time Feast on the latest value of some codes at the same predictions, in its own environment.

Feast joins by event time alone and lets a later correction win: it knows no `known_at`. Writes the
table, prints one line of JSON.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import timedelta
from pathlib import Path

import pandas as pd
from feast import Entity, FeatureStore, FeatureView, Field, FileSource, RepoConfig, ValueType
from feast.types import Float32

codes, predictions, room, *paths = sys.argv[1:]


def view(number: int, code: str, who: Entity) -> FeatureView:
    """Return the latest value of a code as Feast states it, its rows in a file of their own."""
    wanted = [("code", "==", code)]
    columns = ["subject_id", "time", "known_at", "numeric_value"]
    frame = pd.concat([pd.read_parquet(path, columns=columns, filters=wanted) for path in paths])
    frame = frame.dropna(subset=["numeric_value"]).rename(columns={"numeric_value": f"v{number}"})
    for name in ("time", "known_at"):
        frame[name] = frame[name].dt.tz_localize("UTC")
    frame.to_parquet(f"{room}/feast-{number}.parquet")
    source = FileSource(
        path=f"{room}/feast-{number}.parquet",
        timestamp_field="time",
        created_timestamp_column="known_at",
    )
    return FeatureView(
        name=f"view{number}",
        entities=[who],
        ttl=timedelta(0),
        schema=[Field(name=f"v{number}", dtype=Float32)],
        source=source,
        online=False,
    )


def main() -> None:
    """Make a store, then ask it for all predictions at once."""
    asked = json.loads(codes)
    store = FeatureStore(
        config=RepoConfig(
            project="bench",
            provider="local",
            registry=f"{room}/registry.db",
            online_store=None,
            offline_store={"type": "file"},
            entity_key_serialization_version=3,
        )
    )
    who = Entity(name="subject", join_keys=["subject_id"], value_type=ValueType.INT64)
    views = [view(number, code, who) for number, code in enumerate(asked)]
    store.apply([who, *views])
    due = pd.read_parquet(predictions, columns=["subject_id", "prediction_time", "place"])
    due["event_timestamp"] = due.pop("prediction_time").dt.tz_localize("UTC")
    named = [f"view{number}:v{number}" for number in range(len(asked))]
    start = time.perf_counter()
    made = store.get_historical_features(entity_df=due, features=named).to_df()
    seconds = time.perf_counter() - start
    out = Path(room, "feast.parquet")
    made.sort_values("place").to_parquet(out)
    print(json.dumps({"seconds": seconds, "out": str(out)}))


if __name__ == "__main__":
    main()
