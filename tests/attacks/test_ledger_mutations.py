"""Seeded mutations of a real ledger: every one is found against a witness, by both verifiers.

`make soak` tries a thousand; here each kind is tried nine times.
"""

from __future__ import annotations

import pytest

from tests.attacks.ledger_mutations import KINDS, make_bench, run

#: What leaves a ledger that agrees with itself: only a checkpoint from outside can tell.
UNSEEN_ALONE = {
    "edit, the rest recomputed",
    "delete, the rest recomputed",
    "reorder, the rest recomputed",
    "insert, the rest recomputed",
    "duplicate, the rest recomputed",
    "truncate, the end moved",
    "roll the database back",
    "join a fork, the end moved",
    "rows of another home, renamed and recomputed",
    "rewrite all and sign anew",
}


@pytest.mark.fault("G01")
@pytest.mark.fault("G04")
def test_g01_g04_every_mutation_is_found_against_a_witness_and_both_verifiers_agree(tmp_path):
    times = 9 * len(KINDS)
    tally = run(make_bench(tmp_path), times=times)
    # Control: a log that is only counted sees few of them.
    assert 0 < tally.seen_by_the_naive < times / 2
    assert tally.found == tally.tried
    assert tally.agreed == tally.tried
    # Without a witness, what a rewriter mended is not seen, and the report says so.
    assert {name for name in KINDS if not tally.found_alone[name]} == UNSEEN_ALONE
    for name in KINDS:
        assert tally.found_alone[name] in {0, tally.tried[name]}
        assert tally.missed_in_words[name] == tally.tried[name] - tally.found_alone[name]
