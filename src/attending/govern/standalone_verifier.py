"""Verify an exported ledger with the standard library alone.

Run it as `python standalone_verifier.py EXPORT [WITNESS ...]`; a WITNESS is a folder of checkpoints
that was kept elsewhere. It repeats, by other means, what the store's own audit does, so that an
error in one shows in the other: numbers, links, canonical form, columns, end, Merkle root,
checkpoints. Exit code 0 when all is well, 4 when not, 2 when there is no export.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from pathlib import Path

# Ed25519 (RFC 8032), in affine words: prime, group order, curve constant.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int, int, int]
Tree = list[list[bytes]]
ZERO: Point = (0, 1, 1, 0)
COLUMNS = ("seq", "at", "actor", "action", "subject_kind", "subject")


def add(a: Point, b: Point) -> Point:
    """Return the sum of two points in extended coordinates."""
    e = (a[1] - a[0]) * (b[1] - b[0]) % P
    f = (a[1] + a[0]) * (b[1] + b[0]) % P
    g, h = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    i, j, k, m = f - e, h - g, h + g, f + e
    return i * j % P, k * m % P, j * k % P, i * m % P


def times(factor: int, point: Point) -> Point:
    """Return a point added to itself `factor` times."""
    total = ZERO
    while factor:
        total = add(total, point) if factor & 1 else total
        point, factor = add(point, point), factor >> 1
    return total


def encode(point: Point) -> bytes:
    """Return the 32 bytes of a point."""
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return (y | (x & 1) << 255).to_bytes(32, "little")


def decode(data: bytes) -> Point | None:
    """Return the point of 32 bytes, None when there is none."""
    word = int.from_bytes(data, "little")
    sign, y = word >> 255, word & (1 << 255) - 1
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P  # by a root of -1
    if y >= P or (x * x - square) % P or (x == 0 and sign):
        return None
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


BASE = decode((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))


def signed(public: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether an Ed25519 signature is good."""
    point, s = decode(public), int.from_bytes(signature[32:], "little")
    if point is None or BASE is None or len(signature) != 64 or s >= L:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    negative = (P - point[0], point[1], point[2], P - point[3])
    return encode(add(times(s, BASE), times(h, negative))) == signature[:32]


def node(left: bytes, right: bytes) -> bytes:
    """Return the hash of a Merkle node (RFC 9162)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def levels(leaves: list[bytes]) -> Tree:
    """Return the complete nodes of a Merkle tree, from its leaves up."""
    found = [leaves]
    while len(found[-1]) > 1:
        last = iter(found[-1])
        found.append([node(left, right) for left, right in zip(last, last, strict=False)])
    return found


def root(tree: Tree, size: int) -> bytes:
    """Return the Merkle root of the first `size` leaves: an odd last node goes up as it is."""
    top = None
    for height, level in enumerate(tree):
        if size >> height & 1:
            peak = level[(size >> height) - 1]
            top = node(peak, top) if top else peak
    return top or hashlib.sha256(b"").digest()


def included(leaf: bytes, index: int, *, size: int, path: list[bytes], top: bytes) -> bool:
    """Return whether a path leads from a leaf to the root, by walking down from the root."""

    def up(at: int, width: int, steps: list[bytes]) -> bytes | None:
        if width == 1 or not steps or len(steps[-1]) != 32:
            return leaf if width == 1 and not steps else None
        half = 1 << (width - 1).bit_length() - 1
        if at < half:
            left = up(at, half, steps[:-1])
            return left and node(left, steps[-1])
        right = up(at - half, width - half, steps[:-1])
        return right and node(steps[-1], right)

    return 0 <= index < size and up(index, size, path) == top


def check_line(line: bytes, seq: int, *, previous: str, ledger: str | None, row: object) -> str:
    """Return what is wrong with one entry, or with the store's columns of it; else empty."""
    try:
        entry = json.loads(line)
        form = json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except (ValueError, RecursionError):
        return f"entry {seq} cannot be read"
    if not isinstance(entry, dict) or form.encode("utf-8", "replace") != line:
        return f"entry {seq} is not in canonical form"
    if entry.get("seq") != seq or isinstance(entry.get("seq"), bool):
        return f"entry {seq} has the number {entry.get('seq')}"
    if entry.get("previous") != previous:
        return f"entry {seq} does not follow entry {seq - 1}"
    if ledger is not None and entry.get("ledger_id") != ledger:
        return f"entry {seq} comes from another ledger"
    same = row is None or row == [entry.get(name) for name in COLUMNS]
    return "" if same else f"entry {seq} has other columns than content"


