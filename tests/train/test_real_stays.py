"""The whole room on 4,000 real ICU stays: no calendar, patients drawn by hash, four folds."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from pyarrow import csv

from attending.times import DAY
from attending.train.fit import fit
from attending.train.split import split
from tests.train.cohort_rows import spec

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def stays(data_folder):
    folder = data_folder / "physionet-2012-set-a"
    outcomes = csv.read_csv(folder / "Outcomes-a.txt").sort_by("RecordID")
    events = pq.read_table(folder / "events.parquet")
    events = events.filter(pc.greater_equal(events["Value"], 0))
    found = events.group_by(["RecordID", "Parameter"]).aggregate(
        [("Value", "mean"), ("Value", "max")]
    )
    records = outcomes["RecordID"].to_numpy()
    row = np.searchsorted(records, found["RecordID"].to_numpy())
    codes = pc.dictionary_encode(found["Parameter"].combine_chunks())
    names = codes.dictionary.to_pylist()
    columns: dict[str, np.ndarray] = {}
    for how in ("mean", "max"):
        x = np.full((len(records), len(names)), np.nan)
        x[row, codes.indices.to_numpy()] = found[f"Value_{how}"].to_numpy()
        columns |= {f"{name}_{how}": x[:, k] for k, name in enumerate(names)}
    time = pa.array(np.full(len(records), 2 * DAY), pa.timestamp("us"))
    keys = {"subject_id": records, "encounter_id": records, "prediction_time": time}
    label = outcomes["In-hospital_death"].cast(pa.int8())
    cohort = pa.table(keys | {"label": label, "horizon_end": time})
    return cohort, pa.table(keys | {name: columns[name] for name in sorted(columns)})


def test_risks_of_death_are_ranked_and_calibrated_out_of_fold(stays):
    cohort, features = stays
    asked = spec(
        {"kind": "group_random", "reason": "the data have no calendar", "folds": 4},
        estimator="lightgbm",
        parameters={"num_iterations": 60, "learning_rate": 0.1, "num_leaves": 8},
        compare=[{"estimator": "logistic", "parameters": {"l2": 10}}],
    )
    parts = split(asked, cohort, horizon_us=0, delay_us=0, exception=True)
    names = features.column_names[3:]
    trained = fit(asked, cohort, features, split=parts, names=names, feature_set="f" * 64)
    trees, line = (item.out_of_fold for item in trained.candidates)
    assert trees is not None and line is not None
    assert 0.82 < trees.auroc < 0.88 and 0.78 < line.auroc < 0.87
    assert trees.mean_risk == pytest.approx(554 / 4000, abs=0.01)
    assert parts.facts.slices[3].events > 100
