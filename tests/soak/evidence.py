"""Write EVIDENCE.md from the results in docs/evidence/: `python -m tests.soak.evidence`.

Each file there is one section, in the order of the names of the files. `faults.json` is the list
of faults and of the tests that name them: it is made again here, from the tests as they stand;
which of them passed is written there by a whole `make faults`.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.rows import FAULTS
from tests.soak.results import FOLDER, begin
from tests.trace import Collector, collect

PAGE = Path("EVIDENCE.md")
LIST = "faults.json"
_HEAD = """# Evidence

Made by `make evidence` from `docs/evidence/`; each harness writes its file there when it runs
(`make soak`, or `make soak S=NAME` for one). Every figure stands with how often it was tried, its
seed, the commit it was measured at and the day. Where 0 of N went wrong, the rate is below 3/N at
95 % (the rule of three): the bound says how far the figure reaches, not that nothing can happen.
"""


def bound(value: float, of: int | None) -> str:
    """Return how large the rate may be at 95 % when 0 of N went wrong; empty otherwise.

    >>> bound(0, 1000)
    '< 0.3 %'
    >>> bound(1, 1000)
    ''
    """
    return f"< {300 / of:.2g} %" if of and not value else ""


def page(folder: Path = FOLDER) -> str:
    """Return the page that the files of a folder make."""
    found = {path.name: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}
    faults = found.pop(LIST, None)
    parts = [_HEAD, *(_section(found[name]) for name in sorted(found))]
    return "\n".join([*parts, _faults(faults)] if faults else parts)


def _section(said: dict[str, Any]) -> str:
    rows = [_row(figure) for figure in said["figures"]]
    seed = "" if said["seed"] is None else f" Seed {said['seed']}."
    dirty = "" if said["clean"] else " with changes that were not committed"
    where = f"{said['date']}, commit `{said['commit']}`{dirty}, {said['machine']}."
    head = ["| figure | found | of | bound at 95 % | wanted |", "|---|---|---|---|---|"]
    told = [f"## {said['title']}", "", said["about"], ""]
    return "\n".join([*told, *head, *rows, "", f"`{said['command']}`.{seed} {where}", ""])


def _row(figure: dict[str, Any]) -> str:
    of = figure["of"]
    reach = bound(figure["value"], of) if figure["failures"] else ""
    tried = "" if of is None else f"{of:,}"
    return f"| {figure['name']} | {figure['value']:,} | {tried} | {reach} | {figure['wanted']} |"


def _faults(said: dict[str, Any]) -> str:
    named, open_ones = said["named"], [one for one in FAULTS if one not in said["named"]]
    lines = ["## Faults", "", f"Tests name {len(named)} of {len(FAULTS)} faults ({said['date']})."]
    if said["survived"] is not None:
        ran = said["survived"]
        lines.append(
            f"Survived when all of them last ran: {len(ran['ids'])} of {len(FAULTS)} "
            f"({ran['date']}, commit `{ran['commit']}`)."
        )
        failed = sorted(set(named) & set(said["tried"] or []) - set(ran["ids"]))
        lines.append(f"Named, run and not survived: {' '.join(failed) or 'none'}.")
    else:
        lines.append("No run of all of them has been kept yet: named is not survived.")
    return "\n".join([*lines, "", f"Open, without a test: {' '.join(open_ones) or 'none'}.", ""])


def keep_faults(collector: Collector, *, ran: bool) -> None:
    """Write the list of faults: which tests name each and, when they were all run, which passed."""
    path, begun = FOLDER / LIST, begin()
    before = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    named: dict[str, list[str]] = {}
    for node, rows in sorted(collector.rows_of.items()):
        for row in rows:
            named.setdefault(row, []).append(node)
    survived, tried = before.get("survived"), before.get("tried")
    if ran:
        survived = {**begun, "ids": sorted(collector.shown())}
        tried = sorted(named)
    said = {
        "date": begun["date"],
        "named": dict(sorted(named.items())),
        "survived": survived,
        "tried": tried,
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Write the list of faults and the page."""
    keep_faults(collect("fault", FAULTS), ran=False)
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
