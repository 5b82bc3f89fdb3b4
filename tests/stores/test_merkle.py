"""The Merkle tree: published vectors, proofs, and two verifiers that agree on forged ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from attending.govern import standalone_verifier as second
from attending.stores import merkle

HOW = ["flip", "swap", "cut", "empty", "more", "index", "size", "leaf", "root"]
LEAVES = [merkle.leaf_hash(bytes([97 + at])) for at in range(5)]
ROOTS = [
    "022a6979e6dab7aa5ae4c3e5e45f7e977112a7e63593820dbec1ec738a24f93c",
    "b137985ff484fb600db93107c77b0365c80d78f5b429ded0fd97361d077999eb",
    "36642e73c2540ab121e3a6bf9545b0a24982cd830eb13d3cd19de3ce6c021ec1",
    "33376a3bd63e9993708a84ddfe6c28ae58b83505dd1fed711bd924ec5a6239f0",
    "fe14a5426fbd70c0fa73f52342afed0da0bd23c4838662ccf6b88a3070ead97b",
]


def test_roots_are_those_of_the_published_vectors():
    found = [merkle.root_of(LEAVES[: size + 1]).hex() for size in range(5)]
    assert found == ROOTS
    assert [second.root(second.levels(LEAVES), size + 1).hex() for size in range(5)] == ROOTS
    assert merkle.root_of([]) == second.root(second.levels([]), 0) == merkle.EMPTY_ROOT


def test_proofs_are_those_of_the_published_vectors():
    inclusion = [step.hex()[:16] for step in merkle.inclusion_proof(LEAVES, 2)]
    assert inclusion == ["d070dc5b8da9aea7", "b137985ff484fb60", "2824a7ccda2caa72"]
    consistency = [step.hex()[:16] for step in merkle.consistency_proof(LEAVES, 3)]
    assert consistency == [
        "597fcb31282d3465",
        "d070dc5b8da9aea7",
        "b137985ff484fb60",
        "2824a7ccda2caa72",
    ]


def test_every_true_proof_is_accepted_up_to_33_leaves():
    leaves = [merkle.leaf_hash(bytes([at])) for at in range(33)]
    for size in range(1, 34):
        tree = leaves[:size]
        root = merkle.root_of(tree)
        assert root == second.root(second.levels(leaves), size)
        for index in range(size):
            proof = merkle.inclusion_proof(tree, index)
            assert merkle.verify_inclusion(tree[index], index, size=size, proof=proof, root=root)
            assert second.included(tree[index], index, size=size, path=proof, top=root)
        for old in range(1, size + 1):
            proof = merkle.consistency_proof(tree, old)
            before = (old, merkle.root_of(tree[:old]))
            assert merkle.verify_consistency(before, (size, root), proof=proof)


def test_a_compact_range_is_the_same_after_packing():
    tree = merkle.CompactRange()
    for leaf in LEAVES:
        tree.append(leaf)
        assert merkle.CompactRange.unpack(tree.size, tree.pack()).root() == tree.root()
    with pytest.raises(ValueError, match="2 peaks"):
        merkle.CompactRange.unpack(5, tree.pack()[:-1])


def _forged(seed: int, count: int):
    """Yield true inclusion claims of which one part was changed."""
    draw = np.random.default_rng(seed)
    leaves = [merkle.leaf_hash(bytes([at])) for at in range(40)]
    while count:
        size = int(draw.integers(2, 41))
        index = int(draw.integers(size))
        tree = leaves[:size]
        claim: dict[str, Any] = {
            "leaf": tree[index],
            "index": index,
            "size": size,
            "proof": merkle.inclusion_proof(tree, index),
            "root": merkle.root_of(tree),
        }
        true = dict(claim, proof=list(claim["proof"]))
        how = HOW[draw.integers(len(HOW))]
        proof = claim["proof"]
        if how == "flip":
            at = int(draw.integers(len(proof)))
            proof[at] = bytes([proof[at][0] ^ 1]) + proof[at][1:]
        elif how == "swap":
            proof.reverse()
        elif how == "cut":
            proof.pop(int(draw.integers(len(proof))))
        elif how == "empty":
            proof.clear()
        elif how == "more":
            proof.append(proof[-1])
        elif how == "index":
            claim["index"] = [-1, size, (index + 1) % size][draw.integers(3)]
        elif how == "size":
            claim["size"] = [0, -1, size * 4][draw.integers(3)]
        else:
            claim[how] = leaves[(index + 1) % 40]
        if claim == true:
            continue
        count -= 1
        yield claim


@pytest.mark.fault("G06")
def test_forged_proofs_are_refused_by_both_verifiers():
    accepted_by_the_naive = first = also = 0
    for claim in _forged(seed=6, count=600):
        # Control: a check that only asks whether the root is a hash lets them in.
        accepted_by_the_naive += len(claim["root"]) == 32
        by_store = merkle.verify_inclusion(
            claim["leaf"],
            claim["index"],
            size=claim["size"],
            proof=claim["proof"],
            root=claim["root"],
        )
        by_second = second.included(
            claim["leaf"],
            claim["index"],
            size=claim["size"],
            path=claim["proof"],
            top=claim["root"],
        )
        assert by_store == by_second
        first += by_store
        also += by_second
    assert accepted_by_the_naive == 600
    assert first == also == 0


def test_forged_consistency_proofs_are_refused():
    leaves = [merkle.leaf_hash(bytes([at])) for at in range(20)]
    new = (20, merkle.root_of(leaves))
    for old in range(1, 20):
        before = (old, merkle.root_of(leaves[:old]))
        proof = merkle.consistency_proof(leaves, old)
        assert not merkle.verify_consistency(before, new, proof=proof[:-1])
        assert not merkle.verify_consistency(before, new, proof=[*proof, proof[-1]])
        assert not merkle.verify_consistency((old + 1, before[1]), new, proof=proof)
        rewritten = [merkle.leaf_hash(b"x"), *leaves[1:]]
        assert not merkle.verify_consistency(before, (20, merkle.root_of(rewritten)), proof=proof)
    assert not merkle.verify_consistency((0, merkle.EMPTY_ROOT), new, proof=[])
