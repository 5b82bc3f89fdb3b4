"""An audit bundle checked offline: archive, signed list, checkpoint, proofs, records, seals.

`govern/bundle_verifier.py` does the same by other means, with the standard library alone.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
from typing import TYPE_CHECKING, Any

from attending import keys
from attending.digests import digest_bytes, short
from attending.errors import AttendingError, BadInput, IntegrityBroken
from attending.records.base import from_content
from attending.records.bundle import AuditBundle, BundleReport
from attending.records.governance import Approval
from attending.records.ledger import Finding
from attending.records.people import Seal
from attending.stores.bundle_files import read_archive
from attending.stores.checkpoints import from_note, list_signature, origin_of
from attending.stores.merkle import leaf_hash, verify_inclusion

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

LIST, SIGNATURE = "list.json", "list.sig"
KEYS, NOTE = "keys.txt", "checkpoint.note"
ENTRIES, PROOFS = "entries.jsonl", "proofs.jsonl"
RECORDS, DOCUMENTS = "records/", "documents/"
_KEY_LINE = re.compile(r"attending/[0-9A-Za-z._-]+\+[0-9a-f]{8}\+[A-Za-z0-9+/=]+")


def verify_bundle(path: Path, *, held: Path | None = None) -> BundleReport:
    """Return what a check of a bundle found.

    Args:
        path: of the bundle.
        held: a file of keys that the reader got elsewhere, such as the `keys.txt` of an export.

    Raises:
        BadInput: there is no such file.
        IntegrityBroken: it is no bundle, or its list is not what was signed.
    """
    files = read_archive(path)
    bundle, public = _listed(files)
    findings = [*_root(files, bundle), *_entries(files, bundle)]
    seals, approvals, found = _records(files, bundle)
    known = _public_keys(held.read_text(encoding="utf-8")) if held else ()
    if held and public not in known:
        findings.append(_finding("key", "the list is signed by a key that you do not hold"))
    return BundleReport(
        model=bundle.model,
        entries=bundle.entries,
        shown=files[ENTRIES].count(b"\n"),
        records=sum(name.startswith(RECORDS) for name in files),
        documents=sum(name.startswith(DOCUMENTS) for name in files),
        approvals=approvals,
        sealed=seals,
        key=public.hex(),
        key_held=held is not None,
        findings=(*findings, *found),
    )


def _listed(files: Mapping[str, bytes]) -> tuple[AuditBundle, bytes]:
    """Return the list, and the key whose signature of it is good."""
    try:
        content = files[LIST]
        bundle: AuditBundle = from_content(AuditBundle, json.loads(content))
        signature = bytes.fromhex(files[SIGNATURE].decode("ascii").split()[-1])
        public = _public_keys(files[KEYS].decode("ascii"))
        needed = {ENTRIES, PROOFS, NOTE, KEYS} <= bundle.files.keys()
    except (KeyError, ValueError, IndexError):
        needed, public = False, ()
    good = [key for key in public if needed and keys.verify(key, content, signature)]
    told = good and list_signature(bundle.home_id, good[0], signature)
    if not told or not hmac.compare_digest(files[SIGNATURE], told):
        raise IntegrityBroken(
            "the list of the bundle is not one that its keys signed",
            code="bundle.signature",
            hint="Ask for another copy.",
        )
    _check_files(files, bundle)
    return bundle, good[0]


def _public_keys(text: str) -> tuple[bytes, ...]:
    lines = text.splitlines()
    if not all(map(_KEY_LINE.fullmatch, lines)):
        raise BadInput("a line of the keys is no key", code="bundle.keys")
    return tuple(base64.b64decode(line.split("+", 2)[2])[1:] for line in lines)


def _check_files(files: Mapping[str, bytes], bundle: AuditBundle) -> None:
    """Refuse a bundle with other files, or other bytes in them, than its list says."""
    found = {name: digest_bytes(data) for name, data in files.items()}
    mine = {name: digest for name, digest in found.items() if name not in {LIST, SIGNATURE}}
    names = sorted(mine.keys() ^ bundle.files.keys())
    names += sorted(n for n in mine.keys() & bundle.files.keys() if mine[n] != bundle.files[n])
    if names:
        raise IntegrityBroken(
            f"{names[0]} is not what the list says ({len(names)} found)",
            code="bundle.changed",
            hint="Ask for another copy.",
        )


def _root(files: Mapping[str, bytes], bundle: AuditBundle) -> list[Finding]:
    try:
        trusted = _public_keys(files[KEYS].decode("ascii"))
        note = from_note(files[NOTE].decode("utf-8"), trusted=trusted)
    except (AttendingError, ValueError, KeyError):
        return [_finding("checkpoint", "the checkpoint is not one that the keys signed")]
    same = (note.origin, note.size, note.root) == (
        origin_of(bundle.home_id),
        bundle.entries,
        bundle.root,
    )
    return [] if same else [_finding("checkpoint", "the checkpoint is of another ledger")]


def _entries(files: Mapping[str, bytes], bundle: AuditBundle) -> list[Finding]:
    """Return the entries that no proof leads to the root."""
    lines, proofs = files.get(ENTRIES, b"").splitlines(), files.get(PROOFS, b"").splitlines()
    if len(lines) != len(proofs):
        return [_finding("proof", "there are not as many proofs as entries")]
    found: list[Finding] = []
    for line, said in zip(lines, proofs, strict=True):
        try:
            proof = json.loads(said)
            steps = [bytes.fromhex(step) for step in proof["path"]]
            seq, inside = proof["seq"], json.loads(line)["seq"] == proof["seq"]
        except (ValueError, KeyError, TypeError):
            return [*found, _finding("proof", "a proof cannot be read")]
        good = inside and verify_inclusion(
            leaf_hash(line),
            seq,
            size=bundle.entries,
            proof=steps,
            root=bytes.fromhex(bundle.root),
        )
        if not good:
            found.append(_finding("proof", f"entry {seq} is not in the ledger", seq))
    return found


def _records(files: Mapping[str, bytes], bundle: AuditBundle) -> tuple[int, int, list[Finding]]:
    """Return the good seals, the approvals, and what is wrong with records and documents."""
    text = files.get(ENTRIES, b"")
    contents: dict[str, Any] = {}
    findings = []
    for name, data in files.items():
        if not name.startswith((RECORDS, DOCUMENTS)):
            continue
        digest = name.split("/")[1].split(".")[0]
        if digest_bytes(data) != digest:
            findings.append(_finding("record", f"{name} is not what its name says"))
        elif f'"{digest}"'.encode() not in text:
            findings.append(_finding("record", f"no entry speaks of {short(digest)}"))
        elif name.startswith(RECORDS):
            contents[digest] = json.loads(data)
    approvals = {one for one, said in contents.items() if said["kind"] == Approval.kind}
    seals = [said for said in contents.values() if said["kind"] == Seal.kind]
    trusted = _public_keys(files[KEYS].decode("ascii"))
    bad = [said for said in seals if not _sealed(said, bundle.home_id, trusted)]
    findings += [_finding("seal", f"the seal of {short(one['approval'])} is bad") for one in bad]
    good = {said["approval"] for said in seals if said not in bad}
    return len(approvals & good), len(approvals), findings


def _sealed(seal: Mapping[str, str], home_id: str, trusted: Sequence[bytes]) -> bool:
    public = bytes.fromhex(seal["public_key"])
    text = sealed_text(home_id, seal["approval"])
    return public in trusted and keys.verify(public, text, bytes.fromhex(seal["signature"]))


def sealed_text(home_id: str, approval: str) -> bytes:
    """Return what is sealed: the purpose, the home and the approval, so that none is exchanged."""
    return f"attending approval\n{home_id}\n{approval}\n".encode()


def _finding(code: str, message: str, seq: int | None = None) -> Finding:
    return Finding(code=f"bundle.{code}", message=message, seq=seq)
