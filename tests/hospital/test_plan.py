from __future__ import annotations

from datetime import datetime

import pytest

from attending.errors import BadInput
from attending.hospital.plan import HospitalPlan


@pytest.mark.parametrize(
    "wrong",
    [
        {"patients": 49},
        {"patients": 1_000_001},
        {"years": 0},
        {"years": 21},
        {"seed": -1},
        {"start": datetime(2022, 1, 1)},  # noqa: DTZ001
    ],
)
def test_a_plan_outside_its_limits_is_refused_by_name(wrong):
    with pytest.raises(BadInput) as refusal:
        HospitalPlan(**wrong)
    assert refusal.value.code == "hospital.plan"
    assert refusal.value.where == next(iter(wrong))


def test_four_years_hold_one_leap_day():
    assert HospitalPlan(years=4).days == 1461
