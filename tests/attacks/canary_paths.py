"""Ways that a patient's data go: verbs of the command line, sources, requests and hooks."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from attending.cli.app import app
from attending.cli.door import through
from attending.cli.guard import guarded
from attending.lifecycle import incidents
from attending.lifecycle.credentials import give_token
from attending.lifecycle.desk import open_desk
from attending.lifecycle.ehr import EhrPolicy
from attending.records.snapshot import Snapshot
from attending.specs.ehr import EhrSpec
from attending.times import format_instant
from attending.web.app import create_app
from attending.web.front_desk import FrontDesk
from tests.attacks import canaries
from tests.attacks.canaries import ALL
from tests.attacks.forged import PUBLIC, signed
from tests.attacks.test_forged_tokens import Ward
from tests.lifecycle.ward import SECOND
from tests.web.test_hooks import BASE, ISS
from tests.web.visitor import TestClient

if TYPE_CHECKING:
    from pathlib import Path

#: Verbs of one project; what must be refused among them is refused.
OF_PROJECT = (
    "contract check", "cohort build", "cohort show", "features build", "features show sodium_last",
    "gate leaks", "run show", "run trail", "validate model --by dana", "explain stability",
    "card build", "card notice", "card dossier", "gate check validated", "score", "monitor run",
    "today", "release status", "release drill",
    "incident open outage --title no-scores --harm low --by omar",
)  # fmt: skip
#: Verbs of a home; SNAPSHOT, RUN and INCIDENT stand for the newest.
OF_HOME = (
    "snapshot ls", "snapshot show SNAPSHOT", "snapshot scan SNAPSHOT", "quarantine ls",
    "quarantine show", "contract infer", "fsck", "audit verify", "audit ask readmission-30d",
    "home show", "audit trail RUN", "audit export ledger", "incident ls", "user ls",
    "incident letter INCIDENT --to clinicians", "incident letter INCIDENT --to patients",
    "snapshot scan nothing", "audit trail nothing",
)  # fmt: skip


@dataclass
class Shell:
    """Runs verbs in this process and keeps every word that they print."""

    folder: Path
    said: list[tuple[str, int, str]] = field(default_factory=list)

    def __call__(self, *args: str, home: Path) -> int:
        line = [*args, "--home", str(home), "--at", format_instant(SECOND)]
        out, err = self.folder / "out.txt", self.folder / "err.txt"
        before = sys.argv, sys.stdout, sys.stderr
        with out.open("w") as stdout, err.open("w") as stderr:
            sys.argv, sys.stdout, sys.stderr = ["attending", *line], stdout, stderr
            try:
                code = through(guarded(app), argv=line)
            except SystemExit as ended:
                code = int(ended.code or 0)
            finally:
                sys.argv, sys.stdout, sys.stderr = before
        text = out.read_text() + err.read_text()
        out.unlink()
        err.unlink()
        assert "Traceback" not in text, text
        self.said.append((" ".join(args[:2]), code, text))
        return code


def newest_snapshot(home: Path) -> str:
    with open_desk(home, at=SECOND) as desk:
        return str(desk.home.catalog.latest(Snapshot).digest)


def through_every_verb(shell: Shell, ward: Any) -> None:
    """Ask the command line for all that it shows of the ward, and for what it must refuse."""
    home, project = ward.desk.home.root, str(ward.project.folder.path("release").parent)
    for line in OF_PROJECT:
        shell(*line.split(), "--project", project, home=home)
    (opened,) = incidents.incidents(ward.desk)
    words = {"SNAPSHOT": newest_snapshot(home), "RUN": ward.run.digest, "INCIDENT": opened.digest}
    for line in OF_HOME:
        shell(*(words.get(word, word) for word in line.split()), home=home)


def take_in(shell: Shell, folder: Path, home: Path) -> None:
    """Take canaries in as FHIR and as a table that a mapping describes; half of them are wrong."""
    fhir, table = canaries.write_fhir(folder / "bulk"), canaries.write_csv(folder / "table")
    mapping = folder / "mapping.yaml"
    mapping.write_text(canaries.MAPPING)
    mapped = ("ingest", "mapped", str(table), "--mapping", str(mapping))
    assert shell(*mapped, home=home) == 0
    assert shell("ingest", "fhir", str(fhir), home=home) == 0
    words = {"SNAPSHOT": newest_snapshot(home)}
    for line in (*OF_HOME[:6], "audit verify"):
        shell(*(words.get(word, word) for word in line.split()), home=home)
    lines = (fhir / "Observation.ndjson").read_text().splitlines()
    broken = [one.replace('"status"', '"status') for one in lines[:3]]
    (fhir / "Observation.ndjson").write_text("\n".join([*broken, *lines]))
    shell("ingest", "fhir", str(fhir), home=home)
    text = (table / "labs.csv").read_text()
    for other in (text.replace("row,", "line,", 1), f'row,patient\n"{ALL[0].name}\0{ALL[0].mrn}'):
        (table / "labs.csv").write_text(other)
        assert shell(*mapped, home=home) == 2


@dataclass
class Asked:
    """What machines are told: every answer and its headers."""

    client: TestClient
    said: list[tuple[int, str]] = field(default_factory=list)

    def __call__(self, path: str, **more: Any) -> None:
        answer = self.client.request("POST" if len(more) > 1 else "GET", path, **more)
        self.said.append((answer.status_code, f"{dict(answer.headers)} {answer.text}"))


def wrong(one: canaries.Canary, event: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """Return changes of a request, each of which must be refused."""
    return (
        {"subject_id": one.mrn},
        {"encounter_id": one.mrn},
        {"prediction_time": one.born},
        {one.name: 1},
        {"decision_point": f"{one.words} {one.phone}" * 20},
        {"events": [event | {"time": one.words}]},
        {"events": [event | {"numeric_value": one.name}]},
        {"events": one.name},
        {"events": [event | {one.mrn: one.phone}]},
        {"prediction_time": "2999-01-01T00:00:00Z"},
    )


def through_the_service(ward: Any, rows: list[dict[str, Any]]) -> Asked:
    """Return what the service told, asked rightly and wrongly, by the wire and by a hook."""
    house = FrontDesk.open(ward.desk.home.root, clock=lambda: SECOND, projects=[ward.project])
    hook = {"model": ward.run.model, "hook": "patient-view", "decision_point": "ward round"}
    issuer = {"iss": ISS, "keys": "ehr.json", "tenants": ["main"]}
    said = {"base_url": BASE, "organisation": "Hospital", "issuers": [issuer], "hooks": [hook]}
    house.ehr = EhrPolicy(EhrSpec.model_validate(said), ((ISS, PUBLIC),))
    web = create_app(house, ehr=house.ehr)
    ask = Asked(TestClient(web, base_url="http://localhost", raise_server_exceptions=False))
    with open_desk(ward.desk.home.root, at=SECOND) as desk:
        token = give_token(
            desk, "omar", ward.secrets["omar"], label="t", scopes=("work", "read", "patients"),
            keeps=timedelta(days=1),
        )  # fmt: skip
    head = {"authorization": f"Bearer {token}"}
    for row, one in zip(rows, ALL, strict=False):
        _ask_for(ask, ward.run.model, one, row["subject_id"], head)
        _fire(ask, ward.run.model, one)
    for path in ("/", f"/models/{ward.run.model}", "/healthz", "/readyz", "/metrics"):
        ask(path, headers=head)
    house.answering.home.close()
    return ask


def _ask_for(
    ask: Asked, model: str, one: canaries.Canary, subject: int, head: dict[str, str]
) -> None:
    path = f"/v1/models/{model}/predictions"
    event = {"code": "LOINC//2160-0", "known_at": "2024-12-01T06:00:00Z"}
    text = {**event, "time": "2024-12-01T06:00:00Z", "text_value": f"{one.name} {one.words}"}
    good = {
        "subject_id": str(subject),
        "prediction_time": format_instant(SECOND),
        "index_start": format_instant(SECOND - timedelta(days=2)),
        "user_role": one.name,
        "events": [text],
    }
    ask(path, json=good, headers=head)
    for change in wrong(one, event)[one.number % 5 :: 5]:  # some each, all of them together all
        ask(path, json=good | change, headers=head)
    if one.number < 5:
        ask(path, content=f'{{"{one.name}": {one.words}'.encode(), headers=head)
        ask(path, json=good, headers={})
        ask(f"/v1/models/{one.mrn}/predictions", json=good, headers=head)


def _fire(ask: Asked, model: str, one: canaries.Canary) -> None:
    made = canaries.resources(one)
    kinds = {"encounters": "Encounter", "observations": "Observation", "conditions": "Condition"}
    bundles = {
        name: {"resourceType": "Bundle", "entry": [{"resource": item} for item in made[kind]]}
        for name, kind in kinds.items()
    }
    body = {
        "hook": "patient-view",
        "hookInstance": str(uuid4()),
        "context": {"userId": "Practitioner/1", "patientId": one.mrn},
        "prefetch": {"patient": made["Patient"][0], **bundles},
    }
    changes: tuple[dict[str, Any], ...] = (
        {},
        {"context": {"userId": one.name, "patientId": ALL[one.number - 1].mrn}},
        {"context": {"userId": one.name, "patientId": one.name}},
        {"hook": one.name},
        {"prefetch": {"patient": one.name}},
    )
    path = f"/cds-services/{model}"
    for change in (changes[0], changes[one.number % 5]):
        claims = Ward.claims(None) | {"aud": f"{BASE}{path}"}
        ask(path, json=body | change, headers={"authorization": f"Bearer {signed(claims)}"})
