"""Verify an audit bundle with the standard library alone.

Run it as `python bundle_verifier.py BUNDLE [KEYS]`, with `standalone_verifier.py` beside it, whose
arithmetic it uses. It imports nothing of attending. KEYS is a file of keys that you hold from
elsewhere; without it, who could replace the whole bundle could sign it with another key.
Exit code 0 when all is well, 4 when not, 2 when there is no bundle.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import runpy
import sys
import tarfile
from pathlib import Path
from typing import Any

BLOCK, MOST_BYTES, MOST_FILES = 512, 1 << 29, 200_000
NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)*", re.ASCII)
BESIDE: dict[str, Any] = runpy.run_path(
    str(Path(__file__).with_name("standalone_verifier.py")), run_name="beside"
)


class Broken(Exception):
    """Something in the bundle is not what it was."""


def members(data: bytes) -> dict[str, bytes]:
    """Return the files by name, every header made again and compared; nothing is unpacked."""
    found: dict[str, bytes] = {}
    at, last = 0, ""
    while any(header := data[at : at + BLOCK]):
        name = header[:100].rstrip(b"\0").decode("ascii", "replace")
        size = int(header[124:135], 8) if re.fullmatch(rb"[0-7]{11}", header[124:135]) else -1
        told = tarfile.TarInfo(name)
        told.size = max(size, 0)
        end = at + BLOCK + told.size
        padded = end + -told.size % BLOCK
        same = NAME.fullmatch(name) and header == told.tobuf(tarfile.USTAR_FORMAT, "ascii")
        if not same or size < 0 or padded > len(data) or any(data[end:padded]) or name <= last:
            raise Broken(f"member {len(found) + 1} of the archive is not as it was packed")
        found[name] = data[at + BLOCK : end]
        at, last = padded, name
        if len(found) > MOST_FILES:
            raise Broken("the archive has too many members")
    if data[at:] != bytes(2 * BLOCK):
        raise Broken("the archive does not end where its last member ends")
    return found


def public_keys(text: str) -> dict[str, bytes]:
    """Return the public keys of a file of keys by their line."""
    lines = text.splitlines()
    return {line: base64.b64decode(line.split("+", 2)[2], validate=True)[1:] for line in lines}


def check_list(
    files: dict[str, bytes], *, kind: str = "audit_bundle"
) -> tuple[dict[str, Any], str]:
    """Return the list and the line of the key that signed it, every file found as it says."""
    line, signature = files["list.sig"].decode("ascii").removesuffix("\n").split(" ")
    known = public_keys(files["keys.txt"].decode("ascii"))
    exact = files["list.sig"] == f"{line} {bytes.fromhex(signature).hex()}\n".encode()
    message = files["list.json"]
    exact = exact and line in known
    if not exact or not BESIDE["signed"](known[line], message, bytes.fromhex(signature)):
        raise Broken("the list is not one that the keys signed")
    said = json.loads(message)
    names = files.keys() - {"list.json", "list.sig"}
    if said.get("kind") != kind or names != said["files"].keys():
        raise Broken("the list names other files than there are")
    for name in sorted(names):
        if hashlib.sha256(files[name]).hexdigest() != said["files"][name]:
            raise Broken(f"{name} is not what the list says")
    return said, line


def check_note(files: dict[str, bytes], said: dict[str, Any]) -> bytes:
    """Return the Merkle root of the checkpoint, which the keys signed for this ledger."""
    body, line = files["checkpoint.note"].decode().split("\n\n")
    origin, size, top, _ = body.split("\n")
    raw = base64.b64decode(line.removesuffix("\n").split(" ")[2], validate=True)
    known = public_keys(files["keys.txt"].decode("ascii")).values()
    good = any(BESIDE["signed"](key, f"{body}\n".encode(), raw[4:]) for key in known)
    root = base64.b64decode(top, validate=True)
    wanted = (f"attending/{said['home_id']}", str(said["entries"]), said["root"])
    if not good or (origin, size, root.hex()) != wanted:
        raise Broken("the checkpoint is not one of this ledger that the keys signed")
    return root


def check_entries(files: dict[str, bytes], said: dict[str, Any]) -> int:
    """Return how many entries the checkpoint's root speaks of, each by its proof."""
    root, size = check_note(files, said), said["entries"]
    lines, proofs = files["entries.jsonl"].splitlines(), files["proofs.jsonl"].splitlines()
    if len(lines) != len(proofs):
        raise Broken("there are not as many proofs as entries")
    for entry, proof in zip(lines, map(json.loads, proofs), strict=True):
        leaf, path = hashlib.sha256(b"\0" + entry).digest(), list(map(bytes.fromhex, proof["path"]))
        place = proof["seq"]
        same = json.loads(entry)["seq"] == place
        if not same or not BESIDE["included"](leaf, place, size=size, path=path, top=root):
            raise Broken(f"entry {place} is not in the ledger")
    return len(lines)


def check_records(files: dict[str, bytes], said: dict[str, Any]) -> int:
    """Return how many records and documents are what their names and the entries say."""
    text, count = files["entries.jsonl"], 0
    known = set(public_keys(files["keys.txt"].decode("ascii")).values())
    for name, data in files.items():
        if not name.startswith(("records/", "documents/")):
            continue
        digest, count = name.split("/")[1].split(".")[0], count + 1
        if hashlib.sha256(data).hexdigest() != digest:
            raise Broken(f"{name} is not what its name says")
        if f'"{digest}"'.encode() not in text:
            raise Broken(f"no entry speaks of {name}")
        record = json.loads(data) if name.startswith("records/") else {"kind": "document"}
        if record["kind"] == "seal":
            message = f"attending approval\n{said['home_id']}\n{record['approval']}\n".encode()
            public, signature = bytes.fromhex(record["public_key"]), record["signature"]
            good = BESIDE["signed"](public, message, bytes.fromhex(signature))
            if public not in known or not good:
                raise Broken(f"the seal {name} is bad")
    return count


def verify(bundle: Path, held: Path | None) -> str:
    """Return in a sentence what was shown."""
    if bundle.stat().st_size > MOST_BYTES:
        raise Broken("the file is larger than any bundle")
    try:
        files = members(bundle.read_bytes())
        said, line = check_list(files)
        entries, records = check_entries(files, said), check_records(files, said)
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        raise Broken("a part of it cannot be read") from None
    if held is not None and line not in public_keys(held.read_text()):
        raise Broken("the list is signed by a key that you do not hold")
    whose = "which you hold" if held else "NOT compared with a key that you hold"
    counts = f"{entries} of {said['entries']} entries, {records} records and documents"
    return f"verified: {said['model']}, {counts}; key {line[:60]}, {whose}"


def main(arguments: list[str]) -> int:
    """Return the exit code after printing what was found."""
    paths = [Path(one) for one in arguments]
    if len(paths) not in {1, 2} or not all(path.is_file() for path in paths):
        sys.stderr.write("usage: bundle_verifier.py BUNDLE [KEYS]\n")
        return 2
    try:
        said = verify(paths[0], paths[1] if len(paths) == 2 else None)
    except Broken as error:
        sys.stdout.write(f"broken: {error}\n")
        return 4
    sys.stdout.write(f"{said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
