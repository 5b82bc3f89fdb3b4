"""A simulated home: the synthetic hospital's extracts, and fictional persons who can sign."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from attending import keys
from attending.errors import BadInput, Denied
from attending.hospital.extract import write_extract
from attending.hospital.faults import FAULTS, fault, plant
from attending.hospital.fhir import write_fhir
from attending.hospital.generate import Hospital, generate
from attending.hospital.plan import HospitalPlan
from attending.hospital.truth import write_truth
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
_PASSPHRASES = "persons.txt"


def build_hospital(*, patients: int, years: int, seed: int) -> Generated:
    """Return a synthetic hospital, the same for the same seed."""
    return generate(HospitalPlan(patients=patients, years=years, seed=seed))


def write_source(hospital: Generated, folder: Path, *, until: Instant) -> dict[str, int]:
    """Return rows by file of what the hospital gives until an instant, CSV and FHIR."""
    folder.mkdir(parents=True)
    rows = write_extract(hospital, folder, until=until)
    (folder / "fhir").mkdir()
    write_fhir(hospital, folder / "fhir", until=until)
    return rows


def write_with_faults(
    hospital: Generated, folder: Path, *, until: Instant, faults: Sequence[str] = ()
) -> dict[str, int]:
    """Return how many rows or cells each fault touched in a new extract.

    Args:
        hospital: as generated.
        folder: a folder that is not there yet.
        until: only what was recorded by then is written.
        faults: planted one after the other, such as `D08:no_unit`.

    Raises:
        BadInput: no such fault, or there is something at the place already.
    """
    asked = [fault(name).name for name in faults]
    if folder.exists() and any(folder.iterdir()):
        raise BadInput(
            "there is something here already",
            code="hospital.exists",
            hint="Name a folder that is not there yet.",
            where=str(folder),
        )
    write_extract(hospital, folder, until=until)
    return {name: plant(folder, name) for name in asked}


def known_faults() -> tuple[tuple[str, str], ...]:
    """Return every fault that the hospital can plant, and what it does."""
    return tuple((name, item.does) for name, item in FAULTS.items())


def write_known_truth(hospital: Generated, folder: Path) -> Path:
    """Return the file of true risks, kept apart from everything that is ingested."""
    folder.mkdir(parents=True)
    return write_truth(hospital, folder)


def add_persons(desk: Desk) -> dict[str, str]:
    """Return the passphrases of the fictional persons, by person id, now added.

    Raises:
        Denied: the home is not simulated.
    """
    if not desk.home.synthetic or desk.home.settings.seed is None:
        raise Denied("fictional persons belong to simulated homes", code="home.not_simulated")
    seed = f"attending persons {desk.home.settings.seed}".encode()
    secrets = {who: keys.derive(seed, f"passphrase {who}").hex()[:20] for who, _, _ in PERSONS}
    for who, name, role in PERSONS:
        add_person(
            replace(desk, actor="system"),
            who,
            printed_name=name,
            roles=[role],
            passphrase=secrets[who],
            salt=keys.derive(seed, f"salt {who}")[:16],
        )
    path = desk.home.folder("keys") / _PASSPHRASES
    path.touch(mode=0o600)
    path.write_text("".join(f"{who} {secret}\n" for who, secret in secrets.items()))
    return secrets
