"""X23: secrets of every slot, looked for in all that a home says, prints and stores."""

from __future__ import annotations

from pathlib import Path

import pytest

from attending.cli.app import app
from attending.cli.door import through
from attending.cli.guard import guarded
from attending.lifecycle.desk import open_desk
from attending.times import parse_instant

AT = "2026-03-02T12:00:00Z"
CANARY = "canary-{}-7f3a9c"
#: The folders of a home in which a secret belongs.
SECRET = {"keys"}


class Shell:
    """Runs the command line of this process and keeps everything that it printed."""

    def __init__(self, monkeypatch, capsys):
        self.monkeypatch, self.capsys, self.said = monkeypatch, capsys, []

    def __call__(self, *args):
        self.monkeypatch.setattr("sys.argv", ["attending", *args])
        try:
            code = through(guarded(app), argv=list(args))
        except SystemExit as ended:
            code = int(ended.code or 0)
        shown = self.capsys.readouterr()
        self.said.append(shown.out + shown.err)
        return code


@pytest.fixture
def shell(monkeypatch, capsys):
    return Shell(monkeypatch, capsys)


def secret(folder, name):
    path = folder / name
    path.write_text(CANARY.format(name) + "\n")
    path.chmod(0o600)
    return str(path)


@pytest.mark.fault("X23")
def test_x23_no_secret_is_printed_stored_or_told_in_an_error(tmp_path, shell, monkeypatch):
    home = ("--home", str(tmp_path / "home"), "--at", AT)
    token, ada = str(tmp_path / "ada.token"), secret(tmp_path, "ada")
    assert shell("user", "begin", "ada", "--name", "Ada", "--token-file", token, *home) == 0
    wrong = secret(tmp_path, "wrong")
    accept = ("user", "accept", "--token-file", token, "--passphrase-file")
    assert shell("user", "accept", "--token-file", wrong, "--passphrase-file", ada, *home) == 6
    assert shell(*accept, ada, *home) == 0
    assert shell(*accept, ada, *home) == 6
    invite = ("user", "add", "omar", "--name", "Omar", "--role", "operator", "--as", "ada")
    later = str(tmp_path / "omar.token")
    assert shell(*invite, "--token-file", later, "--passphrase-file", wrong, *home) == 6
    assert shell(*invite, "--token-file", later, "--passphrase-file", ada, *home) == 0
    made = str(tmp_path / "work.token")
    add = ("user", "token", "add", "nightly", "--as", "ada", "--token-file", made)
    assert shell(*add, "--scope", "nothing", "--passphrase-file", ada, *home) == 2
    assert shell(*add, "--scope", "read", "--passphrase-file", ada, *home) == 0
    monkeypatch.setenv("ATTENDING_TOKEN_FILE", made)
    assert shell("user", "ls", "--json", *home) == 0
    assert shell("user", "token", "ls", *home) == 0
    assert shell("run", "ls", "--by", "eve", "--project", str(tmp_path), *home) != 0
    monkeypatch.setenv("ATTENDING_TOKEN_FILE", wrong)
    assert shell("user", "ls", *home) == 6
    keys = [p.read_text().strip() for p in (tmp_path / "home" / "keys").glob("*.key")]
    secrets = [
        CANARY.format("ada"), CANARY.format("wrong"), *keys,
        *(Path(path).read_text().strip() for path in (token, later, made)),
    ]  # fmt: skip
    # Control: the search finds a secret where one is.
    assert _found(secrets, (tmp_path / "ada").read_bytes()) == [secrets[0]]
    printed = "".join(shell.said).encode()
    assert len(printed) > 500
    assert _found(secrets, printed) == []
    files = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    searched = [path for path in files if path.parent.name not in SECRET]
    assert len(searched) > 1
    for path in searched:
        assert _found(secrets, path.read_bytes()) == [], path.name
    with open_desk(tmp_path / "home", at=parse_instant(AT)) as desk:
        assert desk.home.ledger.search(action="auth.refused")


def _found(secrets, data):
    return [one for one in secrets if one.encode() in data]
