"""Verbs are listed without their modules, imported when asked, and none is left out."""

from __future__ import annotations

import inspect
import json
import pkgutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from typer.main import get_command

import attending.cli
from attending.cli.app import app
from attending.cli.late import LateVerb, verb_of
from attending.cli.verbs import NOUNS, VERBS
from tests.write_docs import SHORT_HELP, short_help
from tests.write_docs import verbs as walked

_WALK = """
import json, sys
from attending.cli.app import app
try:
    app(json.loads(sys.argv[1]), prog_name="attending")
except SystemExit:
    pass
print(json.dumps(sorted(name for name in sys.modules if name.startswith("attending"))))
"""


def after(*words):
    """Return what a process said to a command line, and which of our modules it imported."""
    done = subprocess.run(
        [sys.executable, "-c", _WALK, json.dumps(words)], capture_output=True, text=True, check=True
    )
    *said, modules = done.stdout.splitlines()
    return "\n".join(said), set(json.loads(modules))


def undeclared(module):
    """Return the verbs of a module that the table does not hold."""
    declared = set(VERBS.values())
    own = [
        one for _, one in inspect.getmembers(module, inspect.isfunction)
        if one.__module__ == module.__name__ and "Example: attending" in (one.__doc__ or "")
    ]  # fmt: skip
    place = module.__name__.rpartition(".")[2]
    named = {id(verb_of(place)) for place in declared}
    return [f"{place}.{one.__name__}" for one in own if id(one) not in named]


def test_every_verb_of_a_module_is_in_the_table():
    modules = [name for _, name, _ in pkgutil.iter_modules(attending.cli.__path__)]
    assert len(modules) > 40
    for name in modules:
        assert undeclared(import_module(f"attending.cli.{name}")) == []
    # Control: one that nobody declared is found.
    stray = ModuleType("attending.cli.stray")

    def stray_verb():
        """Do something. Example: attending stray verb."""

    stray_verb.__module__ = stray.__name__
    vars(stray)["stray_verb"] = stray_verb
    assert undeclared(stray) == ["stray.stray_verb"]


def test_every_noun_has_a_verb_and_every_verb_its_noun():
    nouns = {words.rpartition(" ")[0] for words in VERBS} - {""}
    assert nouns == set(NOUNS)


def test_the_short_help_is_what_the_verbs_say():
    assert Path(SHORT_HELP).read_text(encoding="utf-8") == short_help()


@pytest.mark.parametrize(
    ("words", "listed"),
    [((), {*NOUNS, *VERBS}), (("user",), {*NOUNS, *VERBS}), (("release", "bundle"), set(VERBS))],
)
def test_help_lists_every_verb_and_imports_none(words, listed):
    said, modules = after(*words, "--help")
    start = " ".join(words)
    level = {one for one in listed if one.rpartition(" ")[0] == start}
    assert level
    assert level <= {line.strip("│ ").partition(" ")[0] for line in said.splitlines()} | {
        f"{start} {line.strip('│ ').partition(' ')[0]}" for line in said.splitlines()
    }
    places = {f"attending.cli.{place.partition('.')[0]}" for place in VERBS.values()}
    assert not modules & places
    assert not [one for one in modules if one.startswith(("attending.lifecycle", "attending.web"))]


def test_a_verb_imports_its_own_module_and_no_other_verbs():
    said, modules = after("codelist", "show", "--help")
    assert "Example: attending codelist show" in said
    places = {f"attending.cli.{place.partition('.')[0]}" for place in VERBS.values()}
    assert modules & places == {"attending.cli.codelist"}


def test_what_a_verb_has_not_is_no_attribute():
    verb = LateVerb("codelist show")
    assert not hasattr(verb, "commands")
    assert verb.short_help
    assert next(one.name for one in verb.params) == "name"
    assert {"codelist ls", "codelist show", "codelist diff"} <= dict(
        walked(get_command(app))
    ).keys()
