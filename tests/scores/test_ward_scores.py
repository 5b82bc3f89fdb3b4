"""MEWS, CART, qSOFA and SIRS: golden cases at every edge of every band."""

import pytest

from attending.errors import BadInput
from attending.scores import cart, mews, qsofa, sirs
from tests.scores.event_rows import event, scored, sign, stay


def reading(score, **signs):
    return scored(score, stay(), *(sign(name, value) for name, value in signs.items()))


@pytest.mark.parametrize(
    ("name", "value", "points"),
    [
        ("systolic", 70, 3),
        ("systolic", 71, 2),
        ("systolic", 80, 2),
        ("systolic", 81, 1),
        ("systolic", 100, 1),
        ("systolic", 101, 0),
        ("systolic", 199, 0),
        ("systolic", 200, 2),
        ("pulse", 40, 2),
        ("pulse", 41, 1),
        ("pulse", 50, 1),
        ("pulse", 51, 0),
        ("pulse", 100, 0),
        ("pulse", 101, 1),
        ("pulse", 110, 1),
        ("pulse", 111, 2),
        ("pulse", 129, 2),
        ("pulse", 130, 3),
        ("respiration", 8, 2),
        ("respiration", 9, 0),
        ("respiration", 14, 0),
        ("respiration", 15, 1),
        ("respiration", 20, 1),
        ("respiration", 21, 2),
        ("respiration", 29, 2),
        ("respiration", 30, 3),
        ("temperature", 34.9, 2),
        ("temperature", 35.0, 0),
        ("temperature", 38.4, 0),
        ("temperature", 38.5, 2),
        ("consciousness", "Alert", 0),
        ("consciousness", "Voice", 1),
        ("consciousness", "Pain", 2),
        ("consciousness", "Unresponsive", 3),
    ],
)
def test_mews_by_subbe(name, value, points):
    found = reading(mews.make({}), **{name: value})
    assert (found[name], found[f"missing_{name}"], found["total"]) == (points, False, points)


def test_mews_has_fourteen_at_the_worst():
    worst = {"systolic": 60, "pulse": 140, "respiration": 35, "temperature": 34}
    assert reading(mews.make({}), **worst, consciousness="U")["total"] == 14


@pytest.mark.parametrize(
    ("name", "value", "points"),
    [
        ("respiration", 20, 0),
        ("respiration", 21, 8),
        ("respiration", 23, 8),
        ("respiration", 24, 12),
        ("respiration", 25, 12),
        ("respiration", 26, 15),
        ("respiration", 29, 15),
        ("respiration", 30, 22),
        ("pulse", 109, 0),
        ("pulse", 110, 4),
        ("pulse", 139, 4),
        ("pulse", 140, 13),
        ("diastolic", 50, 0),
        ("diastolic", 49, 4),
        ("diastolic", 40, 4),
        ("diastolic", 39, 6),
        ("diastolic", 35, 6),
        ("diastolic", 34, 13),
    ],
)
def test_cart_by_churpek(name, value, points):
    found = reading(cart.make({}), **{name: value})
    assert (found[name], found["total"], found["missing_age"]) == (points, points, True)


@pytest.mark.parametrize(
    ("born", "points"),
    [
        ("1971-03-14T00:00", 0),
        ("1971-03-13T00:00", 4),
        ("1956-03-14T00:00", 4),
        ("1956-03-13T00:00", 9),
    ],
)
def test_cart_counts_completed_years(born, points):
    found = scored(cart.make({}), stay(), event("MEDS_BIRTH", born))
    assert (found["age"], found["missing_age"]) == (points, False)


def test_cart_has_fifty_seven_at_the_worst():
    signs = [sign(n, v) for n, v in (("respiration", 40), ("pulse", 150), ("diastolic", 30))]
    assert scored(cart.make({}), stay(), event("MEDS_BIRTH", "1930-01-01"), *signs)["total"] == 57


@pytest.mark.parametrize(
    ("name", "part", "value", "points"),
    [
        ("respiration", "respiration", 21, 0),
        ("respiration", "respiration", 22, 1),
        ("systolic", "systolic", 100, 1),
        ("systolic", "systolic", 101, 0),
        ("systolic", "systolic", 100.4, 1),
        ("systolic", "systolic", 100.5, 0),
        ("glasgow", "mentation", 15, 0),
        ("glasgow", "mentation", 14, 1),
        ("glasgow", "mentation", 13, 1),
        ("glasgow", "mentation", 3, 1),
    ],
)
def test_qsofa_by_the_consensus(name, part, value, points):
    found = reading(qsofa.make({}), **{name: value})
    assert (found[part], found["total"]) == (points, points)


def test_qsofa_as_it_was_derived_takes_thirteen_or_less():
    derived = qsofa.make({"glasgow_below": 14})
    assert [reading(derived, glasgow=value)["mentation"] for value in (14, 13)] == [0, 1]
    assert reading(qsofa.make({}), respiration=22, systolic=100, glasgow=14)["total"] == 3
    with pytest.raises(BadInput):
        qsofa.make({"glasgow_below": 12})


@pytest.mark.parametrize(
    ("name", "part", "value", "points"),
    [
        ("temperature", "temperature", 35.9, 1),
        ("temperature", "temperature", 36.0, 0),
        ("temperature", "temperature", 38.0, 0),
        ("temperature", "temperature", 38.1, 1),
        ("pulse", "pulse", 90, 0),
        ("pulse", "pulse", 91, 1),
        ("respiration", "breathing", 20, 0),
        ("respiration", "breathing", 21, 1),
        ("carbon_dioxide", "breathing", 32, 0),
        ("carbon_dioxide", "breathing", 31, 1),
        ("white_cells", "white_cells", 3.9, 1),
        ("white_cells", "white_cells", 4.0, 0),
        ("white_cells", "white_cells", 12.0, 0),
        ("white_cells", "white_cells", 12.1, 1),
        ("bands", "white_cells", 10, 0),
        ("bands", "white_cells", 11, 1),
    ],
)
def test_sirs_by_the_consensus(name, part, value, points):
    found = reading(sirs.make({}), **{name: value})
    assert (found[part], found[f"missing_{part}"], found["total"]) == (points, False, points)


def test_sirs_takes_the_worse_of_two_signs_and_four_at_most():
    both = reading(sirs.make({}), respiration=16, carbon_dioxide=30, white_cells=8, bands=20)
    assert (both["breathing"], both["white_cells"]) == (1, 1)
    assert reading(sirs.make({}), temperature=39, pulse=100, respiration=25, bands=15)["total"] == 4


def test_a_pressure_in_kilopascal_is_converted():
    found = scored(sirs.make({}), stay(), sign("carbon_dioxide", 4.1, unit="kPa"))
    assert found["breathing"] == 1
