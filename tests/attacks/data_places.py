"""Hostile things in place of a file: links, pipes, devices, folders, and one that changes."""

from __future__ import annotations

import os
import threading
import time

from tests.attacks.hostile import HEAD, ROW, ROWS, Hostile, fhir, hospital, mapped


def _link(target):
    return lambda folder: (folder / "labs.csv").symlink_to(target)


def _link_up(folder):
    (folder.parent / "elsewhere.csv").write_text(ROWS)
    (folder / "labs.csv").symlink_to("../elsewhere.csv")


def _fhir_pipe(folder):
    fhir(folder)
    os.mkfifo(folder / "Procedure.ndjson")


def _fhir_link(folder):
    fhir(folder)
    (folder / "Procedure.ndjson").symlink_to("/etc/passwd")


def _meds_folder(folder):
    (folder / "data" / "0.parquet").mkdir(parents=True)
    (folder / "metadata").mkdir()
    (folder / "metadata" / "dataset.json").write_text("{}")


def _growing(folder):
    """Write a table to which a row is added every few milliseconds, for some seconds."""
    path = folder / "labs.csv"
    path.write_text(f"{HEAD}\n" + f"{ROW}\n" * 20_000)

    def grow():
        until = time.monotonic() + 60
        while time.monotonic() < until and not (folder / "enough").exists():
            with path.open("a") as stream:
                stream.write(f"{ROW}\n")
            time.sleep(0.005)

    threading.Thread(target=grow, daemon=True).start()


def _manifest(data):
    def make(folder):
        hospital(folder)
        (folder / "manifest.json").write_bytes(data)

    return make


def _hospital_cut(folder):
    hospital(folder)
    path = folder / "labs.csv"
    path.write_bytes(path.read_bytes()[:-40])


PLACES: dict[str, Hostile] = {
    "link_to_root": mapped(_link("/etc/passwd"), "ingest.outside_folder", status=3),
    "link_beside": mapped(_link_up, "ingest.outside_folder", status=3),
    "link_to_nothing": mapped(_link("gone.csv"), "ingest.not_a_file"),
    "link_to_itself": mapped(_link("labs.csv"), "ingest.not_a_file"),
    "pipe": mapped(lambda folder: os.mkfifo(folder / "labs.csv"), "ingest.not_a_file"),
    "device": mapped(_link("/dev/zero"), "ingest.outside_folder", status=3),
    "folder": mapped(lambda folder: (folder / "labs.csv").mkdir(), "ingest.not_a_file"),
    "nothing": mapped(lambda _folder: None, "ingest.missing_file"),
    "fhir_pipe": Hostile("fhir", _fhir_pipe, "ingest.not_a_file"),
    "fhir_link": Hostile("fhir", _fhir_link, "ingest.outside_folder", 3),
    "meds_folder": Hostile("meds", _meds_folder, "ingest.not_a_file"),
    "changed_while_read": mapped(_growing, "ingest.changed", status=3),
    "manifest_deep": Hostile("hospital", _manifest(b"[" * 100_000), "ingest.manifest"),
    "manifest_endless": Hostile("hospital", _manifest(b" " * (64 << 20)), "ingest.manifest"),
    "hospital_cut": Hostile("hospital", _hospital_cut, "ingest.truncated", 3),
}
