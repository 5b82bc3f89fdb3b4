"""What a run must say about where it ran: code, project, interpreter, platform, packages."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np

import attending
from attending.digests import digest_bytes, digest_file, digest_of
from attending.errors import DependencyDown
from attending.processor import kernel

_GIT_SECONDS = 30
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


@dataclass(frozen=True)
class ProjectState:
    """The commit of the project's folder, and whether what is there is what was committed."""

    commit: str | None
    clean: bool

    @property
    def reasons(self) -> tuple[str, ...]:
        """Return why a run from this folder is exploratory; nothing when it is not."""
        if self.commit is None:
            return ("the project folder is not under version control",)
        return () if self.clean else ("the project folder has changes that are not committed",)


def project_state(folder: Path) -> ProjectState:
    """Return the git state of a project's folder, of that folder alone."""
    inside = _git(folder, "rev-parse", "--verify", "HEAD")
    if inside is None:
        return ProjectState(commit=None, clean=False)
    changes = _git(folder, "status", "--porcelain", "--", ".")
    return ProjectState(commit=inside.strip(), clean=changes is not None and not changes.strip())


def file_at(folder: Path, commit: str, name: str) -> bytes | None:
    """Return a file of a project's folder as a commit has it; None when there is no such thing."""
    found = _git(folder, "show", f"{commit}:./{name}") if _COMMIT.fullmatch(commit) else None
    return None if found is None else found.encode()


def commit_project(folder: Path, *, at: str, author: str) -> None:
    """Commit a folder with a fixed author and date, so that its commit id repeats.

    Raises:
        DependencyDown: git is not installed, or refused.
    """
    identity = ("-c", f"user.name={author}", "-c", "user.email=demo@example.invalid")
    quiet = ("-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null")
    steps = (
        ("init", "--quiet", "--initial-branch=main"),
        ("add", "--all"),
        (*identity, *quiet, "commit", "--quiet", "--message=The project as it was asked for"),
    )
    dates = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
    for step in steps:
        if _git(folder, *step, dates=dates) is None:
            raise DependencyDown(
                f"git {step[0]} did not succeed in the project folder",
                code="project.git",
                hint="Install git, or commit the project folder yourself.",
            )


def _git(folder: Path, *args: str, dates: dict[str, str] | None = None) -> str | None:
    program = shutil.which("git")
    if program is None:
        return None
    # Only what git needs: its settings and the caller's environment must not change an id.
    environment = {
        "PATH": str(Path(program).parent),
        "HOME": str(folder),
        "GIT_CONFIG_NOSYSTEM": "1",
        "LC_ALL": "C",
        "TZ": "UTC",
        # A home may lie in another owner's folder, in a container for one.
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "safe.directory",
        "GIT_CONFIG_VALUE_0": "*",
        **(dates or {}),
    }
    done = subprocess.run(  # noqa: S603 - a fixed program, and arguments of our own
        [program, "-C", str(folder), *args],
        capture_output=True,
        text=True,
        check=False,
        timeout=_GIT_SECONDS,
        env=environment,
    )
    return done.stdout if done.returncode == 0 else None


@cache
def code_digest() -> str:
    """Return the digest of the installed attending files, by name and content."""
    root = Path(attending.__file__).parent
    files = sorted(
        path
        for path in root.rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".nbi", ".nbc"}
    )
    return digest_of({str(path.relative_to(root)): digest_file(path) for path in files})


@cache
def packages() -> tuple[tuple[str, str, str], ...]:
    """Return name, version and the digest of the installed file list of every package."""
    found = {}
    for package in metadata.distributions():
        name = (package.metadata["Name"] or "").lower()
        if name and name != "attending":
            listing = package.read_text("RECORD") or package.read_text("METADATA") or ""
            # Compiled caches are made on the machine and are not part of what was installed.
            kept = sorted(line for line in listing.splitlines() if "__pycache__" not in line)
            kept = [line for line in kept if not _machine_made(line)]
            found[name] = (name, package.version, digest_bytes("\n".join(kept).encode()))
    return tuple(found[name] for name in sorted(found))


def unpinned() -> tuple[str, ...]:
    """Return packages whose version does not say which code they hold, attending itself apart.

    Such is one that was installed from a folder, where the code may change under its version.
    attending's own files are digested one by one.
    """
    found = set()
    for package in metadata.distributions():
        name = (package.metadata["Name"] or "").lower()
        origin = package.read_text("direct_url.json")
        if name and name != "attending" and origin and "dir_info" in json.loads(origin):
            found.add(name)
    return tuple(sorted(found))


def _machine_made(line: str) -> bool:
    """Return whether a line of RECORD depends on where the package was put."""
    first = line.split(",", 1)[0]
    return first.startswith("../") or first.endswith(("INSTALLER", "REQUESTED", "RECORD"))


def interpreter() -> str:
    """Return the implementation and version of the interpreter."""
    return f"{platform.python_implementation()} {platform.python_version()}"


def machine() -> str:
    """Return operating system, C library, processor family and features; no host name.

    The features are those that numpy uses, and the kernel is that of linear algebra: they decide
    the last digits.
    """
    found = np.show_config("dicts")["SIMD Extensions"]["found"]
    parts = (sys.platform, platform.machine(), *platform.libc_ver(), *found, "kernel", kernel())
    return " ".join(filter(None, parts))
