"""The outer door: every refusal becomes one message and one exit code, never a traceback."""

from __future__ import annotations

import errno
import json
import resource
import sys
import traceback
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

from attending.errors import AttendingError, DependencyDown

if TYPE_CHECKING:
    from collections.abc import Callable

_STORAGE = {errno.ENOSPC: "storage.full", errno.EDQUOT: "storage.full", errno.EIO: "storage.io"}

#: Whether this verb has printed its JSON object: a refusal after it is told on stderr alone, as a
#: second object would make of both something that no reader of JSON takes.
PRINTED: ContextVar[bool] = ContextVar("printed", default=False)
#: What else is raised where memory runs out: a library or a thread that cannot be had.
_STARVED = (ImportError, RuntimeError, SystemError)


def through(run: Callable[[], object], *, argv: list[str]) -> int:
    """Return the exit code of `run`, having printed what it refused.

    Args:
        run: the command line.
        argv: the arguments, only to see whether `--json` was asked for.
    """
    before = PRINTED.set(False)
    try:
        run()
    except AttendingError as error:
        return _print(error, as_json="--json" in argv)
    except OSError as error:
        return _print(_storage(error), as_json="--json" in argv)
    except MemoryError:
        return _print(_short_of_memory(), as_json="--json" in argv)
    except Exception as error:  # noqa: BLE001 - the outer door
        return _print(_defect(error), as_json="--json" in argv)
    finally:
        PRINTED.reset(before)
    return 0


def _storage(error: OSError) -> AttendingError:
    code = _STORAGE.get(error.errno or 0, "storage.denied")
    return DependencyDown(
        f"the storage answered: {error.strerror or type(error).__name__}",
        code=code,
        hint="Free space or mend the permissions, then run the same command again.",
        where=str(error.filename or ""),
    )


def _limited() -> bool:
    """Return whether this process may have only so much memory (`ulimit -v`)."""
    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def _short_of_memory(where: str = "") -> AttendingError:
    return DependencyDown(
        "there was not enough memory for this step",
        code="memory.short",
        hint="Nothing was half done: give it more memory, then run the same command again.",
        where=where,
    )


def _defect(error: Exception) -> AttendingError:
    """Name the place of a defect, and no value: an argument could hold a patient's data."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "attending" in Path(frame.filename).parts]
    last = (ours or list(frames))[-1]
    arrows = type(error).__name__ == "ArrowException"  # by name: importing Arrow costs every verb
    if _limited() and (arrows or isinstance(error, _STARVED)):
        return _short_of_memory(f"{Path(last.filename).name}:{last.lineno}")
    return DependencyDown(
        f"an unexpected {type(error).__name__}: this is a defect in attending",
        code="internal.defect",
        hint="Nothing was recorded for this step. Report the place below.",
        where=f"{Path(last.filename).parent.name}/{Path(last.filename).name}:{last.lineno}",
    )


def _print(error: AttendingError, *, as_json: bool) -> int:
    if as_json and not PRINTED.get():
        sys.stdout.write(json.dumps(error.as_problem(), sort_keys=True) + "\n")
    place = f"{error.where}: " if error.where else ""
    sys.stderr.write(f"refused [{error.code}] {place}{error.message}\n")
    if error.hint:
        sys.stderr.write(f"  {error.hint}\n")
    return error.exit_code
