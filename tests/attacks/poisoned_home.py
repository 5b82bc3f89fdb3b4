"""A small home in which whatever people or data can fill holds one of the payloads."""

from __future__ import annotations

import csv
import itertools
import json
from dataclasses import replace
from datetime import timedelta

from ruamel.yaml import YAML

from attending.digests import canonical, digest_file
from attending.lifecycle import (
    catalogue,
    deciding,
    deploying,
    gating,
    incidents,
    releasing,
    scoring,
    signing,
    validating,
    watching,
)
from attending.lifecycle.desk import note
from attending.lifecycle.people import add_person
from attending.records.ledger import Subject
from attending.stores.predictions import Answer
from tests.attacks.payloads import PAYLOADS
from tests.lifecycle.ward import SECOND, enter, make_ward

#: Fields of specs in which a team writes what it likes.
_FREE = frozenset({
    "label", "purpose", "title", "meaning", "note", "outcome", "reason", "population", "oversight",
    "decision_point", "wording", "card", "downtime_pathway", "contain", "assess", "communicate",
    "material", "usage", "limitations", "description", "non_intended", "notify", "user_roles",
    "required_roles", "foretold", "looks_at", "staff_may", "ask", "cadence", "misuse", "benefit",
    "cause", "impact", "controls", "noticed", "told_by", "decide", "caught_up", "does", "task",
    "instead_of", "says",
})  # fmt: skip
#: Files of the extract, and the column of each in which the source may write what it likes.
_TOLD = (("notes", "category"), ("medications", "name"), ("encounters", "unit"), ("labs", "unit"))
_EVERY_ROW = 499


class Poison:
    """Gives the payloads one after the other, and says which were given."""

    def __init__(self):
        self._next = itertools.cycle(PAYLOADS)
        self.given = set()

    def text(self):
        one = next(self._next)
        self.given.add(one)
        return one

    def into(self, value, *, free=False):
        """Return a spec with a payload after each text in a field that is free."""
        if isinstance(value, dict):
            return {key: self.into(one, free=key in _FREE) for key, one in value.items()}
        if isinstance(value, list):
            return [self.into(one, free=free) for one in value]
        return f"{value} {self.text()}" if free and isinstance(value, str) else value

    def specs(self, place):
        """Fill the free fields of every spec of a project."""
        for path in sorted(place.glob("*.yaml")):
            said = YAML(typ="safe").load(path.read_text())
            path.write_text(json.dumps(self.into(said), default=_written))

    def extract(self, folder):
        """Fill what the source says in words, in one row of many."""
        about = json.loads((folder / "manifest.json").read_text())
        for name, column in _TOLD:
            path = folder / f"{name}.csv"
            with path.open(newline="") as lines:
                rows = list(csv.DictReader(lines))
            for row in rows[::_EVERY_ROW]:
                row[column] = self.text()
            with path.open("w", newline="") as out:
                table = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
                table.writeheader()
                table.writerows(rows)
            about["files"][path.name]["sha256"] = digest_file(path)
        (folder / "manifest.json").write_text(json.dumps(about))


def _written(value):
    return value.isoformat().replace("+00:00", "Z") if hasattr(value, "isoformat") else str(value)


def poisoned(folder):
    """Return a ward in limited use in which every text is a payload, and the poison."""
    poison = Poison()

    def spoil(root):
        poison.specs(root / "project")
        for name in ("first", "second"):
            poison.extract(root / name)

    made = make_ward(folder, spoil=spoil)
    _people(made, poison)
    _papers(made, poison)
    _use(made, poison)
    _incident(made, poison)
    _catalogue(made, poison)
    return made, poison


def _as(made, person):
    made.now = getattr(made, "now", SECOND) + timedelta(minutes=1)
    return replace(made.desk, at=made.now, actor=person)


def _people(made, poison):
    for who, role in (
        ("nora", "nurse_leader"), ("petra", "privacy_officer"), ("axel", "auditor"),
        ("mallory", "clinical_lead"),
    ):  # fmt: skip
        made.secrets[who] = f"a long passphrase of {who}, 14"
        add_person(
            _as(made, "system"), who, printed_name=f"Dr {poison.text()}", roles=(role,),
            passphrase=made.secrets[who],
        )  # fmt: skip


def _sign(made, document, poison, *, person, role, meaning="approval"):
    signing.sign(
        _as(made, person), document, person=person, passphrase=made.secrets[person], role=role,
        meaning=meaning, statement=f"I read it. {poison.text()}",
    )  # fmt: skip


def _papers(made, poison):
    report = validating.validate_run(_as(made, "dana"), made.project, made.run)
    card = validating.build_card(_as(made, "dana"), made.project, made.run, version="v1")
    deciding.decide_thresholds(_as(made, "dana"), made.project, made.run)
    deploying.write_papers(_as(made, "dana"), made.project, made.run)
    specs = signing.propose_specs(_as(made, "dana"), made.project)
    for document in (report.digest, card.digest, specs["retraining"]):
        _sign(made, document, poison, person="mallory", role="clinical_lead")
    gating.check(_as(made, "omar"), made.project, "limited")


def _use(made, poison):
    plan = made.project.release.digest
    limited = enter(_as(made, "omar"), made.run, stage="limited", plan=plan, previous=made.entered)
    enter(_as(made, "omar"), made.run, stage="live", plan=plan, previous=limited)
    scoring.score(_as(made, "omar"), made.project)
    scoring.join_outcomes(_as(made, "omar"), made.project)
    watching.monitor(_as(made, "omar"), made.project)
    watching.give_verdict(_as(made, "omar"), made.project)
    rows = list(scoring.contents_of(made.desk, made.run.model))
    _telling(made, rows)
    for row in rows[:20]:
        said = {"outcome": "overridden", "reason": poison.text(), "comment": poison.text()}
        answer = Answer(scoring.request_of(row), "nora", made.now, "overridden", canonical(said))
        with made.desk.home.database.transaction() as unit:
            made.desk.home.predictions.answer(unit, answer)
            note(_as(made, "nora"), unit, action="feedback.card",
                 subject=Subject(kind="prediction", digest=answer.request_id),
                 details={"reason": poison.text()})  # fmt: skip


def _telling(made, rows):
    """Name the addresses of the predictions that hold a payload, and the payloads in them."""
    said = {scoring.request_of(row): json.dumps(row) for row in rows}
    found = {
        name: {one for one in PAYLOADS if json.dumps(one)[1:-1] in text}
        for name, text in said.items()
    }
    telling = [name for name, held in found.items() if held][:3]
    listed = f"/models/{made.run.model}/predictions"
    made.told = (listed, *(f"{listed}/{name}" for name in (telling or list(said)[:1])))
    made.in_predictions = {one for name in telling for one in found[name]}


def _incident(made, poison):
    for kind in ("unexplained_score_change", "outage"):
        one = incidents.open_incident(
            _as(made, "omar"), made.project, type=kind, harm="low", title=poison.text()
        )
        incidents.do_step(_as(made, "omar"), one.digest, step="notify", says=poison.text())
        incidents.do_step(_as(made, "omar"), one.digest, step="contain", says=poison.text())
    releasing.disable(
        _as(made, "omar"), made.project, person="omar", passphrase=made.secrets["omar"],
        reason=poison.text(),
    )  # fmt: skip


def _catalogue(made, poison):
    catalogue.publish(_as(made, "dana"), made.project.features)
    first = catalogue.names(made.desk)[0]
    catalogue.retire(_as(made, "dana"), f"{first}@1", reason=poison.text())
