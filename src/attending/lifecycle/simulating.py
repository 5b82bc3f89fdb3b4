"""A simulated home: the synthetic hospital's extracts, and fictional persons who can sign."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from attending import keys
from attending.errors import BadInput, Denied
from attending.hospital.extract import MANIFEST, write_extract
from attending.hospital.faults import FAULTS, SMALLEST, Planted, write_faulty
from attending.hospital.fhir import write_fhir
from attending.hospital.generate import Hospital, generate
from attending.hospital.plan import HospitalPlan
from attending.hospital.truth import write_truth
from attending.lifecycle.inviting import accept, begin
from attending.lifecycle.people import add_person

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.records.governance import Role
    from attending.types import Instant

#: A hospital that was generated, whole.
Generated: TypeAlias = Hospital
#: Fictional, all of them.
PERSONS: tuple[tuple[str, str, Role], ...] = (
    ("dana", "Dana Reyes", "data_scientist"),
    ("erik", "Erik Lind", "data_engineer"),
    ("clara", "Dr Clara Moss", "clinical_lead"),
    ("caro", "Caro Bell", "compliance_officer"),
    ("omar", "Omar Haddad", "operator"),
)
#: Who joins them for the tour, so that every role has somebody, and a second pair of eyes where a
#: signature has become too old; the administrator comes last.
TOUR_PERSONS: tuple[tuple[str, str, Role], ...] = (
    ("nora", "Nora Silva", "nurse_leader"),
    ("cora", "Dr Cora Winter", "clinical_lead"),
    ("carl", "Carl Amin", "compliance_officer"),
    ("petra", "Petra Okoye", "privacy_officer"),
    ("axel", "Axel Brandt", "auditor"),
)
ADMINISTRATOR = ("ada", "Ada Berg")
_PASSPHRASES = "persons.txt"


def build_hospital(*, patients: int, years: int, seed: int) -> Generated:
    """Return a synthetic hospital, the same for the same seed."""
    return generate(HospitalPlan(patients=patients, years=years, seed=seed))


def write_source(
    hospital: Generated, folder: Path, *, until: Instant, since: Instant | None = None
) -> dict[str, int]:
    """Return rows by file of what the hospital gives until an instant; all of it as FHIR too."""
    folder.mkdir(parents=True)
    rows = write_extract(hospital, folder, until=until, since=since)
    (folder / "fhir").mkdir()
    write_fhir(hospital, folder / "fhir", until=until)
    return rows


def faults() -> dict[str, str]:
    """Return every fault that can be planted and what it does."""
    return {name: fault.title for name, fault in FAULTS.items()}


def write_hospital(
    folder: Path,
    hospital: Generated,
    *,
    fault: str = "",
    until: Instant | None = None,
    since: Instant | None = None,
    site: str = SMALLEST,
) -> Planted:
    """Return what was written: an extract until an instant, with a fault in it when one is named.

    Args:
        folder: made here.
        hospital: as generated.
        fault: its name; a sound extract when empty.
        until: the moment of the extract, the end of the plan when absent.
        since: from when on the fault acts.
        site: where a fault of one site acts.

    Raises:
        BadInput: the folder holds something else, or no such fault, site or instant.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).is_file():
        raise BadInput(
            "the folder holds something else and is left alone",
            code="hospital.folder",
            hint="Name a new folder.",
            where=str(folder),
        )
    end = until or hospital.plan.end
    if not fault:
        return Planted("", write_extract(hospital, folder, until=end), 0)
    return write_faulty(hospital, folder, fault=fault, until=end, since=since, site=site)


def write_known_truth(hospital: Generated, folder: Path) -> Path:
    """Return the file of true risks, kept apart from everything that is ingested."""
    folder.mkdir(parents=True)
    return write_truth(hospital, folder)


def add_persons(desk: Desk, persons: Sequence[tuple[str, str, Role]] = PERSONS) -> dict[str, str]:
    """Return the passphrases of fictional persons, by person id, now added.

    Raises:
        Denied: the home is not simulated.
    """
    seed = _seed(desk)
    secrets = {who: _passphrase(seed, who) for who, _, _ in persons}
    for who, name, role in persons:
        add_person(
            replace(desk, actor="system"),
            who,
            printed_name=name,
            roles=[role],
            passphrase=secrets[who],
            salt=keys.derive(seed, f"salt {who}")[:16],
        )
    _write(desk, secrets)
    return secrets


def add_administrator(desk: Desk) -> dict[str, str]:
    """Return the passphrase of the fictional administrator, who takes up the first invitation.

    Raises:
        Denied: the home is not simulated.
    """
    who, name = ADMINISTRATOR
    secrets = {who: _passphrase(_seed(desk), who)}
    system = replace(desk, actor="system")
    accept(system, begin(system, who, printed_name=name), secrets[who])
    _write(desk, secrets)
    return secrets


def passphrases(desk: Desk) -> dict[str, str]:
    """Return the passphrases of every fictional person so far, by person id."""
    lines = (desk.home.folder("keys") / _PASSPHRASES).read_text().splitlines()
    return dict(line.split(" ", 1) for line in lines)


def _seed(desk: Desk) -> bytes:
    if not desk.home.synthetic or desk.home.settings.seed is None:
        raise Denied("fictional persons belong to simulated homes", code="home.not_simulated")
    return f"attending persons {desk.home.settings.seed}".encode()


def _passphrase(seed: bytes, who: str) -> str:
    return keys.derive(seed, f"passphrase {who}").hex()[:20]


def _write(desk: Desk, secrets: dict[str, str]) -> None:
    path = desk.home.folder("keys") / _PASSPHRASES
    path.touch(mode=0o600)
    with path.open("a", encoding="utf-8") as lines:
        lines.writelines(f"{who} {secret}\n" for who, secret in secrets.items())
