"""Hostile contracts: each is refused by name within 5 seconds and 500 MB, and nothing runs."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent / "yaml"
MEGABYTE = 1 << 20
CODES = {
    "alias_bomb": "spec.alias",
    "alias_to_itself": "spec.alias",
    "anchor_alone": "spec.alias",
    "bom_in_the_middle": "spec.unknown_field",
    "bom_utf16": "spec.encoding",
    "boolean_for_number": "spec.float",
    "control_characters": "spec.yaml",
    "duplicate_key": "spec.duplicate_key",
    "duplicate_key_nested": "spec.duplicate_key",
    "duplicate_key_quoted": "spec.duplicate_key",
    "empty": "spec.model",
    "infinite_range": "spec.float",
    "key_is_list": "spec.key",
    "key_is_mapping": "spec.key",
    "merge_key": "spec.alias",
    "merge_key_loop": "spec.alias",
    "nan_bound": "spec.float",
    "nan_word": "spec.finite",
    "not_a_contract": "spec.literal",
    "not_utf8": "spec.encoding",
    "nul_byte": "spec.yaml",
    "null_required": "spec.string",
    "only_a_scalar": "spec.model",
    "overflow_number": "spec.finite",
    "path_in_id": "spec.string",
    "pattern_bomb": "spec.value",
    "sexagesimal": "spec.value",
    "tab_indent": "spec.yaml",
    "tag_binary": "spec.tag",
    "tag_custom": "spec.tag",
    "tag_directive": "spec.tag",
    "tag_python_name": "spec.tag",
    "tag_python_object": "spec.tag",
    "text_for_list": "spec.tuple",
    "two_documents": "spec.documents",
    "unclosed_list": "spec.yaml",
    "unknown_field": "spec.unknown_field",
}
#: Inputs that would be large as files: how each is made, and its refusal.
MADE = {
    "huge_file": (lambda: b"#" * (50 * MEGABYTE), "spec.too_large"),
    "huge_scalar": (lambda: b"name: " + b"x" * (2 * MEGABYTE), "spec.too_large"),
    "deep_flow": (lambda: b"name: " + b"[" * 100_000, "spec.depth"),
    "deep_block": (lambda: b"- " * 100_000 + b"x", "spec.depth"),
    "deep_maps": (lambda: b"{a: " * 100_000, "spec.depth"),
    "many_values": (lambda: b"name: [" + b"1," * 60_000 + b"1]", "spec.too_large"),
    "many_keys": (lambda: b"".join(b"k%d: 1\n" % n for n in range(60_000)), "spec.too_large"),
    "long_number": (lambda: b"version: 1\nname: a\nid: " + b"9" * 5_000, "spec.missing_field"),
}

#: Reads every file in a process of its own, which may not grow past 500 MB. Its own peak is read
#: from /proc: what getrusage tells of a child begins with the peak of its parent.
CHILD = """
import json, sys, time
from pathlib import Path
from attending.contract.rules import rules_of
from attending.errors import AttendingError
from attending.specs.contract import ContractSpec
from attending.specs.read_yaml import read_spec
for name in sys.stdin.read().splitlines():
    start, code, status = time.perf_counter(), "accepted", 0
    try:
        rules_of(read_spec(Path(name), ContractSpec))
    except AttendingError as error:
        code, status = error.code, error.exit_code
    spent = time.perf_counter() - start
    held = Path("/proc/self/status").read_text().split("VmHWM:")[1]
    peak = int(held.split()[0]) // 1024
    print(json.dumps([Path(name).stem, code, status, spent, peak]))
"""


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    """Return the refusal, seconds and peak megabytes of every hostile file."""
    folder = tmp_path_factory.mktemp("made")
    for name, (make, _) in MADE.items():
        (folder / f"{name}.yaml").write_bytes(make())
    paths = [*sorted(HERE.glob("*.yaml")), *sorted(folder.glob("*.yaml"))]
    done = subprocess.run(
        [sys.executable, "-c", CHILD],
        input="\n".join(map(str, paths)),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return {name: rest for name, *rest in map(json.loads, done.stdout.splitlines())}


def test_every_file_is_named_here():
    assert {path.stem for path in HERE.glob("*.yaml")} == set(CODES)
    assert len(CODES) >= 30


@pytest.mark.fault("X05")
@pytest.mark.parametrize("name", [*CODES, *MADE])
def test_X05_hostile_yaml_is_refused_by_name_in_time_and_memory(answers, name):
    code, status, seconds, megabytes = answers[name]
    expected = CODES[name] if name in CODES else MADE[name][1]
    assert (code, status) == (expected, 2)
    assert seconds < 5
    assert megabytes < 500


def test_X05_the_control_a_plain_reader_takes_what_is_refused_here():
    """Without our limits an alias, a duplicate key and a merge key are read without a word."""
    from ruamel.yaml import YAML

    reader = YAML(typ="safe", pure=True)
    reader.allow_duplicate_keys = True
    taken = [reader.load((HERE / f"{name}.yaml").read_bytes()) for name in ("anchor_alone",)]
    assert taken == [{"name": "ward"}]
    assert reader.load((HERE / "merge_key.yaml").read_bytes()) == {"name": "ward"}
    assert reader.load((HERE / "alias_to_itself.yaml").read_bytes())["a"]["b"] is not None
    assert reader.load((HERE / "duplicate_key_quoted.yaml").read_bytes())["name"]
