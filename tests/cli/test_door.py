"""Every refusal becomes one message and one exit code; no traceback and no value gets out."""

from __future__ import annotations

import errno
import json

import pytest

from attending.cli.door import through
from attending.cli.face import emit
from attending.errors import EXIT_CODES, BadInput, Denied, DependencyDown, IntegrityBroken, Refused


@pytest.mark.parametrize(
    ("kind", "code"),
    [(BadInput, 2), (Refused, 3), (IntegrityBroken, 4), (DependencyDown, 5), (Denied, 6)],
)
def test_each_refusal_has_its_exit_code_and_says_what_to_do(kind, code, capsys):
    def verb():
        raise kind("got this", code="a.b", hint="do that", where="file.yaml:3")

    assert through(verb, argv=[]) == code
    assert code in EXIT_CODES
    printed = capsys.readouterr()
    assert printed.out == ""
    for words in ("[a.b]", "file.yaml:3", "got this", "do that"):
        assert words in printed.err


def test_a_machine_gets_the_same_four_fields(capsys):
    def verb():
        raise Refused("no", code="gate.x", hint="h", where="w")

    assert through(verb, argv=["gate", "--json"]) == 3
    assert json.loads(capsys.readouterr().out) == {
        "code": "gate.x",
        "message": "no",
        "hint": "h",
        "where": "w",
    }


def test_a_full_disk_is_a_dependency_that_is_down(capsys):
    def verb():
        raise OSError(errno.ENOSPC, "No space left on device")

    assert through(verb, argv=[]) == 5
    assert "storage.full" in capsys.readouterr().err


def test_a_defect_never_prints_a_traceback_or_a_value(capsys):
    def verb():
        raise KeyError("MRN-0012345 John Smith")

    assert through(verb, argv=[]) == 5
    printed = capsys.readouterr()
    assert "Traceback" not in printed.err
    assert "John Smith" not in printed.err + printed.out
    assert "internal.defect" in printed.err


def test_a_machine_gets_one_object_where_a_verb_prints_and_then_refuses(capsys):
    def verb():
        emit({"allowed": False}, as_json=True)
        raise Refused("no", code="gate.x", hint="h")

    assert through(verb, argv=["gate", "--json"]) == 3
    printed = capsys.readouterr()
    assert json.loads(printed.out) == {"allowed": False}
    assert "refused [gate.x] no" in printed.err
    # The next verb of the same process, which prints nothing, gives its problem again.
    test_a_machine_gets_the_same_four_fields(capsys)
