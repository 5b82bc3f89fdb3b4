"""Ready features: read, narrowed to those that are asked for, and written as a project's file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import BadInput
from attending.features.constructs import construct_file
from attending.specs.features import FeaturesSpec
from attending.specs.read_yaml import read_spec

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


def ready_features(name: str) -> FeaturesSpec:
    """Return all ready features for one way to code results.

    Raises:
        NotFound: no such file.
    """
    return read_spec(construct_file(name), FeaturesSpec)


def chosen(spec: FeaturesSpec, wanted: Sequence[str]) -> FeaturesSpec:
    """Return some features with all that they are derived from, and the code lists they read.

    Args:
        spec: all that there are.
        wanted: names; all when empty.

    Raises:
        BadInput: a name that is not there.
    """
    if not wanted:
        return spec
    needed = _with_operands(spec, wanted)
    kept = tuple(feature for feature in spec.features if feature.name in needed)
    lists = {feature.code_list for feature in kept}
    return spec.model_copy(
        update={
            "features": kept,
            "code_lists": tuple(one for one in spec.code_lists if one.name in lists),
        }
    )


def _with_operands(spec: FeaturesSpec, names: Iterable[str]) -> frozenset[str]:
    needed: set[str] = set()
    waiting = list(names)
    while waiting:
        feature = spec.feature(waiting.pop())
        if feature.name not in needed:
            needed.add(feature.name)
            waiting += feature.expression.names if feature.expression else ()
    return frozenset(needed)


def write_ready(name: str, into: Path) -> Path:
    """Return the new file, a copy of all ready features with their comments.

    Raises:
        BadInput: there is a file already.
    """
    if into.exists():
        raise BadInput(
            "there is a file here already",
            code="features.exists",
            hint="Name a file that is not there yet.",
            where=str(into),
        )
    into.write_bytes(construct_file(name).read_bytes())
    return into
