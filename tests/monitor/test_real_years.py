"""Error rates on years that no generator of ours made: real patients, drawn with their outcomes."""

import pytest

from tests.monitor import real_years

pytestmark = pytest.mark.data


@pytest.fixture(scope="module")
def streams():
    return real_years.streams()


@pytest.mark.parametrize("name", ["PhysioNet 2012", "diabetes 130", "MIMIC-IV demo"])
def test_real_patients_are_not_stopped_and_what_is_wrong_gets_its_name(streams, name):
    found = real_years.rates(streams[name], years=2, runs=1)
    assert found.wrong == 0
    assert found.frozen <= 1
    kinds = {one.shift: one for one in found.delays}
    # Whatever is that large is answered, the kind that no monitor was made for too.
    assert [one.shift for one in found.delays if not one.detected] == []
    assert sum(one.named_right for one in found.delays) >= 6
    assert kinds["another unit"].named_right == 1
    assert kinds["another unit"].median_days <= 3
    assert kinds["scores turned round"].named_right == 1
    # Policies that nobody should use stand in the same table, and lose.
    mine, *stubs = found.policies
    assert (mine.policy, mine.seen) == ("the policy", 1.0)
    assert len(stubs) == 3
    assert all(one.seen < 0.6 and one.named_right < 0.3 for one in stubs)


def test_values_that_were_always_far_outside_are_no_other_unit(streams):
    stream = streams["diabetes 130"]
    far = {one.name: one.far for one in stream.ward.held.features}
    assert far["num_lab_procedures"] > 0.02  # one test alone, of some stays
    lived = real_years.watch(stream.world, real_years.year(stream, seed=(1, 0)))
    found = {one.name for day in range(365) for one in lived.on(day).findings}
    assert "mixed_units" not in found
    # Control: held to no share of its own, the same year is called another unit.
    held = stream.ward.held
    bare = tuple(one.model_copy(update={"far": 0.0}) for one in held.features)
    stream.ward.held = held.model_copy(update={"features": bare})
    lived = real_years.watch(stream.world, real_years.year(stream, seed=(1, 0)))
    stream.ward.held = held
    found = {one.name for day in range(365) for one in lived.on(day).findings}
    assert "mixed_units" in found
