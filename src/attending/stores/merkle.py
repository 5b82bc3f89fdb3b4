"""The Merkle tree of RFC 9162: leaf and node hashes, roots, inclusion and consistency proofs.

`govern/standalone_verifier.py` holds a second implementation on purpose; tests hold them together.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf, SHA-256(0x00 || data).

    >>> leaf_hash(b"a").hex()[:16]
    '022a6979e6dab7aa'
    """
    return hashlib.sha256(b"\0" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node, SHA-256(0x01 || left || right)."""
    return hashlib.sha256(b"\1" + left + right).digest()


@dataclass
class CompactRange:
    """The roots of the perfect subtrees of a tree, so that a leaf is added without the others.

    >>> tree = CompactRange()
    >>> for data in (b"a", b"b", b"c"):
    ...     tree.append(leaf_hash(data))
    >>> tree.root().hex()[:16]
    '36642e73c2540ab1'
    """

    size: int = 0
    peaks: list[bytes] = field(default_factory=list)

    @classmethod
    def unpack(cls, size: int, packed: bytes) -> CompactRange:
        """Return the range of a given size whose peaks stand one after the other in `packed`.

        Raises:
            ValueError: not as many peaks as a tree of that size has.
        """
        if len(packed) != HASH_BYTES * size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks")
        cuts = range(0, len(packed), HASH_BYTES)
        return cls(size, [packed[at : at + HASH_BYTES] for at in cuts])

    def pack(self) -> bytes:
        """Return the peaks, largest first, one after the other."""
        return b"".join(self.peaks)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash at the right."""
        node, size, peaks = leaf, self.size, self.peaks
        while size & 1:
            node = hashlib.sha256(b"\1" + peaks.pop() + node).digest()
            size >>= 1
        peaks.append(node)
        self.size += 1

    def extend(self, leaves: Sequence[bytes]) -> None:
        """Add many leaf hashes at the right, whole subtrees at a time.

        >>> one, other = CompactRange(), CompactRange()
        >>> many = [leaf_hash(bytes([at])) for at in range(11)]
        >>> one.extend(many[:3])
        >>> one.extend(many[3:])
        >>> for leaf in many:
        ...     other.append(leaf)
        >>> one == other
        True
        """
        at = 0
        while at < len(leaves):
            # The largest whole subtree that begins where the tree ends and is there already.
            width = 1 << ((len(leaves) - at).bit_length() - 1)
            width = min(width, self.size & -self.size) if self.size else width
            self._add_subtree(_top(leaves[at : at + width]), width)
            at += width

    def _add_subtree(self, node: bytes, width: int) -> None:
        filled = self.size // width
        while filled & 1:
            node = node_hash(self.peaks.pop(), node)
            filled >>= 1
        self.peaks.append(node)
        self.size += width

    def root(self) -> bytes:
        """Return the Merkle root of all leaves so far."""
        if not self.peaks:
            return EMPTY_ROOT
        *rest, node = self.peaks
        for peak in reversed(rest):
            node = node_hash(peak, node)
        return node


def _top(level: Sequence[bytes]) -> bytes:
    """Return the root of a whole subtree, whose leaves are a power of two."""
    sha256 = hashlib.sha256
    while len(level) > 1:
        pairs = iter(level)
        level = [sha256(b"\1" + left + next(pairs)).digest() for left in pairs]
    return level[0]


def root_of(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle root of leaf hashes.

    >>> root_of([]).hex()[:8]
    'e3b0c442'
    """
    tree = CompactRange()
    tree.extend(leaves)
    return tree.root()


def split(size: int) -> int:
    """Return the largest power of two that is less than `size`, which is 2 or more.

    >>> split(2), split(5), split(8)
    (1, 4, 4)
    """
    return 1 << ((size - 1).bit_length() - 1)


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Return the path that shows that a leaf is in the tree.

    >>> [step.hex()[:8] for step in inclusion_proof([leaf_hash(x) for x in (b"a", b"b")], 0)]
    ['57eb3561']
    """
    if len(leaves) <= 1:
        return []
    cut = split(len(leaves))
    if index < cut:
        return [*inclusion_proof(leaves[:cut], index), root_of(leaves[cut:])]
    return [*inclusion_proof(leaves[cut:], index - cut), root_of(leaves[:cut])]


def inclusion_proofs(leaves: Sequence[bytes], indexes: Sequence[int]) -> list[list[bytes]]:
    """Return the paths of many leaves, each node hashed once.

    >>> leaves = [leaf_hash(bytes([n])) for n in range(7)]
    >>> inclusion_proofs(leaves, [2, 6]) == [inclusion_proof(leaves, n) for n in (2, 6)]
    True
    """
    levels = [list(leaves)]
    while len(levels[-1]) > 1:
        level = levels[-1]
        pairs = [node_hash(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        levels.append(pairs + level[len(level) & ~1 :])
    return [
        [
            level[(index >> height) ^ 1]
            for height, level in enumerate(levels[:-1])
            if (index >> height) ^ 1 < len(level)
        ]
        for index in indexes
    ]


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Return the path that shows that the tree of `old_size` leaves is the start of this one."""
    return _subproof(leaves, old_size, whole=True) if 0 < old_size < len(leaves) else []


def _subproof(leaves: Sequence[bytes], old_size: int, *, whole: bool) -> list[bytes]:
    if old_size == len(leaves):
        return [] if whole else [root_of(leaves)]
    cut = split(len(leaves))
    if old_size <= cut:
        return [*_subproof(leaves[:cut], old_size, whole=whole), root_of(leaves[cut:])]
    return [*_subproof(leaves[cut:], old_size - cut, whole=False), root_of(leaves[:cut])]


def _up(first: int, second: int) -> tuple[int, int]:
    """Return both indexes shifted until the first is odd, or nothing is left of it."""
    while first and not first & 1:
        first, second = first >> 1, second >> 1
    return first, second


def verify_inclusion(
    leaf: bytes, index: int, *, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Return whether the proof shows that the leaf stands at `index` of the tree.

    References:
        RFC 9162, 2.1.3.2.

    >>> a, b = leaf_hash(b"a"), leaf_hash(b"b")
    >>> verify_inclusion(a, 0, size=2, proof=[b], root=node_hash(a, b))
    True
    >>> verify_inclusion(a, 1, size=2, proof=[b], root=node_hash(a, b))
    False
    """
    if not 0 <= index < size:
        return False
    at, last, node = index, size - 1, leaf
    for step in proof:
        if last == 0 or len(step) != HASH_BYTES:
            return False
        if at & 1 or at == last:
            node = node_hash(step, node)
            at, last = _up(at, last)
        else:
            node = node_hash(node, step)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def verify_consistency(
    old: tuple[int, bytes], new: tuple[int, bytes], *, proof: Sequence[bytes]
) -> bool:
    """Return whether the proof shows that the old tree (size, root) is the start of the new one.

    References:
        RFC 9162, 2.1.4.2.
    """
    (old_size, old_root), (new_size, new_root) = old, new
    if not 0 < old_size <= new_size:
        return False
    if old_size == new_size:
        return not proof and old_root == new_root
    path = list(proof) if old_size & (old_size - 1) else [old_root, *proof]
    if not path or any(len(step) != HASH_BYTES for step in path):
        return False
    return _climb(old_size - 1, new_size - 1, path) == (old_root, new_root)


def _climb(first: int, second: int, path: list[bytes]) -> tuple[bytes, bytes] | None:
    """Return the two roots that a consistency path leads to, or None when it does not fit."""
    while first & 1:
        first, second = first >> 1, second >> 1
    old = new = path[0]
    for step in path[1:]:
        if second == 0:
            return None
        if first & 1 or first == second:
            old, new = node_hash(step, old), node_hash(step, new)
            first, second = _up(first, second)
        else:
            new = node_hash(new, step)
        first, second = first >> 1, second >> 1
    return (old, new) if second == 0 else None
