"""X05: thirty hostile YAML files, each a typed refusal in seconds and little memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ruamel.yaml import YAML

import attending

SOURCE = Path(attending.__file__).parents[1]
SECONDS, MEGABYTES = 5.0, 500
_LAUGHS = "\n".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" if n else "a0: &a0 [lol, lol]"
    for n in range(10)
)
_BASE = "name: a\nversion: '1'\n"
HOSTILE: dict[str, str | bytes] = {
    "laughs": _LAUGHS,
    "alias": f"{_BASE}x: &a 1\ny: *a\n",
    "merge_loop": "a: &a\n  <<: *a\n",
    "merge": f"base: &b {{name: a}}\n<<: *b\n{_BASE}",
    "self": "&a [*a]\n",
    "python_object": "name: !!python/object/apply:os.system ['touch x']\n",
    "python_name": "name: !!python/name:os.system\n",
    "python_module": "name: !!python/module:os\n",
    "python_new": "name: !!python/object/new:os.system [x]\n",
    "python_tuple": "name: !!python/tuple [1, 2]\n",
    "tag_binary": "name: !!binary R0lGODlhDAAMAIQAAP\n",
    "tag_set": "name: !!set {a, b}\n",
    "tag_omap": "name: !!omap [a: 1]\n",
    "tag_own": "name: !mine x\n",
    "tag_uri": "%TAG ! tag:example.org,2000:\n---\nname: !thing x\n",
    "twice": "name: a\nname: b\n",
    "twice_deep": f"{_BASE}features:\n  - {{name: a, name: b}}\n",
    "deep_list": "a: " + "[" * 5000 + "]" * 5000 + "\n",
    "deep_map": "".join(f"{' ' * n}a:\n" for n in range(600)),
    "large": b"name: a\n" + b"# " + b"x" * (50 << 20) + b"\n",
    "many": _BASE + "features:\n" + "  - {}\n" * 60_000,
    "two_documents": f"{_BASE}---\n{_BASE}",
    "latin": "name: caf\xe9\n".encode("latin-1"),
    "utf16": f"{_BASE}".encode("utf-16"),
    "nul": b"name: a\x00b\n",
    "control": b"name: a\x07b\n",
    "tabs": "name: a\n\tversion: '1'\n",
    "open_quote": 'name: "a\n',
    "norway": f"{_BASE}features: no\n",
    "sexagesimal": f"{_BASE}features: 1:30:00\n",
    "octal": f"{_BASE}features: 0o17\n",
    "empty": "",
}
_CHILD = """
import json, sys, time
from pathlib import Path
from attending.errors import AttendingError
from attending.specs.features import FeaturesSpec
from attending.specs.read_yaml import read_spec
found = {}
for path in sorted(Path(sys.argv[1]).glob("*.yaml")):
    start = time.monotonic()
    try:
        read_spec(path, FeaturesSpec)
        said = ("", 0)
    except AttendingError as error:
        said = (error.code, error.exit_code)
    found[path.stem] = (*said, time.monotonic() - start)
told = Path("/proc/self/status").read_text().splitlines()
peak = int(next(line for line in told if line.startswith("VmHWM")).split()[1]) / 1024
print(json.dumps({"found": found, "megabytes": peak}))
"""


def read_apart(child, folder):
    """Return what a process of its own says of the files in a folder, and what that took."""
    done = subprocess.run(
        [sys.executable, "-c", child, str(folder)],
        capture_output=True, text=True, check=False, timeout=300,
        env={**os.environ, "PYTHONPATH": str(SOURCE)}, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


@pytest.mark.fault("X05")
def test_x05_thirty_hostile_files_are_refused_in_time_and_memory(tmp_path):
    assert len(HOSTILE) >= 30
    # Control: a plain loader builds a list of 2 x 9^4 words from 5 lines, and guesses.
    few = "\n".join(_LAUGHS.splitlines()[:5])
    assert _leaves(YAML(typ="safe", pure=True).load(few)["a4"]) == 2 * 9**4
    # Guard: each is refused by its own name before anything is built.
    for name, text in HOSTILE.items():
        data = text if isinstance(text, bytes) else text.encode()
        (tmp_path / f"{name}.yaml").write_bytes(data)
    said = read_apart(_CHILD, tmp_path)
    assert said["found"].keys() == HOSTILE.keys()
    for name, (code, exit_code, spent) in said["found"].items():
        assert exit_code == 2, (name, code)
        assert code.startswith(("spec.", "time.")), (name, code)
        assert spent < SECONDS, (name, spent)
    assert said["megabytes"] < MEGABYTES
    assert not (tmp_path / "x").exists()


def _leaves(value):
    return sum(map(_leaves, value)) if isinstance(value, list) else 1
