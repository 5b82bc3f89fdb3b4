"""Cohort, features and contract on Spark: what the local engine gives, to the byte."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest

from attending.cohort.build import build as build_cohort
from attending.contract.check import plan_checks
from attending.contract.infer import VALUE_COLUMNS, partial_values
from attending.contract.inputs import INPUT_COLUMNS, partial_inputs
from attending.engines.local import LocalEngine, wanted_rows
from attending.engines.spark import SparkEngine
from attending.engines.spark_frames import END, TABLE, Frame, put_together, refusal_bytes
from attending.engines.spark_frames import table_bytes as stream_of
from attending.engines.spark_task import Task
from attending.errors import (
    AttendingError,
    BadInput,
    DependencyDown,
    IntegrityBroken,
    NotFound,
)
from attending.features.build import build as build_features
from attending.features.parity import parity
from attending.features.truncation import truncation
from attending.lifecycle import growing, ingesting, simulating
from attending.lifecycle.baselines import totals
from attending.lifecycle.cohorts import data_end
from attending.lifecycle.desk import create_home
from attending.lifecycle.examples import copy_example
from attending.lifecycle.projects import open_project
from attending.records.events import plain
from attending.scores.registered import SCORES
from attending.specs.features import FeatureSpec
from attending.statistics.inputs import TooFewOutcomes
from attending.times import parse_instant, to_micros
from tests.engines.tables import event, events
from tests.features.specs import feature

FIRST = parse_instant("2024-08-01T06:00:00Z")
SECOND = parse_instant("2024-08-08T06:00:00Z")


@pytest.fixture(scope="module")
def hospital(tmp_path_factory, spark_master):
    """A snapshot, the same with a week's feed on it, and a project; and both engines over them."""
    folder = tmp_path_factory.mktemp("hospital")
    made = simulating.build_hospital(patients=300, years=3, seed=7)
    simulating.write_source(made, folder / "base", until=FIRST)
    simulating.write_source(made, folder / "week", until=SECOND, since=FIRST)
    copy_example("readmission-synthetic", folder / "project")
    desk = create_home(folder / "home", at=FIRST, seed=7)
    base = ingesting.ingest(desk, "hospital", folder / "base", shards=3)
    grown = growing.append(replace(desk, at=SECOND), "hospital", folder / "week")
    project = open_project(folder / "project")

    def engines(held, **more):
        return LocalEngine(held.shards, **more), SparkEngine(held.shards, spark_master, **more)

    yield SimpleNamespace(base=base, grown=grown, project=project, engines=engines)
    desk.home.close()


def bytes_of(table):
    """Return a table as bytes in one piece, metadata and all."""
    return stream_of(table.unify_dictionaries().combine_chunks())


def with_scores(features):
    """Return the features with two bedside scores among them."""
    more = (
        FeatureSpec.model_validate(feature(score, kind="score", score=score))
        for score in ("lace", "news2")
    )
    return features.model_copy(update={"features": (*features.features, *more)})


def study(hospital, held, engine):
    """Return cohort and features, their records and their bytes."""
    end = data_end(held.snapshot)
    cohort, table = build_cohort(hospital.project.cohort, engine, as_of=end)
    features, cells = build_features(with_scores(hospital.project.features), table, engine)
    return cohort.digest, bytes_of(table), features.digest, bytes_of(cells)


@pytest.mark.parametrize("which", ["base", "grown"])
def test_cohort_features_and_contract_are_the_same_to_the_byte(hospital, which):
    held = getattr(hospital, which)
    assert bool(held.under) is (which == "grown")
    local, spark = hospital.engines(held)
    assert study(hospital, held, local) == study(hospital, held, spark)
    plan = plan_checks(hospital.project.contract, held.snapshot, as_of=SECOND)
    here, there = (one.map(plan, columns=plan.columns) for one in (local, spark))
    assert here.num_rows > 0
    assert bytes_of(here) == bytes_of(there)


def test_a_grown_snapshot_as_it_stood_is_the_same_to_the_byte(hospital):
    sizes = []
    for at in (FIRST, SECOND):
        local, spark = hospital.engines(hospital.grown, as_of=to_micros(at))
        here, there = local.map(plain), spark.map(plain)
        sizes.append(here.num_rows)
        assert bytes_of(here) == bytes_of(there)
    assert 0 < sizes[0] < sizes[1]
    local, spark = hospital.engines(hospital.grown)
    asked = {"codes": ["LOINC//*"], "columns": ["subject_id", "code", "numeric_value"]}
    here, there = (one.map(lambda rows: rows, **asked) for one in (local, spark))
    assert here.num_rows > 0
    assert bytes_of(here) == bytes_of(there)


