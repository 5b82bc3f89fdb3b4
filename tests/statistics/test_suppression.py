"""Small cells: what is hidden cannot be had by subtraction."""

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from attending.statistics.calibration_bins import calibration_bins
from attending.statistics.suppression import suppress, suppress_groups

COUNTS = st.lists(st.integers(0, 40), min_size=1, max_size=6)


def possible(counts, hidden, *, most=60):
    """Every way to fill the hidden cells that agrees with the shown cells and the total."""
    at = [k for k, found in enumerate(hidden) if found]
    left = sum(counts[k] for k in at)
    ways = []
    for fill in itertools.product(range(most), repeat=max(len(at) - 1, 0)):
        last = left - sum(fill)
        if at and last >= 0:
            ways.append((*fill, last))
    return at, ways


# 60 x 60 ways are tried for three hidden cells: slow, and whole.
@settings(deadline=None)
@given(COUNTS)
def test_no_small_count_is_shown_or_can_be_computed(counts):
    hidden = suppress(counts)
    assert all(found or not 1 <= count <= 10 for count, found in zip(counts, hidden, strict=True))
    if sum(hidden) > 3 or len(counts) == 1:
        return
    at, ways = possible(counts, hidden)
    for place, k in enumerate(at):
        if 1 <= counts[k] <= 10 and sum(counts) > 10 and len(counts) > 1:
            assert len({way[place] for way in ways}) > 1


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), min_size=2, max_size=5))
def test_no_small_number_of_events_or_non_events_is_told(pairs):
    groups = [(events + others, events) for events, others in pairs]
    hidden = suppress_groups(groups)
    for (n, events), found in zip(groups, hidden, strict=True):
        if 1 <= n <= 10:
            assert found.n
        if 1 <= events <= 10 or 1 <= n - events <= 10 or found.n:
            assert found.events
    assert sum(found.events for found in hidden) != 1
    assert sum(found.n for found in hidden) != 1


def test_zero_may_be_shown_and_ten_may_not():
    assert suppress([0, 10, 11, 500], total_shown=False) == [False, True, False, False]


def test_bins_of_a_calibration_plot_are_merged_until_no_count_is_small():
    outcome = [0] * 180 + [1] * 20
    risk = [k / 250 for k in range(200)]
    bins = calibration_bins(outcome, risk, smallest=10)
    assert sum(b.n for b in bins) == 200
    assert all(b.events == 0 or b.events > 10 for b in bins)
    assert any(
        1 <= b.events <= 10 or 1 <= b.n - b.events <= 10
        for b in calibration_bins(outcome, [k / 250 for k in range(200)], bins=19)
    )