def check_note(note: bytes, keys: dict[str, bytes], *, tree: Tree, ledger: str) -> str:
    """Return what is wrong with one checkpoint, empty when nothing is."""
    try:
        body, line = note.decode().split("\n\n")
        origin, size, top, instant = body.split("\n")
        dash, name, text = line.removesuffix("\n").split(" ")
        data = base64.b64decode(text, validate=True)
        wanted = base64.b64decode(top, validate=True)
    except ValueError:
        return "is not a checkpoint"
    shaped = (dash, name) == ("\u2014", origin) and instant.startswith("at ")
    if not shaped or not size.isdecimal() or origin != f"attending/{ledger}":
        return "is not a checkpoint of this ledger"
    if (public := keys.get(f"{name}+{data[:4].hex()}")) is None:
        return "is signed by a key that is not in keys.txt"
    if not signed(public, f"{body}\n".encode(), data[4:]):
        return "has a bad signature"
    if int(size) > len(tree[0]):
        return f"witnessed {size} entries, there are {len(tree[0])}"
    return "" if root(tree, int(size)) == wanted else f"contradicts the first {size} entries"


def verify(folder: Path, *kept: Path) -> tuple[list[str], int, str]:
    """Return what is wrong with an export, by its own checkpoints and those kept elsewhere."""
    wrong, leaves = list[str](), list[bytes]()
    ledger, previous, store = None, "0" * 64, folder / "store.jsonl"
    said = map(json.loads, store.read_bytes().splitlines() if store.is_file() else ())
    lines = (folder / "ledger.jsonl").read_bytes().split(b"\n")[:-1]
    for seq, line in enumerate(lines):
        fault = check_line(line, seq, previous=previous, ledger=ledger, row=next(said, None))
        wrong += [fault] if fault else []
        ledger = json.loads(line)["ledger_id"] if ledger is None and not fault else ledger
        leaves.append(hashlib.sha256(b"\0" + line).digest())
        previous = leaves[-1].hex()
    tree = levels(leaves)
    top = root(tree, len(leaves)).hex()
    if store.is_file() and [*said] != [{"head": previous, "root": top, "size": len(leaves)}]:
        wrong.append("the store says that its ledger ends elsewhere")
    parts = (text.split("+", 2) for text in (folder / "keys.txt").read_text().splitlines())
    keys = {f"{name}+{number}": base64.b64decode(key)[1:] for name, number, key in parts}
    notes = (sorted(place.glob("*.note")) for place in (folder / "checkpoints", *kept))
    for path in (path for found in notes for path in found):
        fault = check_note(path.read_bytes(), keys, tree=tree, ledger=ledger or "")
        wrong += [f"checkpoint {path.name} {fault}"] if fault else []
    return wrong, len(leaves), top


def main(arguments: list[str]) -> int:
    """Return the exit code after printing what was found."""
    folder, *kept = map(Path, arguments or ["."])
    there = (folder / "ledger.jsonl").is_file() and (folder / "keys.txt").is_file()
    if not there or not all(place.is_dir() for place in kept):
        sys.stderr.write("usage: standalone_verifier.py EXPORT [WITNESS ...], both folders\n")
        return 2
    wrong, size, top = verify(folder, *kept)
    sys.stdout.write("".join(f"{line}\n" for line in wrong))
    sys.stdout.write(f"{'broken' if wrong else 'verified'}: {size} entries, root {top}\n")
    return 4 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
