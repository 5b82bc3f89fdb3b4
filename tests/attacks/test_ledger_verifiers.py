"""The store's audit and the standard-library verifier agree on a corpus of tampered exports."""

from __future__ import annotations

import ast
import base64
import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from attending import keys
from attending.govern import standalone_verifier as second
from attending.stores.checkpoints import from_note
from tests.stores.homes import filled_home

VERIFIER = Path(second.__file__)


@pytest.fixture(scope="module")
def export(tmp_path_factory):
    root = tmp_path_factory.mktemp("export")
    home = filled_home(root / "home")
    home.ledger.export(root / "out")
    home.close()
    return root / "out"


def _run(folder) -> subprocess.CompletedProcess:
    # -I -S: no site packages, no variables of ours.
    command = [sys.executable, "-I", "-S", str(VERIFIER), str(folder)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_it_stands_alone_and_is_short():
    text = VERIFIER.read_text()
    assert len(text.splitlines()) < 200
    names = {
        node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.Import, ast.ImportFrom))
    }
    assert names <= {*sys.stdlib_module_names, "__future__"}


def test_it_verifies_an_export_and_refuses_a_changed_one(export, tmp_path):
    done = _run(export)
    assert (done.returncode, done.stdout.split(":")[0]) == (0, "verified")
    copy = shutil.copytree(export, tmp_path / "copy")
    (copy / "ledger.jsonl").write_bytes(
        (copy / "ledger.jsonl").read_bytes().replace(b"ann", b"bob")
    )
    assert _run(copy).returncode == 4
    assert _run(tmp_path / "nothing").returncode == 2


@pytest.mark.fault("G06")
def test_both_refuse_every_one_of_200_tampered_exports(export, tmp_path):
    draw = np.random.default_rng(6)
    lines = (export / "ledger.jsonl").read_bytes().splitlines(keepends=True)
    copy = shutil.copytree(export, tmp_path / "copy")
    accepted = seen_by_the_naive = tried = 0
    while tried < 200:
        changed = _tampered(draw, list(lines))
        if changed == lines:
            continue
        tried += 1
        (copy / "ledger.jsonl").write_bytes(b"".join(changed))
        wrong, _, _ = second.verify(copy)
        accepted += not wrong
        # Control: counting entries is all that a plain log could do.
        seen_by_the_naive += len(changed) != len(lines)
    assert accepted == 0
    assert seen_by_the_naive < tried


def _tampered(draw, lines):
    first, other = (int(at) for at in draw.integers(0, len(lines), 2))
    how = int(draw.integers(6))
    if how == 0:
        line = bytearray(lines[first])
        line[int(draw.integers(len(line) - 1))] ^= 1 << int(draw.integers(7))
        lines[first] = bytes(line)
    elif how == 1:
        del lines[first]
    elif how == 2:
        lines[first], lines[other] = lines[other], lines[first]
    elif how == 3:
        lines.insert(first, lines[other])
    elif how == 4:
        del lines[min(first, 35) :]
    else:
        lines[first] = lines[first].replace(b":true", b": true")
    return lines


def test_both_answer_alike_on_400_checkpoints_that_were_tampered_with(export):
    draw = np.random.default_rng(7)
    note = max((export / "checkpoints").iterdir()).read_bytes()
    ledger = note.split(b"\n")[0].decode().removeprefix("attending/")
    text = (export / "keys.txt").read_text().strip()
    name, number, key = text.split("+", 2)
    public = base64.b64decode(key)[1:]
    leaves = [
        hashlib.sha256(b"\0" + line).digest()
        for line in (export / "ledger.jsonl").read_bytes().split(b"\n")[:-1]
    ]
    for _ in range(400):
        changed = bytearray(note)
        changed[int(draw.integers(len(note)))] ^= 1 << int(draw.integers(7))
        fault = second.check_note(
            bytes(changed), {f"{name}+{number}": public}, tree=second.levels(leaves), ledger=ledger
        )
        try:
            found = from_note(bytes(changed).decode(), trusted=[public])
            sound = found.origin == f"attending/{ledger}"
        except Exception:  # noqa: BLE001 - any refusal counts as one here
            sound = False
        assert fault
        assert not sound


def test_its_signatures_are_those_of_the_library_on_good_and_changed_ones():
    draw = np.random.default_rng(8)
    for number in range(12):
        private = draw.bytes(32)
        public, message = keys.public_key(private), draw.bytes(number * 7)
        signature = keys.sign(private, message)
        assert second.signed(public, message, signature)
        assert not second.signed(public, message + b"x", signature)
        high = int.from_bytes(signature[32:], "little") + second.L
        malleable = signature[:32] + high.to_bytes(32, "little")
        for bad in (bytes([signature[0] ^ 1]) + signature[1:], malleable, signature[:-1]):
            assert second.signed(public, message, bad) is keys.verify(public, message, bad) is False


def test_its_signatures_are_those_of_rfc_8032():
    public = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
    signature = bytes.fromhex(
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
    )
    assert second.signed(public, b"", signature)
    assert not second.signed(public, b"\0", signature)
