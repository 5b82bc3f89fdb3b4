"""X31: secrets are compared so that the time does not tell; read from the code itself."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "attending"
#: Words of a name that say it holds a secret, or what is made of one.
SECRET = re.compile(
    r"(?:^|_)(?:token|secret|passphrase|hmac|mac|nonce|state_text|signature|password|cookie"
    r"|verifier|code_text)(?:$|_)"
)
#: Comparisons that look like it and are none: what is compared, and why it may be.
KNOWN = {
    ("lifecycle/opening.py", "one.nonce not in used"): "both sides are the store's own",
}


def _named(node: ast.expr) -> str:
    """Return the last name of an expression: of `self.a.token` and `token()` it is `token`."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call):
        return _named(node.func)
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return ""


def _plain(node: ast.expr) -> bool:
    """Return whether a side of a comparison is a constant: whether something is there at all."""
    if isinstance(node, (ast.Tuple, ast.Set, ast.List)):
        return all(_plain(one) for one in node.elts)
    return isinstance(node, ast.Constant)


def leaks(text: str) -> list[str]:
    """Return the comparisons of secrets by ==, != or in."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if not isinstance(node, ast.Compare) or not isinstance(
            node.ops[0], (ast.Eq, ast.NotEq, ast.In, ast.NotIn)
        ):
            continue
        sides = [node.left, *node.comparators]
        if any(_plain(side) for side in sides):
            continue
        if any(SECRET.search(_named(side).lower()) for side in sides):
            found.append(ast.unparse(node))
    return found


@pytest.mark.fault("X31")
def test_x31_no_secret_is_compared_by_a_comparison_that_stops_early():
    # Control: the search finds one that does.
    assert leaks("def f(token, wanted):\n    return token == wanted\n") == ["token == wanted"]
    assert leaks("ok = self.secret != hashed(text)") == ["self.secret != hashed(text)"]
    assert leaks("ok = row['mac'] in others") == ["row['mac'] in others"]
    assert leaks("ok = hmac.compare_digest(token, wanted)") == []
    found = [
        (str(path.relative_to(SOURCE)), said)
        for path in sorted(SOURCE.rglob("*.py"))
        for said in leaks(path.read_text(encoding="utf-8"))
    ]
    assert [one for one in found if one not in KNOWN] == []


@pytest.mark.fault("X31")
def test_x31_whoever_checks_a_secret_does_it_by_compare_digest():
    users = {
        str(path.relative_to(SOURCE))
        for path in SOURCE.rglob("*.py")
        if "compare_digest(" in path.read_text(encoding="utf-8")
    }
    assert users == {
        "keys.py",
        "stores/backups.py",
        "stores/bundle.py",
        "stores/model_bundle.py",
        "web/site.py",
    }
