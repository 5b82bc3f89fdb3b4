"""Verify a model bundle with the standard library alone.

Run it as `python model_bundle_verifier.py BUNDLE [KEYS]`, with `bundle_verifier.py` and
`standalone_verifier.py` beside it, whose arithmetic it uses. It imports nothing of attending.
Exit code 0 when every byte is what was signed, 4 when not, 2 when there is no bundle.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

BESIDE: dict[str, Any] = runpy.run_path(
    str(Path(__file__).with_name("bundle_verifier.py")), run_name="beside"
)


def verify(bundle: Path, held: Path | None) -> str:
    """Return in a sentence what was shown."""
    if bundle.stat().st_size > BESIDE["MOST_BYTES"]:
        raise BESIDE["Broken"]("the file is larger than any bundle")
    try:
        files = BESIDE["members"](bundle.read_bytes())
        said, line = BESIDE["check_list"](files, kind="model_bundle")
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        raise BESIDE["Broken"]("a part of it cannot be read") from None
    if held is not None and line not in BESIDE["public_keys"](held.read_text()):
        raise BESIDE["Broken"]("the list is signed by a key that you do not hold")
    whose = "which you hold" if held else "NOT compared with a key that you hold"
    name = f"{said['model']}@{said['version']}, {said['stage']} in its own home"
    return f"verified: {name}, {len(said['files'])} files; key {line[:60]}, {whose}"


def main(arguments: list[str]) -> int:
    """Return the exit code after printing what was found."""
    paths = [Path(one) for one in arguments]
    if len(paths) not in {1, 2} or not all(path.is_file() for path in paths):
        sys.stderr.write("usage: model_bundle_verifier.py BUNDLE [KEYS]\n")
        return 2
    try:
        said = verify(paths[0], paths[1] if len(paths) == 2 else None)
    except BESIDE["Broken"] as error:
        sys.stdout.write(f"broken: {error}\n")
        return 4
    sys.stdout.write(f"{said}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
