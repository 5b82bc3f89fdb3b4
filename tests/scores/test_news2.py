"""NEWS2 by chart 1 of the Royal College of Physicians: every edge of every band, both scales."""

import pytest

from attending.errors import BadInput
from attending.scores.news2 import make
from tests.scores.event_rows import event, scored, sign, stay

NEWS2 = make({})
SCALE_2 = make({"spo2_scale": 2})
WELL = {
    "respiration": 16,
    "oxygen_saturation": 97,
    "inspired_oxygen": 0.21,
    "systolic": 120,
    "pulse": 70,
    "consciousness": "Alert",
    "temperature": 37.0,
}


def reading(score=NEWS2, **signs):
    return scored(score, stay(), *(sign(name, value) for name, value in signs.items()))


@pytest.mark.parametrize(
    ("name", "part", "value", "points"),
    [
        ("respiration", "respiration", 8, 3),
        ("respiration", "respiration", 9, 1),
        ("respiration", "respiration", 11, 1),
        ("respiration", "respiration", 12, 0),
        ("respiration", "respiration", 20, 0),
        ("respiration", "respiration", 21, 2),
        ("respiration", "respiration", 24, 2),
        ("respiration", "respiration", 25, 3),
        ("oxygen_saturation", "saturation", 91, 3),
        ("oxygen_saturation", "saturation", 92, 2),
        ("oxygen_saturation", "saturation", 93, 2),
        ("oxygen_saturation", "saturation", 94, 1),
        ("oxygen_saturation", "saturation", 95, 1),
        ("oxygen_saturation", "saturation", 95.4, 1),
        ("oxygen_saturation", "saturation", 95.5, 0),
        ("oxygen_saturation", "saturation", 96, 0),
        ("systolic", "systolic", 90, 3),
        ("systolic", "systolic", 91, 2),
        ("systolic", "systolic", 100, 2),
        ("systolic", "systolic", 101, 1),
        ("systolic", "systolic", 110, 1),
        ("systolic", "systolic", 111, 0),
        ("systolic", "systolic", 219, 0),
        ("systolic", "systolic", 220, 3),
        ("pulse", "pulse", 40, 3),
        ("pulse", "pulse", 41, 1),
        ("pulse", "pulse", 50, 1),
        ("pulse", "pulse", 51, 0),
        ("pulse", "pulse", 90, 0),
        ("pulse", "pulse", 91, 1),
        ("pulse", "pulse", 110, 1),
        ("pulse", "pulse", 111, 2),
        ("pulse", "pulse", 130, 2),
        ("pulse", "pulse", 131, 3),
        ("temperature", "temperature", 35.0, 3),
        ("temperature", "temperature", 35.1, 1),
        ("temperature", "temperature", 36.0, 1),
        ("temperature", "temperature", 36.1, 0),
        ("temperature", "temperature", 38.0, 0),
        ("temperature", "temperature", 38.04, 0),
        ("temperature", "temperature", 38.05, 1),
        ("temperature", "temperature", 39.0, 1),
        ("temperature", "temperature", 39.1, 2),
        ("consciousness", "consciousness", "Alert", 0),
        ("consciousness", "consciousness", "C", 3),
        ("consciousness", "consciousness", "new confusion", 3),
        ("consciousness", "consciousness", "V", 3),
        ("consciousness", "consciousness", "pain", 3),
        ("consciousness", "consciousness", "U", 3),
        ("glasgow", "consciousness", 15, 0),
        ("glasgow", "consciousness", 14, 3),
        ("inspired_oxygen", "oxygen", 0.21, 0),
        ("inspired_oxygen", "oxygen", 21, 0),
        ("inspired_oxygen", "oxygen", 0.24, 2),
        ("inspired_oxygen", "oxygen", 28, 2),
        ("oxygen_flow", "oxygen", 0, 0),
        ("oxygen_flow", "oxygen", 1, 2),
        ("oxygen_device", "oxygen", "Room air", 0),
        ("oxygen_device", "oxygen", "Nasal cannula", 2),
    ],
)
def test_every_edge_of_every_band(name, part, value, points):
    found = reading(**{name: value})
    assert (found[part], found[f"missing_{part}"]) == (points, False)


@pytest.mark.parametrize(
    ("value", "on_air", "on_oxygen"),
    [
        (83, 3, 3),
        (84, 2, 2),
        (85, 2, 2),
        (86, 1, 1),
        (87, 1, 1),
        (88, 0, 0),
        (92, 0, 0),
        (93, 0, 1),
        (94, 0, 1),
        (95, 0, 2),
        (96, 0, 2),
        (97, 0, 3),
        (100, 0, 3),
    ],
)
def test_scale_two_asks_whether_oxygen_is_given(value, on_air, on_oxygen):
    assert reading(SCALE_2, oxygen_saturation=value, oxygen_flow=0)["saturation"] == on_air
    assert reading(SCALE_2, oxygen_saturation=value, oxygen_flow=2)["saturation"] == on_oxygen


