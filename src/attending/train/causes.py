"""Which of code, packages, data, labels, features, parameters and seed two runs differ in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attending.digests import short
from attending.records.run_diff import Cause
from attending.specs.base import dump

if TYPE_CHECKING:
    from collections.abc import Mapping

    from attending.records.run import Run
    from attending.records.run_diff import CauseName
    from attending.specs.base import Spec

#: At most so many details are told of one cause; the rest are counted.
MOST = 8
_NOT_FITTED = ("name", "outcome", "baselines", "metrics", "seed", "split", "sample_size")


def causes(
    before: Run, after: Run, *, specs: tuple[Mapping[str, Spec], Mapping[str, Spec]]
) -> tuple[Cause, ...]:
    """Return for each cause whether it differs, and how in words.

    Args:
        before: the earlier run.
        after: the later run.
        specs: of both, by file: `cohort`, `features` and `model`.
    """
    said = [{name: dump(spec) for name, spec in one.items()} for one in specs]
    cohorts, models = ([one[name] for one in said] for name in ("cohort", "model"))
    features = [_by_name(one["features"]) for one in said]
    fitted = [{k: v for k, v in model.items() if k not in _NOT_FITTED} for model in models]
    people = [{k: v for k, v in cohort.items() if k != "label"} for cohort in cohorts]
    told: dict[CauseName, list[str]] = {
        "code": _digests("attending's own files", before.code_digest, after.code_digest),
        "packages": _packages(before, after),
        "platform": changes(_place(before), _place(after)),
        "data": _digests("snapshot", before.snapshot, after.snapshot),
        "population": changes(people[0], people[1]),
        "labels": changes(cohorts[0]["label"], cohorts[1]["label"]),
        "features": changes(features[0], features[1]),
        "parameters": changes(fitted[0], fitted[1]),
        "seed": changes({"seed": before.seed}, {"seed": after.seed}),
        "split": changes(models[0]["split"], models[1]["split"]),
    }
    return tuple(
        Cause(name=name, differs=bool(details), details=_few(details))
        for name, details in told.items()
    )


def _few(details: list[str]) -> tuple[str, ...]:
    rest = len(details) - MOST
    return (*details[:MOST], f"and {rest} more") if rest > 0 else tuple(details)


def _digests(what: str, before: str, after: str) -> list[str]:
    return [] if before == after else [f"{what}: was {short(before)}, is {short(after)}"]


def _place(run: Run) -> dict[str, str]:
    return {"interpreter": run.interpreter, "platform": run.platform}


def _packages(before: Run, after: Run) -> list[str]:
    was, now = ({item.name: item for item in run.packages} for run in (before, after))
    found = []
    for name in sorted(was.keys() | now.keys()):
        a, b = was.get(name), now.get(name)
        if a == b:
            continue
        if a and b and a.version == b.version:
            found.append(f"{name} {a.version}: other files under the same version")
        else:
            was_version, version = (one.version if one else "absent" for one in (a, b))
            found.append(f"{name}: was {was_version}, is {version}")
    return found


def _by_name(features: Mapping[str, Any]) -> dict[str, Any]:
    """Return features by name and how each is computed, without who owns and reads them."""
    papers = ("label", "owner", "purpose", "status")
    return {
        one["name"]: {k: v for k, v in one.items() if k not in papers}
        for one in features["features"]
    }


def changes(before: Any, after: Any, path: str = "") -> list[str]:  # noqa: ANN401 - JSON values
    """Return in words every field in which two plain values differ.

    >>> changes({"l2": 1, "steps": [1]}, {"l2": 30, "steps": [1]}, "parameters")
    ['parameters.l2: was 1, is 30']
    >>> changes({"l1": 1}, {"l2": 30, "sodium": {}})
    ['l1: removed, was 1', 'l2: added, is 30', 'sodium: added']
    """
    if before == after:
        return []
    if isinstance(before, dict) and isinstance(after, dict):
        found = []
        for key in dict.fromkeys((*before, *after)):
            inner = f"{path}.{key}" if path else key
            if key not in after:
                found.append(f"{inner}: removed{_plain(', was', before[key])}")
            elif key not in before:
                found.append(f"{inner}: added{_plain(', is', after[key])}")
            else:
                found += changes(before[key], after[key], inner)
        return found
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = enumerate(zip(before, after, strict=True))
        return [line for at, (a, b) in pairs for line in changes(a, b, f"{path}.{at}")]
    return [f"{path}: was {_brief(before)}, is {_brief(after)}"]


def _plain(words: str, value: Any) -> str:  # noqa: ANN401 - a JSON value
    return "" if isinstance(value, dict) else f"{words} {_brief(value)}"


def _brief(value: Any) -> str:  # noqa: ANN401 - a JSON value
    text = "none" if value is None else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
