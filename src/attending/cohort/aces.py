"""The subset of an ACES task that a cohort can say; anything else is refused by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from attending.errors import BadInput
from attending.records.events import ADMISSION, DEATH, DISCHARGE

if TYPE_CHECKING:
    from collections.abc import Mapping

_INPATIENT = "INPATIENT"
_ENDED = (f"{DISCHARGE}{_INPATIENT}",)
_LENGTH = re.compile(r"(?:trigger|start|\w+\.(?:start|end))\s*\+\s*(\d+)\s*(h|d|hours?|days?)")
_TO_EVENT = re.compile(r"start\s*->\s*(\w+)")
_ANY = re.compile(r"or\(([\w\s,]+)\)")
_NONE = re.compile(r"\(\s*None\s*,\s*0\s*\)")
_PARTS = frozenset({"predicates", "trigger", "windows", "description", "metadata"})
_WINDOW = frozenset(
    {"start", "end", "start_inclusive", "end_inclusive", "has", "label", "index_timestamp"}
)


def cohort_from_aces(task: Mapping[str, Any], *, name: str) -> dict[str, Any]:
    """Return the fields of a cohort.yaml that asks for the same as an ACES task.

    What maps: a trigger on an admission or discharge of the class INPATIENT; windows of which one
    gives the index and one the label, where the label is an admission, a death, or a code.

    Args:
        task: the task, as its YAML reads.
        name: what the cohort is to be called.

    Raises:
        BadInput: the task asks for something that does not map; the message names it.
    """
    _refuse_odd(task)
    _refuse_unknown(task)
    codes = {key: _codes(key, task["predicates"]) for key in task.get("predicates", {})}
    windows = task.get("windows", {})
    labelled = [key for key, window in windows.items() if window.get("label")]
    indexed = [key for key, window in windows.items() if window.get("index_timestamp")]
    trigger = codes.get(str(task.get("trigger")), ())
    index = _index(trigger, windows[indexed[0]], indexed[0])
    target = windows[labelled[0]]
    label = _label(codes, target, labelled[0])
    return {
        "name": name,
        "version": "1",
        "construct": {
            "meaning": f"{target['label']} as the ACES task {name} counts it",
            "proxy": True,
            "note": "Imported from ACES; say what the outcome misses, and for whom.",
        },
        "index": index,
        "observation_window": "365d",
        "exclusions": _exclusions(codes, windows, index),
        "label": label,
    }


def _refuse_odd(task: Mapping[str, Any]) -> None:
    """Refuse parts that are not of the kind that a task has."""
    for part in ("predicates", "windows"):
        said = task.get(part, {})
        if not isinstance(said, dict):
            raise _refused(part)
        for key, one in said.items():
            if not isinstance(one, dict):
                raise _refused(f"{part}.{key}")
    for key, window in task.get("windows", {}).items():
        for name, value in window.items():
            if isinstance(value, list) or isinstance(value, dict) != (
                name == "has" and bool(value)
            ):
                raise _refused(f"windows.{key}.{name}")


def _refuse_unknown(task: Mapping[str, Any]) -> None:
    """Refuse parts that no cohort says, and windows without one label and one index."""
    windows = task.get("windows", {})
    odd = [*sorted(set(task) - _PARTS)]
    odd += [
        f"windows.{key}.{name}" for key in windows for name in sorted(set(windows[key]) - _WINDOW)
    ]
    if odd:
        raise _refused(odd[0])
    for field in ("label", "index_timestamp"):
        if sum(bool(window.get(field)) for window in windows.values()) != 1:
            raise _refused(f"windows without one {field}")


def _codes(name: str, predicates: Mapping[str, Any], depth: int = 0) -> tuple[str, ...]:
    said = predicates.get(name)
    if not isinstance(said, dict) or depth > len(predicates):
        raise _refused(f"predicates.{name}")
    if set(said) == {"code"} and isinstance(said["code"], str):
        return (said["code"],)
    if set(said) == {"code"} and isinstance(said["code"], dict):
        return _some(name, said["code"])
    anyone = _ANY.fullmatch(str(said.get("expr", ""))) if set(said) == {"expr"} else None
    if anyone is None:
        raise _refused(f"predicates.{name}")
    parts = [part.strip() for part in anyone[1].split(",")]
    return tuple(code for part in parts for code in _codes(part, predicates, depth + 1))


def _some(name: str, code: Mapping[str, Any]) -> tuple[str, ...]:
    if set(code) == {"any"} and isinstance(code["any"], list):
        return tuple(str(one) for one in code["any"])
    pattern = str(code.get("regex", "")).removesuffix("$") if set(code) == {"regex"} else ""
    head = re.fullmatch(r"\^([\w/ -]+)\.\*", pattern)
    if head is None:
        raise _refused(f"predicates.{name}.code")
    return (f"{head[1]}*",)


def _index(trigger: tuple[str, ...], window: Mapping[str, Any], name: str) -> dict[str, Any]:
    edge = window["index_timestamp"]
    where = str(window.get(edge)) if edge in {"start", "end"} else ""
    length = _LENGTH.fullmatch(where)
    if trigger == (f"{DISCHARGE}{_INPATIENT}",) and where == "trigger":
        return {"event": "discharge"}
    if trigger != (f"{ADMISSION}{_INPATIENT}",):
        raise _refused("trigger")
    if where == "trigger":
        return {"event": "admission"}
    from_trigger = where.startswith("trigger") or str(window.get("start")) == "trigger"
    if length is None or not from_trigger:
        raise _refused(f"windows.{name}.{edge}")
    return {"event": "landmark", "after": _length(length)}


def _length(found: re.Match[str]) -> str:
    return f"{found[1]}{found[2][0]}"


def _label(
    codes: Mapping[str, tuple[str, ...]], window: Mapping[str, Any], name: str
) -> dict[str, Any]:
    open_start = str(window.get("start_inclusive")).lower() == "false"
    closed_end = str(window.get("end_inclusive")).lower() == "true"
    if not open_start or not closed_end or window.get("has"):
        raise _refused(f"windows.{name}: a label window is open at its start, closed at its end")
    wanted = codes.get(str(window["label"]), ())
    end = str(window.get("end"))
    until, length = _TO_EVENT.fullmatch(end), _LENGTH.fullmatch(end)
    if until is not None and wanted == (DEATH,):
        ends = set(codes.get(until[1], ()))
        if ends == {DEATH, f"{DISCHARGE}{_INPATIENT}"}:
            return {"kind": "death_in_stay"}
    if length is None or not wanted:
        raise _refused(f"windows.{name}.end")
    horizon = {"horizon": _length(length)}
    if wanted == (DEATH,):
        return {"kind": "death", **horizon}
    competing = {"competing": {"death": "no_event"}}
    if wanted == (f"{ADMISSION}{_INPATIENT}",):
        counted = {"planned": {"as": "counted"}}
        return {"kind": "readmission", **horizon, "readmission": counted, **competing}
    return {"kind": "codes", **horizon, "codes": {"any_of": list(wanted)}, **competing}


def _exclusions(
    codes: Mapping[str, tuple[str, ...]],
    windows: Mapping[str, Any],
    index: Mapping[str, str],
) -> list[dict[str, Any]]:
    """Return the rules that say what the windows must not have."""
    found: list[dict[str, Any]] = []
    for key, window in windows.items():
        for name, bounds in (window.get("has") or {}).items():
            if window.get("index_timestamp") != "end":
                raise _refused(f"windows.{key}.has, for it does not end at the prediction")
            absent = _NONE.fullmatch(str(bounds)) is not None
            if absent and codes.get(name) == (DEATH,):
                at_end = index["event"] == "discharge"
                found.append({"rule": "alive_at_discharge" if at_end else "alive_at_index"})
            elif not absent or index["event"] != "landmark" or codes.get(name) != _ENDED:
                raise _refused(f"windows.{key}.has.{name}")
    return [rule for number, rule in enumerate(found) if rule not in found[:number]]


def _refused(what: str) -> BadInput:
    return BadInput(
        f"the ACES task asks for '{what}', which no cohort says",
        code="aces.unmapped",
        hint="Write this part of cohort.yaml by hand; docs/cohorts.md lists what can be said.",
    )
