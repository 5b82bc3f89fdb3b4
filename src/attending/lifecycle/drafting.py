"""Contracts as files: two compared, and one drafted from a snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.contract.diff import diff
from attending.contract.infer import VALUE_COLUMNS, infer, partial_values
from attending.errors import BadInput, Refused
from attending.lifecycle.engines import engine_over
from attending.specs.contract import ContractSpec
from attending.specs.read_yaml import parse_spec, read_spec

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from attending.lifecycle.desk import Desk
    from attending.lifecycle.ingesting import Held
    from attending.records.contract import ContractDiff


def compare_contracts(before: Path, after: Path) -> ContractDiff:
    """Return what two contract files say differently.

    Raises:
        NotFound: there is no such file.
        BadInput: a file is not a contract.
    """
    return diff(read_spec(before, ContractSpec), read_spec(after, ContractSpec))


def require_same_inputs(found: ContractDiff) -> None:
    """Refuse a comparison in which something changed that models rest on.

    Raises:
        Refused: with the count of such changes.
    """
    if found.needs_review:
        changed = sum(change.model_input for change in found.changes)
        raise Refused(
            f"{changed} of {len(found.changes)} changes change what models are fed",
            code="contract.review",
            hint="The next training or scoring opens a review that must be signed.",
        )


def draft(desk: Desk, source: Held, *, codes: int, each: Callable[[], None] | None = None) -> str:
    """Return a draft contract as YAML that reads as a contract.

    Args:
        desk: where it is read.
        source: the snapshot that it is drafted from.
        codes: how many codes get rules, the commonest first.
        each: called after every shard.
    """
    engine = engine_over(desk, source)
    partials = engine.map(partial_values, columns=VALUE_COLUMNS, each=each)
    text = infer(partials, source.snapshot, codes=codes)
    parse_spec(text.encode(), ContractSpec, name="the draft")
    return text


def write_draft(path: Path, text: str) -> None:
    """Write a draft to a new file.

    Raises:
        BadInput: the file is there already, or its folder is not.
    """
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        reason = "is there already" if isinstance(error, FileExistsError) else "cannot be written"
        raise BadInput(
            f"the file {reason}",
            code="contract.out",
            hint="Name a new file; a draft never replaces a contract.",
            where=str(path),
        ) from None
