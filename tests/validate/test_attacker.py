"""X43: an attacker with every count of the report and a solver works out no small cell."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from attending.specs.validation import ValidationSpec
from attending.validate.data import Baseline, ValidationData
from attending.validate.model import validate

#: Rows and events of each ward: cells of 0, 1, 10 and 11, and others beside them.
WARDS = {
    "a": (2000, 300), "b": (300, 11), "c": (240, 10), "d": (150, 1), "e": (120, 0), "f": (40, 36),
    "g": (9, 3), "h": (700, 90),
}  # fmt: skip
SPEC = ValidationSpec(
    baselines=["lace"], subgroups=["ward", "sex"], bootstrap={"draws": 50},
    decision_curve={"low": 0.2, "high": 0.3, "step": 0.1}, thresholds=[0.2],
)  # fmt: skip


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(4)
    outcome = np.concatenate([np.arange(n) < e for n, e in WARDS.values()]).astype(np.int8)
    ward = np.repeat(list(WARDS), [n for n, _ in WARDS.values()])
    n = outcome.size
    sex = rng.choice(["F", "M"], n)
    sex[rng.choice(np.flatnonzero(outcome == 1), 4)] = "X"
    risk = np.clip(rng.beta(2, 9, n) + 0.15 * outcome, 0.001, 0.999)
    start = np.datetime64("2025-01-01", "us")
    day = np.where(rng.random(n) < 0.98, rng.integers(0, 270, n), 300)
    return ValidationData(
        outcome, risk, np.arange(n), baselines={"lace": Baseline(rng.random(n), None, "LACE")},
        groups={"ward": ward.tolist(), "sex": sex.tolist()},
        prediction_time=start + day.astype("timedelta64[D]"),
        site=rng.choice(["north", "south", "tiny"], n, p=[0.6, 0.395, 0.005]).tolist(),
    )  # fmt: skip


@dataclass
class Attacker:
    """Cells of tables, what is shown of them, and the sums that they must add up to.

    Attributes:
        shown: by cell its count, None where it is hidden.
        sums: cells that add up to a number that is known.
    """

    shown: dict[tuple[str, ...], int | None] = field(default_factory=dict)
    sums: list[tuple[list[tuple[str, ...]], int]] = field(default_factory=list)

    def table(self, name, rows, *, total, events):
        """Take in rows of (group, n, events); non-events are cells too."""
        for group, n, hits in rows:
            others = n - hits if n is not None and hits is not None else None
            self.shown[name, group, "1"], self.shown[name, group, "0"] = hits, others
            if n is not None:
                self.sums.append(([(name, group, "1"), (name, group, "0")], n))
        for kind, whole in (("1", events), ("0", total - events)):
            self.sums.append(([(name, group, kind) for group, _, _ in rows], whole))

    def found(self):
        """Return the cells that can be one number only, and what it is."""
        names = list(self.shown)
        place = {name: k for k, name in enumerate(names)}
        matrix = np.zeros((len(self.sums), len(names)))
        for row, (cells, _) in enumerate(self.sums):
            matrix[row, [place[cell] for cell in cells]] = 1
        whole = np.array([total for _, total in self.sums])
        given = [self.shown[name] for name in names]
        low = np.array([0 if count is None else count for count in given], float)
        high = np.array([np.inf if count is None else count for count in given], float)
        told = {}
        for name in names:
            ends = []
            for sign in (1.0, -1.0):
                aim = np.zeros(len(names))
                aim[place[name]] = sign
                solved = milp(
                    aim, constraints=LinearConstraint(matrix, whole, whole),
                    integrality=np.ones(len(names)), bounds=Bounds(low, high),
                )  # fmt: skip
                assert solved.success, solved.message
                ends.append(round(sign * solved.fun))
            if ends[0] == ends[1]:
                told[name] = ends[0]
        return told


def small(told):
    return {name: count for name, count in told.items() if 0 < count < 11}


def attack(report, data):
    """Return the small cells that a report tells; its totals are public."""
    made = Attacker()
    whole = {"total": data.outcome.size, "events": int(data.outcome.sum())}
    for attribute in ("ward", "sex"):
        rows = [
            (row.group, row.n, row.events) for row in report.subgroups if row.attribute == attribute
        ]
        made.table(attribute, rows, **whole)
    made.table("site", [(row.site, row.n, row.events) for row in report.sites_table], **whole)
    made.table("quarter", [(row.period, row.n, row.events) for row in report.periods], **whole)
    for kind, total in (
        ("events", whole["events"]),
        ("non_events", whole["total"] - whole["events"]),
    ):
        bars = {
            ("bar", kind, str(at)): getattr(bar, kind) for at, bar in enumerate(report.histogram)
        }
        made.shown |= bars
        made.sums.append((list(bars), total))
    return small(made.found())


@pytest.mark.fault("X43")
def test_x43_a_solver_with_all_tables_of_the_report_finds_no_small_cell(data):
    # Control: with one small cell hidden alone, it is what is left of its margin.
    naive = Attacker()
    rows = [(name, n, None if name == "d" else e) for name, (n, e) in WARDS.items()]
    naive.table("ward", rows, total=data.outcome.size, events=int(data.outcome.sum()))
    assert naive.found()["ward", "d", "1"] == 1
    # Guard: with all tables of the report together none is found.
    report = validate(SPEC, data)
    hidden = [row.group for row in report.subgroups if row.events is None]
    assert {"c", "d", "f", "g", "X"} <= set(hidden)
    assert attack(report, data) == {}
    shown = {row.group: row.events for row in report.subgroups if row.events is not None}
    assert shown["a"] == 300
    assert not [count for count in shown.values() if 0 < count < 11]
