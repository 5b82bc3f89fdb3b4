"""Read a YAML spec: no tags, no duplicate keys, hard limits, and errors that name file and line.

Every scalar stays text until the schema of the spec says what it is, so `no`, `1.10` and
`012` mean what the field means and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from attending.errors import AttendingError, BadInput, NotFound, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

S = TypeVar("S", bound=BaseModel)

MAX_BYTES = 1 << 20
MAX_DEPTH = 24
MAX_NODES = 50_000
#: Values of one list, or fields of one mapping; more stand in a file of their own, and a flood is
#: refused before it is read.
MAX_ITEMS = 10_000
#: How many errors beside the first are named.
_NAMED = 5
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


@dataclass
class Tree:
    """Plain values of a YAML document and the line of every field."""

    value: Any = None
    lines: dict[tuple[str | int, ...], int] = field(default_factory=dict)


def read_spec(path: Path, kind: type[S]) -> S:
    """Return the spec in a YAML file.

    Raises:
        NotFound: no such file.
        BadInput: too large, not YAML, a tag, an alias, a duplicate key, or not what the schema
            says; `where` is file, line and field.
    """
    if not path.is_file():
        raise NotFound(
            f"there is no file {path.name} in {path.parent}",
            code="spec.missing_file",
            hint=f"Write {path.name}, or start from `attending new`.",
            where=str(path),
        )
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise BadInput(
            f"the file has {size} bytes, more than {MAX_BYTES}",
            code="spec.too_large",
            hint="Split it, or move code lists to files of their own.",
            where=str(path),
        )
    return parse_spec(path.read_bytes(), kind, name=str(path))


def parse_spec(data: bytes, kind: type[S], *, name: str) -> S:
    """Return the spec that YAML text says; `name` stands for the file in errors.

    Raises:
        BadInput: as for `read_spec`.

    >>> class Ward(BaseModel):
    ...     beds: int
    >>> parse_spec(b"beds: 12", Ward, name="ward.yaml")
    Ward(beds=12)
    >>> parse_spec(b"beds: many", Ward, name="ward.yaml")
    Traceback (most recent call last):
    ...
    attending.errors.BadInput: ward.yaml:1: beds: got 'many', expected a whole number
    """
    tree = parse_yaml(data, name=name)
    try:
        return kind.model_validate(tree.value)
    except ValidationError as error:
        refusal = _refusal(error, tree, kind, name=name)
        raise refusal from None


def parse_yaml(data: bytes, *, name: str) -> Tree:
    """Return the plain values of a YAML document, scalars as text, and the line of each.

    Raises:
        BadInput: not YAML in UTF-8, a tag, an alias, a duplicate key, or past a limit.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise BadInput(
            "the file is not UTF-8", code="spec.encoding", hint="Save it as UTF-8.", where=name
        ) from None
    reader = YAML(typ="safe", pure=True)
    try:
        return _Builder(name).build(reader.parse(text))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(
            f"this is not YAML: {error.problem}", code="spec.yaml", where=f"{name}:{line}"
        ) from None
    except YAMLError:
        raise BadInput("this is not YAML", code="spec.yaml", where=name) from None


