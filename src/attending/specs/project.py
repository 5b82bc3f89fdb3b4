"""A project: a folder of specs under the team's version control."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import NotFound

if TYPE_CHECKING:
    from pathlib import Path

#: The seven files of a project.
FILES = ("contract", "cohort", "features", "model", "validation", "release", "monitoring")


@dataclass(frozen=True)
class ProjectFolder:
    """Where the specs of a project lie."""

    root: Path

    def path(self, spec: str) -> Path:
        """Return the file of one spec."""
        return self.root / f"{spec}.yaml"


def find_project(folder: Path) -> ProjectFolder:
    """Return the project in a folder.

    Raises:
        NotFound: the folder is absent or holds none of a project's files.
    """
    if not any((folder / f"{name}.yaml").is_file() for name in FILES):
        raise NotFound(
            "there is no project here: none of " + ", ".join(f"{name}.yaml" for name in FILES),
            code="project.missing",
            hint="Go to a project's folder, pass --project DIR, or make one: attending new DIR.",
            where=str(folder),
        )
    return ProjectFolder(root=folder)
