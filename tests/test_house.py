"""The rules of the house hold on this tree, and the rules can fail."""

from __future__ import annotations

from pathlib import Path

from tests.house import findings

ROOT = Path(__file__).parents[1]


def test_no_file_breaks_a_rule_of_the_house():
    assert findings(ROOT) == []


def test_a_nameless_long_or_unsafe_module_is_found(tmp_path):
    room = tmp_path / "src" / "attending" / "cli"
    room.mkdir(parents=True)
    (room / "utils.py").write_text("\n" * 600)
    (room / "load.py").write_text("import pickle\npickle.loads(b'')\n")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "core.txt").write_text("# https://host/simple\n")
    found = "\n".join(findings(tmp_path))
    for words in ("without a name", "600 lines", "runs code from data", "names a host"):
        assert words in found
