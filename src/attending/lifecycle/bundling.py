"""All that the home holds of one model, in one signed file that is verified without attending."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from attending.digests import canonical, digest_bytes, digests_in
from attending.errors import BadInput, NotFound
from attending.govern import bundle_verifier, standalone_verifier
from attending.lifecycle.desk import note
from attending.lifecycle.papers import pages
from attending.records.bundle import AuditBundle
from attending.records.ledger import Subject
from attending.stores import bundle as parts
from attending.stores.bundle_files import packed
from attending.stores.checkpoints import list_signature, origin_of, to_note, verifier_key
from attending.stores.files import write_once
from attending.stores.merkle import inclusion_proofs, leaf_hash

if TYPE_CHECKING:
    from attending.lifecycle.desk import Desk
    from attending.records.bundle import BundleReport
    from attending.records.ledger import Checkpoint

#: Records about other records, which come along with what they are about.
_ABOUT = frozenset(
    {
        *("approval", "seal", "withdrawal", "opening", "after_review", "delegation"),
        *("incident_step", "incident_impact", "incident_review", "retirement", "gate_decision"),
    }
)
#: Records of the home that every signature rests on.
_ALWAYS = frozenset({"key_change", "adopted_policy"})
#: What stays inside: counts of single months and bins may be of a few patients.
_INSIDE = frozenset({"watch_picture"})
_README = b"""An audit bundle of attending.

Verify it with Python alone, by verifiers that you got from a place that you trust:

    python -I -S bundle_verifier.py BUNDLE.tar [KEYS]

Copies of both verifiers are in verify/. list.json names every file by its SHA-256 and is signed;
entries.jsonl holds ledger entries, proofs.jsonl their paths to the root in checkpoint.note;
records/ and documents/ are named by their SHA-256. No row of a patient is in it.
"""


def export_bundle(desk: Desk, path: Path, *, model: str) -> AuditBundle:
    """Return the list of a bundle about one model, now written; the export is an entry itself.

    It holds the records of the model and those that they rest on, approvals and seals, readable
    documents, the ledger entries about them with proofs, the keys and a checkpoint. It holds no
    prediction, no row of a patient, and no file of the model.

    Args:
        desk: where, when and who.
        path: a file that is not there yet.
        model: its name.

    Raises:
        BadInput: there is a file.
        NotFound: no such model here.
        IntegrityBroken: a record is not what its name says, or the ledger contradicts itself.
    """
    if path.exists():
        raise BadInput("there is a file already", code="export.exists", where=str(path))
    digests = _digests(desk, model)
    if not digests:
        raise NotFound("there is no such model here", code="model.missing")
    with desk.home.database.transaction() as unit:
        subject = Subject(kind="model", digest=model)
        note(desk, unit, action="audit.export", subject=subject, details={"to": "bundle"})
    checkpoint = desk.home.make_checkpoint(at=desk.at)
    shown = {of: page for page, (_, of) in pages(desk).items() if of in digests}
    files = {
        "README.txt": _README,
        parts.NOTE: to_note(checkpoint).encode(),
        parts.KEYS: _keys(desk),
        **_verifiers(),
        **_entries(desk, checkpoint, {*digests, *shown.values(), model}),
        **{f"{parts.RECORDS}{one}.json": _record(desk, one) for one in digests},
        **{f"{parts.DOCUMENTS}{one}": desk.home.artifacts.read(one) for one in shown.values()},
    }
    bundle = AuditBundle(
        home_id=desk.home.settings.home_id,
        synthetic=desk.home.synthetic,
        model=model,
        made_at=desk.at,
        entries=checkpoint.size,
        root=checkpoint.root,
        files={name: digest_bytes(data) for name, data in files.items()},
    )
    write_once(path, packed({**files, **_signed(desk, bundle)}), mode=0o600)
    return bundle


def verify_bundle(path: Path, *, held: Path | None = None) -> BundleReport:
    """Return what a check of a bundle found; no home is needed.

    Args:
        path: of the bundle.
        held: a file of keys that the reader got elsewhere.

    Raises:
        BadInput: there is no such file.
        IntegrityBroken: it is no bundle, or its list is not what was signed.
    """
    return parts.verify_bundle(path, held=held)


def _digests(desk: Desk, model: str) -> set[str]:
    """Return the records of a model, those that they rest on, and those about any of them."""
    catalog = desk.home.catalog
    kinds = {line.digest: line.kind for line in catalog.list()}
    words = {one: digests_in(catalog.content(one)) & kinds.keys() for one in kinds}
    found = {line.digest for line in catalog.list(model=model) if line.kind not in _INSIDE}
    if not found:
        return found
    found |= {one for one, kind in kinds.items() if kind in _ALWAYS}
    while True:
        rest_on = {word for one in found for word in words[one]}
        about = {one for one, kind in kinds.items() if kind in _ABOUT and words[one] & found}
        if rest_on | about <= found:
            return found
        found |= rest_on | about


def _record(desk: Desk, digest: str) -> bytes:
    return canonical(desk.home.catalog.content(digest))


def _entries(desk: Desk, checkpoint: Checkpoint, subjects: set[str]) -> dict[str, bytes]:
    """Return the entries about some things, and beside each the path to the checkpoint's root."""
    ledger = desk.home.ledger
    bound = {line.seq for line in desk.home.catalog.list() if line.digest in subjects}
    seqs = sorted(seq for seq in ledger.about(subjects) | bound if seq < checkpoint.size)
    wanted, hashes, lines = set(seqs), [], []
    for seq, leaf in enumerate(ledger.leaves(0, checkpoint.size)):
        hashes.append(leaf_hash(leaf))
        if seq in wanted:
            lines.append(leaf + b"\n")
    paths = inclusion_proofs(hashes, seqs)
    proofs = [
        json.dumps({"path": [step.hex() for step in path], "seq": seq}, separators=(",", ":"))
        for seq, path in zip(seqs, paths, strict=True)
    ]
    text = "".join(f"{proof}\n" for proof in proofs).encode()
    return {parts.ENTRIES: b"".join(lines), parts.PROOFS: text}


def _keys(desk: Desk) -> bytes:
    origin = origin_of(desk.home.settings.home_id)
    lines = [verifier_key(origin, key) for key in desk.home.public_keys()]
    return "".join(f"{line}\n" for line in lines).encode()


def _verifiers() -> dict[str, bytes]:
    paths = [Path(str(module.__file__)) for module in (bundle_verifier, standalone_verifier)]
    return {f"verify/{path.name}": path.read_bytes() for path in paths}


def _signed(desk: Desk, bundle: AuditBundle) -> dict[str, bytes]:
    content = bundle.as_bytes()
    public, signature = desk.home.public_keys()[0], desk.home.sign(content)
    line = list_signature(bundle.home_id, public, signature)
    return {parts.LIST: content, parts.SIGNATURE: line}