class _Builder:
    """Builds plain values from parse events, refusing what a spec may not hold."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.tree = Tree()
        self.nodes = 0

    def build(self, events: Iterator[Any]) -> Tree:
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise self._refuse(event, "a second document", "spec.documents")
            elif isinstance(event, NodeEvent):
                self.tree.value = self._node(event, events, ())
        return self.tree

    def _refuse(self, event: Any, what: str, code: str) -> BadInput:  # noqa: ANN401 - any event
        where = f"{self.name}:{event.start_mark.line + 1}"
        return BadInput(f"got {what}, which a spec may not hold", code=code, where=where)

    def _node(self, event: Any, events: Iterator[Any], at: tuple[str | int, ...]) -> Any:  # noqa: ANN401 - any YAML value
        self._check(event, at)
        self.tree.lines[at] = event.start_mark.line + 1
        if isinstance(event, ScalarEvent):
            plain = event.implicit[0]
            return None if plain and event.value in _NULLS else event.value
        if isinstance(event, SequenceStartEvent):
            return self._sequence(events, at)
        return self._mapping(events, at)

    def _check(self, event: Any, at: tuple[str | int, ...]) -> None:  # noqa: ANN401 - any event
        self.nodes += 1
        if isinstance(event, AliasEvent) or event.anchor is not None:
            raise self._refuse(event, "an anchor or alias", "spec.alias")
        if getattr(event, "ctag", None) is not None and str(event.ctag) not in {"", "None"}:
            raise self._refuse(event, "a tag", "spec.tag")
        if len(at) > MAX_DEPTH:
            raise self._refuse(event, f"more than {MAX_DEPTH} levels", "spec.depth")
        if self.nodes > MAX_NODES:
            raise self._refuse(event, f"more than {MAX_NODES} values", "spec.too_large")

    def _sequence(self, events: Iterator[Any], at: tuple[str | int, ...]) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(events), SequenceEndEvent):
            if len(items) == MAX_ITEMS:
                what = f"more than {MAX_ITEMS:,} values in one list"
                raise self._refuse(event, what, "spec.too_large")
            items.append(self._node(event, events, (*at, len(items))))
        return items

    def _mapping(self, events: Iterator[Any], at: tuple[str | int, ...]) -> dict[str, Any]:
        pairs: dict[str, Any] = {}
        while not isinstance(event := next(events), MappingEndEvent):
            if isinstance(event, (MappingStartEvent, SequenceStartEvent)):
                raise self._refuse(event, "a key that is not a word", "spec.key")
            self._check(event, at)
            key = event.value
            if len(pairs) == MAX_ITEMS:
                what = f"more than {MAX_ITEMS:,} fields in one place"
                raise self._refuse(event, what, "spec.too_large")
            if key in pairs:
                raise self._refuse(event, f"the key '{key}' twice", "spec.duplicate_key")
            if key == "<<":
                raise self._refuse(event, "a merge key", "spec.alias")
            line = event.start_mark.line + 1
            pairs[key] = self._node(next(events), events, (*at, key))
            self.tree.lines[*at, key] = line
        return pairs


_EXPECTED = {
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
    "string_type": "text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "fields under it",
    "model_type": "fields under it",
    "model_attributes_type": "fields under it",
}


def _refusal(error: ValidationError, tree: Tree, kind: type[BaseModel], *, name: str) -> BadInput:
    # A misspelt field is both unknown and missing: the first is what the reader must mend.
    found = sorted(
        error.errors(include_url=False), key=lambda item: item["type"] != "extra_forbidden"
    )
    first = found[0]
    path = _in_document(first["loc"], tree, absent=first["type"] == "missing")
    line = _line_of(tree, path)
    dotted = ".".join(str(part) for part in path)
    message, code, hint = _describe(first, kind, path)
    more = _more(found[1:], tree)
    where = f"{name}:{line}: {dotted}" if dotted else f"{name}:{line}"
    return BadInput(message + more, code=code, hint=hint, where=where)


def _more(others: list[Any], tree: Tree) -> str:
    """Return where the other errors of a document stand, the first of many by name."""
    told = []
    for one in others[:_NAMED]:
        absent = one["type"] == "missing"
        path = _in_document(one["loc"], tree, absent=absent)
        dotted = ".".join(str(part) for part in path)
        told.append(f"{dotted or 'the document'} on line {_line_of(tree, path)}")
    rest = f", and {len(others) - _NAMED} others" if len(others) > _NAMED else ""
    return f" (and {len(others)} more: {', '.join(told)}{rest})" if others else ""


def _in_document(loc: tuple[str | int, ...], tree: Tree, *, absent: bool) -> tuple[str | int, ...]:
    """Return an error's path as the document has it: without the tags of unions."""
    path: tuple[str | int, ...] = ()
    for part in loc:
        if (*path, part) in tree.lines:
            path = (*path, part)
    return (*path, loc[-1]) if absent and loc else path


def _line_of(tree: Tree, path: tuple[str | int, ...]) -> int:
    while path and path not in tree.lines:
        path = path[:-1]
    return tree.lines.get(path, 1)


def _describe(
    first: Any,  # noqa: ANN401 - pydantic's ErrorDetails
    kind: type[BaseModel],
    path: tuple[str | int, ...],
) -> tuple[str, str, str]:
    what = first["type"]
    if what == "extra_forbidden":
        known = _fields_at(kind, path[:-1])
        return "unknown field", "spec.unknown_field", did_you_mean(str(path[-1]), known)
    if what == "missing":
        return "this field is missing", "spec.missing_field", "Add it."
    cause = first.get("ctx", {}).get("error")
    if isinstance(cause, AttendingError):
        return cause.message, cause.code, cause.hint
    if isinstance(cause, ValueError):
        return str(cause), "spec.value", "Correct this value; nothing was taken in."
    got = first.get("input")
    shown = f"got '{got}'" if isinstance(got, (str, int, float)) else "got another shape"
    expected = _EXPECTED.get(what, first["msg"].lower().removeprefix("input should be "))
    return f"{shown}, expected {expected}", f"spec.{what.split('_')[0]}", ""


def _fields_at(kind: type[BaseModel], path: tuple[str | int, ...]) -> list[str]:
    """Return the names of the fields that the schema knows at a path."""
    schema = kind.model_json_schema()
    node: Any = schema
    for part in path:
        node = _step(node, part, schema)
    return sorted(_properties(node, schema))


def _resolve(node: Any, schema: Any) -> Any:  # noqa: ANN401 - JSON Schema
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node


def _options(node: Any, schema: Any) -> list[Any]:  # noqa: ANN401 - JSON Schema
    node = _resolve(node, schema)
    parts = node.get("anyOf", []) + node.get("oneOf", [])
    return [_resolve(part, schema) for part in parts] or [node]


def _properties(node: Any, schema: Any) -> set[str]:  # noqa: ANN401 - JSON Schema
    names: set[str] = set()
    for option in _options(node, schema):
        names |= set(option.get("properties", {}))
    return names


def _step(node: Any, part: str | int, schema: Any) -> Any:  # noqa: ANN401 - JSON Schema
    for option in _options(node, schema):
        if isinstance(part, int) and "items" in option:
            return option["items"]
        if part in option.get("properties", {}):
            return option["properties"][part]
        if isinstance(option.get("additionalProperties"), dict):
            return option["additionalProperties"]
    return {}
