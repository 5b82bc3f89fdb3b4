"""The bootstrap: same seed same draws, any order, any thread; patients, not rows, are drawn."""

import numpy as np
import pytest

from attending.errors import BadInput
from attending.statistics.auroc import auroc, delong_difference
from attending.statistics.average_precision import average_precision
from attending.statistics.bootstrap import bootstrap
from attending.statistics.bootstrap_draws import DRAWN, DRAWN_AT, spread
from attending.statistics.catalog import MEASURES
from attending.statistics.net_benefit import net_benefit_treat_all

N = 2000
THRESHOLDS = (0.1, 0.25, 0.5)


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(5)
    risk = rng.beta(2, 5, N)
    outcome = (rng.random(N) < risk).astype(np.int8)
    score = np.round(risk * 10 + rng.normal(0, 1, N))
    score[::50] = np.nan
    patient = rng.integers(1, 2**53, N // 2)[rng.integers(0, N // 2, N)]
    return outcome, {"model": risk, "score": score}, patient, rng.random(N) < 0.4


def run(rows, *, order=None, draws=40, **more):
    outcome, risks, patient, group = rows
    at = np.arange(N) if order is None else order
    return bootstrap(
        outcome[at],
        {name: risk[at] for name, risk in risks.items()},
        patient[at],
        groups={"some": group[at]},
        thresholds=THRESHOLDS,
        draws=draws,
        **more,
    )


def test_the_data_themselves_are_measured_as_the_measures_do(rows):
    outcome, risks, _, group = rows
    made = run(rows)
    for name, mask in (("all", np.ones(N, bool)), ("some", group)):
        y, p = outcome[mask], risks["model"][mask]
        for measure in DRAWN:
            expected = y.mean() if measure == "prevalence" else MEASURES.get(measure).compute(y, p)
            assert made.point(measure, "model", group=name) == pytest.approx(expected, abs=1e-12)
        for measure in DRAWN_AT:
            for t in THRESHOLDS:
                value = made.point(measure, "model", group=name, threshold=t)
                if measure == "net_benefit_treat_all":
                    expected = net_benefit_treat_all(float(y.mean()), threshold=t)
                else:
                    expected = MEASURES.get(measure).compute(y, p, threshold=t)
                assert value == pytest.approx(expected, abs=1e-12)
    known = ~np.isnan(risks["score"])
    y, score = outcome[known], risks["score"][known]
    assert made.rows["all", "score"] == known.sum()
    assert made.point("auroc", "score") == pytest.approx(auroc(y, score), abs=1e-12)
    assert made.point("average_precision", "score") == pytest.approx(
        average_precision(y, score), abs=1e-12
    )


def test_row_order_and_threads_never_change_a_draw(rows):
    first = run(rows)
    order = np.random.default_rng(9).permutation(N)
    for other in (run(rows, order=order), run(rows, threads=1), run(rows, threads=5)):
        assert np.array_equal(first.totals, other.totals)
        assert np.array_equal(first.at_marks, other.at_marks)


def test_a_draw_does_not_depend_on_how_many_there_are_or_which_other_patients(rows):
    few, many = run(rows, draws=10), run(rows, draws=40)
    assert np.array_equal(few.totals, many.totals[:11])
    outcome, risks, patient, group = rows
    alone = bootstrap(outcome[group], {"model": risks["model"][group]}, patient[group], draws=10)
    within = few.values("auroc", "model", group="some")
    assert np.array_equal(alone.values("auroc", "model"), within)


def test_another_seed_gives_other_draws(rows):
    assert not np.array_equal(run(rows).totals[1:], run(rows, seed=1).totals[1:])


def test_weights_are_poisson_with_mean_one():
    n = 200_000
    outcome = np.tile(np.array([0, 1], np.int8), n // 2)
    made = bootstrap(outcome, {"m": np.full(n, 0.5)}, np.arange(n), draws=20)
    sizes = made.totals[1:, 0, :2].sum(axis=1)
    assert abs(sizes.mean() / n - 1) < 0.003
    assert 0.5 < sizes.std() / np.sqrt(n) < 1.7


def test_patients_are_drawn_not_rows():
    rng = np.random.default_rng(2)
    risk = rng.beta(2, 5, 300)
    outcome = (rng.random(300) < risk).astype(np.int8)
    ten = [np.repeat(column, 10) for column in (outcome, risk, np.arange(300))]
    once = bootstrap(outcome, {"m": risk}, np.arange(300), draws=200)
    clustered = bootstrap(ten[0], {"m": ten[1]}, ten[2], draws=200)
    naive = bootstrap(ten[0], {"m": ten[1]}, np.arange(3000), draws=200)
    widths = [
        found.interval("auroc", "m").high - found.interval("auroc", "m").low
        for found in (once, clustered, naive)
    ]
    assert widths[0] == pytest.approx(widths[1], rel=1e-9)
    assert widths[2] < widths[1] / 2  # rows taken as patients pretend to know three times more


def test_paired_difference_agrees_with_delong(rows):
    outcome, risks, _, _ = rows
    rng = np.random.default_rng(4)
    other = risks["model"] + rng.normal(0, 0.1, N)
    both = {"a": risks["model"], "b": other}
    made = bootstrap(outcome, both, np.arange(N), draws=400)
    drawn = spread(made.difference("auroc", ("a", "b"))[1:])
    exact = delong_difference(outcome, risks["model"], other=other)
    assert drawn.low == pytest.approx(exact.low, abs=0.006)
    assert drawn.high == pytest.approx(exact.high, abs=0.006)


def test_a_difference_on_different_rows_is_refused(rows):
    with pytest.raises(BadInput, match="same rows"):
        run(rows).difference("auroc", ("model", "score"))


def test_draws_with_one_outcome_only_are_dropped_and_counted():
    outcome = np.array([0, 0, 0, 0, 1], np.int8)
    made = bootstrap(outcome, {"m": np.linspace(0.1, 0.5, 5)}, np.arange(5), draws=200)
    found = made.interval("auroc", "m")
    assert found.dropped > 20
    assert found.used + found.dropped == 200


@pytest.mark.parametrize(
    "ask",
    [
        lambda made: made.values("auroch", "model"),
        lambda made: made.values("auroc", "modl"),
        lambda made: made.values("auroc", "model", group="none"),
        lambda made: made.values("ppv", "model", threshold=0.33),
    ],
)
def test_what_was_not_drawn_is_refused(rows, ask):
    with pytest.raises(BadInput):
        ask(run(rows, draws=1))


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(BadInput, match="one length"):
        bootstrap(np.array([0, 1], np.int8), {"m": np.array([0.1])}, np.arange(2))
    with pytest.raises(BadInput, match="draws"):
        bootstrap(np.array([0, 1], np.int8), {"m": np.array([0.1, 0.2])}, np.arange(2), draws=0)
