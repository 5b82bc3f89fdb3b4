"""How long rows were followed: each way to end by hand, and the truth from planted censoring."""

import numpy as np
import pytest

from attending.cohort.build import build
from attending.cohort.follow_up import follow_up, has_follow_up
from attending.errors import IntegrityBroken
from attending.statistics.censoring import censoring_weights, weighted_measures
from attending.times import parse_instant
from tests.cohort.patients import birth, cohort, death, hour, landmark, stay
from tests.engines.tables import engine, event, events

END = parse_instant("2030-01-01T00:00:00Z")
OUT = "2024-03-10T08:00"
MOVED = {"follow_up_ends": ["FOLLOW_UP//ENDED"]}


def back(text):
    return stay(1, 2, text, None)


def moved(text):
    return event(1, hour(text), "FOLLOW_UP//ENDED")


def ending(folder, *rows, as_of=END, **more):
    """Return status, end and days followed of one patient who left on the 10th of March."""
    spec = cohort(**more)
    first = [birth(1, "1950-01-01"), *stay(1, 1, "2024-03-08T08:00", OUT)]
    local = engine(folder, events([*first, *rows]))
    _, table = build(spec, local, as_of=as_of)
    found = follow_up(spec, local, as_of=as_of)
    keys = ["subject_id", "prediction_time", "encounter_id"]
    assert found.select(keys).equals(table.select(keys))
    row, label = found.to_pylist()[0], table.to_pylist()[0]
    days = (row["followed_until"] - row["prediction_time"]).total_seconds() / 86_400
    return label["status"], row["ended"], days


@pytest.mark.parametrize(
    ("rows", "more", "told"),
    [
        ([], {}, ("no_event", "no_event", 30.0)),
        (back("2024-03-15T08:00"), {}, ("event", "event", 5.0)),
        ([death(1, "2024-03-13T08:00")], {}, ("competing", "no_event", 3.0)),
        (
            [death(1, "2024-03-13T08:00")],
            {"label": {"competing": {"death": "competing"}}},
            ("competing", "no_event", 3.0),
        ),
        ([moved("2024-03-14T08:00")], {"censoring": MOVED}, ("censored", "lost", 4.0)),
        (
            [moved("2024-03-14T08:00"), *back("2024-03-15T08:00")],
            {"censoring": MOVED},
            ("censored", "lost", 4.0),  # what came after the loss is seen by luck
        ),
        (
            [*back("2024-03-13T08:00"), moved("2024-03-14T08:00")],
            {"censoring": MOVED},
            ("event", "event", 3.0),
        ),
        ([], {"as_of": parse_instant("2024-03-20T08:00:00Z")}, ("immature", "lost", 10.0)),
        (
            [],
            {"as_of": parse_instant("2024-03-20T08:00:00Z"), "label": {"delay": "3d"}},
            ("immature", "lost", 7.0),
        ),
        (
            back("2024-03-15T08:00"),
            {"as_of": parse_instant("2024-03-20T08:00:00Z")},
            ("immature", "event", 5.0),
        ),
    ],
)
def test_following_ends_with_the_event_its_absence_or_the_loss(tmp_path, rows, more, told):
    assert ending(tmp_path, *rows, **more) == told


def test_a_transfer_ends_the_following_at_the_door(tmp_path):
    spec = cohort(exclusions=[], censoring={"transfer_out": True})
    gone = stay(1, 1, "2024-03-08T08:00", OUT, to="TRANSFER")
    local = engine(tmp_path, events([birth(1, "1950-01-01"), *gone]))
    (row,) = follow_up(spec, local, as_of=END).to_pylist()
    assert (row["ended"], row["followed_until"]) == ("lost", row["prediction_time"])


def test_numbers_and_looking_without_a_horizon_have_no_following():
    assert has_follow_up(cohort())
    assert not has_follow_up(landmark())  # until the stay ends, however long that is


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """4,000 patients with returns, and moves away that have nothing to do with them."""
    rng = np.random.default_rng(11)
    rows = []
    for patient in range(1, 4001):
        left = hour(OUT)
        rows += [birth(patient, "1950-01-01"), *stay(patient, patient, "2024-03-08T08:00", OUT)]
        comes, leaves = rng.exponential(45.0), rng.uniform(0, 45)
        at = left + 24 * comes
        rows += [
            event(patient, at, "ENCOUNTER//ADMISSION//INPATIENT", encounter_id=10_000 + patient)
        ]
        rows += [event(patient, left + 24 * leaves, "FOLLOW_UP//ENDED")]
    return engine(tmp_path_factory.mktemp("ward"), events(rows))


def test_weights_give_the_truth_where_leaving_censored_rows_out_does_not(ward):
    _, whole = build(cohort(), ward, as_of=END)
    _, known = build(cohort(censoring=MOVED), ward, as_of=END)
    found = follow_up(cohort(censoring=MOVED), ward, as_of=END)
    truth = np.mean([row for row in whole["label"].to_pylist() if row is not None])
    assert 0.4 < truth < 0.6
    naive = np.mean([row for row in known["label"].to_pylist() if row is not None])
    assert naive > truth + 0.05  # control: those with an event are known sooner
    time = (found["followed_until"].to_numpy() - found["prediction_time"].to_numpy()).astype(float)
    ended = np.array(found["ended"].to_pylist())
    outcome = (ended == "event").astype(np.int8)
    weight = censoring_weights(time / 86_400e6, ended == "lost", horizon=30.0, truncate=1.0)
    weighted = weighted_measures(outcome, np.full(outcome.size, 0.5), weight).prevalence
    assert weighted == pytest.approx(truth, abs=0.02)
    # What a label says is what following says, wherever there is a label.
    for label, end in zip(known["label"].to_pylist(), ended, strict=True):
        assert label is None or label == (end == "event")


def test_rows_out_of_order_are_refused(tmp_path):
    rows = [birth(1, "1950-01-01"), *stay(1, 1, "2024-03-08T08:00", OUT)]
    table = events(rows)
    local = engine(tmp_path, table.take(list(range(table.num_rows))[::-1]))
    with pytest.raises(IntegrityBroken):
        follow_up(cohort(), local, as_of=END)