def test_scores_gates_and_drafts_are_the_same_to_the_bit(hospital):
    held, spec = hospital.base, hospital.project
    local, spark = hospital.engines(held)
    _, table = build_cohort(spec.cohort, local, as_of=data_end(held.snapshot))
    _, cells = build_features(spec.features, table, local)
    for asked in spec.model.baselines:
        score = SCORES.get(asked.score)({})
        here, there = (totals(score, table, engine) for engine in (local, spark))
        assert np.isfinite(here).any()
        assert here.tobytes() == there.tobytes()
    for work, columns in ((partial_inputs, INPUT_COLUMNS), (partial_values, VALUE_COLUMNS)):
        here, there = (engine.map(work, columns=columns) for engine in (local, spark))
        assert bytes_of(here) == bytes_of(there)
    cut = partial(truncation, spec.features, table, cells)
    assert cut(engine=local) == cut(engine=spark)
    again = partial(parity, spec.features, table, cells, most=40)
    assert again(engine=local) == again(engine=spark)
    assert again(engine=spark).predictions == 40


def test_a_refusal_of_any_kind_comes_back_as_it_was():
    for error in (NotFound("no"), IntegrityBroken("broken", code="a.b", hint="mend", where="c:1")):
        with pytest.raises(type(error)) as back:
            put_together([Frame(0, 0, 2, refusal_bytes(error)).pack()], shards=1)
        assert type(back.value) is type(error)
        assert back.value.as_problem() == error.as_problem()
    # One of a step's own comes back as the nearest kind of the family: its exit code holds.
    own = TooFewOutcomes("one event")
    with pytest.raises(AttendingError) as back:
        put_together([Frame(0, 0, 2, refusal_bytes(own)).pack()], shards=1)
    assert back.value.exit_code == own.exit_code


def test_what_came_in_part_or_in_two_ways_is_refused():
    one, two = (stream_of(events([event(1, hour, "LAB")])) for hour in (1, 2))
    first, second = Frame(0, 0, TABLE, one).pack(), Frame(0, 1, TABLE, two).pack()
    end = Frame(0, 2, END).pack()
    whole = put_together([end, second, first, second, end], shards=1)
    assert [table.num_rows for table in whole[0]] == [1, 1]
    for part, shards in (([first, second], 1), ([first, end], 1), ([first, second, end], 2)):
        with pytest.raises(DependencyDown) as refused:
            put_together(part, shards=shards)
        assert refused.value.code == "spark.incomplete"
    with pytest.raises(IntegrityBroken) as differs:
        put_together([first, second, end, Frame(0, 0, TABLE, two).pack()], shards=1)
    assert differs.value.code == "spark.differs"


def test_a_worker_with_other_versions_or_without_the_files_refuses(local, tmp_path):
    wanted = wanted_rows(None, None)
    other = Task(local.shards, plain, wanted, made_with=("attending 0.0.1",))
    with pytest.raises(DependencyDown, match="a worker has attending") as refused:
        put_together(other(0), shards=1)
    assert refused.value.code == "spark.versions"
    elsewhere = Task((tmp_path / local.shards[0].name,), plain, wanted)
    with pytest.raises(DependencyDown) as unshared:
        put_together(elsewhere(0), shards=1)
    assert (unshared.value.code, unshared.value.where) == ("spark.unshared", local.shards[0].name)
    # The control: the same versions and the files at hand.
    (found,) = put_together(Task(local.shards, plain, wanted)(0), shards=1)
    assert sum(rows.num_rows for rows in found) > 0


def test_an_unforeseen_failure_of_the_work_tells_its_place_and_no_value(spark_master, local):
    def fails(rows):
        raise ValueError(f"patient {rows['subject_id'][0]}: secret")

    with pytest.raises(DependencyDown) as refused:
        SparkEngine(local.shards, spark_master).map(fails)
    assert refused.value.code == "spark.work"
    assert "ValueError" in refused.value.message
    assert not {"secret", "patient", "java", "scala"} & set(str(refused.value).lower().split())


@pytest.mark.parametrize(
    ("master", "kind", "code"),
    [
        ("spark://127.0.0.1:1", DependencyDown, "spark.unreachable"),
        ("spark://nowhere", DependencyDown, "spark.unreachable"),
        ("lokal[2]", BadInput, "spark.master"),
        ("local[2] --conf a=b", BadInput, "spark.master"),
    ],
)
def test_a_cluster_that_is_not_there_is_refused_at_once(local, master, kind, code):
    with pytest.raises(kind) as refused:
        SparkEngine(local.shards, master).map(lambda rows: rows)
    assert refused.value.code == code
    assert refused.value.exit_code == (5 if kind is DependencyDown else 2)
