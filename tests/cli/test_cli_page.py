"""Every verb stands in docs/cli.md, has an example in its help, and the page is current."""

from __future__ import annotations

from pathlib import Path

import typer

from attending.cli.app import app
from tests.write_docs import page, verbs


def test_the_page_is_what_the_command_line_says():
    assert Path("docs/cli.md").read_text(encoding="utf-8") == page()


def test_every_verb_has_an_example():
    found = verbs(typer.main.get_command(app))
    assert len(found) > 40
    assert [name for name, text in found if "Example: attending" not in text] == []
