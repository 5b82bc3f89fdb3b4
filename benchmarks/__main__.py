"""Time the first heavy paths on the synthetic hospital; run by `make bench`."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from attending.hospital.extract import write_extract
from attending.hospital.generate import generate
from attending.hospital.plan import HospitalPlan
from attending.ingest.build import build_snapshot


def main() -> None:
    """Print seconds and rows for generating and ingesting 5,000 patients."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = time.perf_counter()
        hospital = generate(HospitalPlan(patients=5000))
        (folder / "extract").mkdir()
        rows = sum(write_extract(hospital, folder / "extract", until=hospital.plan.end).values())
        made = time.perf_counter()
        (folder / "out").mkdir()
        build_snapshot("hospital", folder / "extract", key=b"k" * 32, out=folder / "out")
        print(f"generate and write 5,000 patients: {made - start:.1f} s, {rows} rows")
        print(f"ingest them: {time.perf_counter() - made:.1f} s")


if __name__ == "__main__":
    main()