def test_a_well_patient_has_none_and_the_worst_has_twenty():
    well = reading(**WELL)
    assert (well["total"], well["completeness"]) == (0, 1.0)
    assert (well["any_red"], well["band"]) == (False, "low")
    worst = {
        "respiration": 30,
        "oxygen_saturation": 80,
        "inspired_oxygen": 0.6,
        "systolic": 80,
        "pulse": 150,
        "consciousness": "U",
        "temperature": 34.0,
    }
    assert reading(**worst)["total"] == 20
    assert reading(**worst)["band"] == "high"


@pytest.mark.parametrize(
    ("changed", "total", "band"),
    [
        ({"pulse": 130, "temperature": 39.2}, 4, "low"),
        ({"consciousness": "V"}, 3, "low-medium"),
        ({"pulse": 130, "temperature": 39.2, "systolic": 110}, 5, "medium"),
        ({"respiration": 22, "pulse": 130, "temperature": 39.2}, 6, "medium"),
        ({"respiration": 25, "pulse": 130, "temperature": 39.2}, 7, "high"),
    ],
)
def test_bands_of_the_total(changed, total, band):
    found = reading(**{**WELL, **changed})
    assert (found["total"], found["band"]) == (total, band)


def test_a_fahrenheit_thermometer_is_read_and_an_unknown_unit_is_left_out():
    assert scored(NEWS2, stay(), sign("temperature", 102.38, unit="[degF]"))["temperature"] == 2
    for unit in (None, "K"):
        found = scored(NEWS2, stay(), sign("temperature", 39.5, unit=unit))
        assert found["missing_temperature"] and found["temperature"] == 0
    assert scored(NEWS2, stay(), sign("pulse", 0))["missing_pulse"]


def test_missing_components_are_marked_and_strict_gives_no_total():
    found = reading(pulse=131)
    assert (found["total"], found["missing_systolic"], found["completeness"]) == (3, True, 1 / 7)
    assert reading(make({"policy": "strict"}), pulse=131)["total"] is None
    assert reading(make({"policy": "strict"}), **WELL)["total"] == 0


def test_only_readings_of_the_last_hours_count():
    old = sign("pulse", 140, "2026-03-12T12:00")
    new = sign("pulse", 140, "2026-03-12T12:01")
    assert scored(NEWS2, stay(), old)["missing_pulse"]
    assert scored(NEWS2, stay(), new)["pulse"] == 3
    assert scored(make({"max_age_hours": 4}), stay(), new)["missing_pulse"]
    assert scored(NEWS2, stay(), sign("pulse", 140, known="2026-03-13T12:01"))["missing_pulse"]


def test_inputs_are_shown_with_both_their_times():
    found = scored(NEWS2, stay(), sign("pulse", 70), sign("pulse", 140, known="2026-03-13T11:00"))
    assert found["pulse"] == 3
    assert found["time_pulse"].isoformat() == "2026-03-13T10:00:00"
    assert found["known_at_pulse"].isoformat() == "2026-03-13T11:00:00"
    assert found["row_pulse"] == "test/rows#"
    assert found["time_systolic"] is None and found["row_systolic"] is None


def test_the_newer_of_a_word_and_a_glasgow_scale_decides():
    word = sign("consciousness", "A", "2026-03-13T08:00")
    scale = sign("glasgow", 12)
    assert scored(NEWS2, stay(), word, scale)["consciousness"] == 3
    later = sign("consciousness", "A", "2026-03-13T11:00")
    assert scored(NEWS2, stay(), later, scale)["consciousness"] == 0


def test_a_site_names_its_own_codes():
    ours = make({"pulse": "LOCAL//HR, LOCAL//PULSE"})
    assert "LOCAL//HR" in ours.codes and "LOINC//8867-4" not in ours.codes
    local = event("LOCAL//PULSE", "2026-03-13T10:00", value=131, unit="/min")
    assert scored(ours, stay(), local, sign("pulse", 70))["pulse"] == 3


@pytest.mark.parametrize(
    "wrong", [{"spo2_scale": 3}, {"max_age_hours": 0}, {"copd": True}, {"policy": "zero"}]
)
def test_what_it_cannot_take_is_refused(wrong):
    with pytest.raises(BadInput) as refused:
        make(wrong)
    assert refused.value.code == "score.parameter"
