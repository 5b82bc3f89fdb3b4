"""The rules of the house hold on this tree, and the rules can fail."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from tests.house import findings
from tests.longest import LONGEST

ROOT = Path(__file__).parents[1]


def test_no_file_breaks_a_rule_of_the_house():
    assert findings(ROOT) == []


def test_a_nameless_long_or_unsafe_module_is_found(tmp_path):
    room = tmp_path / "src" / "attending" / "cli"
    room.mkdir(parents=True)
    (room / "utils.py").write_text("\n" * 600)
    (room / "load.py").write_text("import pickle\npickle.loads(b'')\n")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "\x02-shm").touch()
    (tmp_path / "requirements" / "core.txt").write_text("# https://host/simple\n")
    found = "\n".join(findings(tmp_path))
    for words in (
        "without a name",
        "600 lines",
        "runs code from data",
        "names a host",
        "left behind",
    ):
        assert words in found


def test_every_dependency_has_its_reason_on_the_page_of_decisions():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"].values()
    lists = [project["project"]["dependencies"], *extras, *project["dependency-groups"].values()]
    named = {re.split(r"[\[<>=]", one)[0].lower() for some in lists for one in some}
    page = (ROOT / "docs" / "decisions" / "0002-dependencies.md").read_text(encoding="utf-8")
    words = set(re.findall(r"[a-z0-9.-]*[a-z0-9]", page.lower()))
    assert len(named) > 40
    assert sorted(named - words) == []


def test_decisions_are_numbered_once_and_without_a_gap():
    pages = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    numbers = [int(page.name[:4]) for page in pages]
    assert numbers == list(range(1, len(pages) + 1))
    for page in pages:
        assert page.read_text(encoding="utf-8").startswith(f"# {page.name[:4]} ")


def test_every_file_that_goes_first_is_there_and_named_once():
    assert [name for name in LONGEST if not (ROOT / name).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)
