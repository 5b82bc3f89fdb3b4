"""attending: from a prototype model to one that clinicians can trust, and a verdict every day."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.processor import take_one_kernel

if TYPE_CHECKING:
    from pathlib import Path

    from attending.notebook import Notebook

__version__ = "0.1.0"

take_one_kernel()  # before anything here imports numpy


def open(  # noqa: A001 - attending.open(project) is what people write
    project: str | Path = ".",
    *,
    home: str | Path | None = None,
    at: str | None = None,
    by: str = "system",
) -> Notebook:
    """Return a project opened for a notebook: its steps in Python, and what it makes exploratory.

    Args:
        project: the folder of specs.
        home: the installation; else the variable ATTENDING_HOME, else ./.attending.
        at: the instant to act at, such as 2026-01-31T06:00:00Z; now when absent.
        by: who acts, by person id.

    Raises:
        NotFound: there is no project, or no home, there.
    """
    from attending.notebook import open_notebook  # noqa: PLC0415 - `import attending` stays cheap

    return open_notebook(project, home=home, at=at, by=by)
