"""A simulated home: the synthetic hospital's extracts, and fictional persons who can sign."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

from attending import keys
from attending.errors import Denied
from attending.hospital.extract import write_extract
from attending.hospital.fhir import write_fhir
from attending.hospital.generate import Hospital, generate
from attending.hospital.plan import HospitalPlan
from attending.hospital.truth import write_truth
from attending.lifecycle.people import add_person

if TYPE_CHECKING:
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


def write_source(
    hospital: Generated, folder: Path, *, until: Instant, since: Instant | None = None
) -> dict[str, int]:
    """Return rows by file of what the hospital gives until an instant; all of it as FHIR too."""
    folder.mkdir(parents=True)
    rows = write_extract(hospital, folder, until=until, since=since)
    (folder / "fhir").mkdir()
    write_fhir(hospital, folder / "fhir", until=until)
    return rows


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
