"""Look at an ONNX file with suspicion: only plain arithmetic over named features may pass.

The file is parsed, never run: no operator of another's making, no file beside it, no loop without
an end, nothing drawn at random. What passes takes the model's features by name and gives one risk.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from attending.errors import DependencyDown, Refused

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MAX_BYTES = 64 << 20
MAX_NODES = 100_000
#: The operators that the ONNX project itself defines.
DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml"})
#: Loops may have no end, and what is drawn at random cannot be repeated.
_UNFIT = frozenset(
    {
        "Loop", "Scan", "SequenceMap", "RandomNormal", "RandomNormalLike", "RandomUniform",
        "RandomUniformLike", "Bernoulli", "Multinomial",
    }
)  # fmt: skip
_NAMES_KEY = "feature_names"
_FLOATS = {1: "float32", 11: "float64"}
_LABELS = {7, 8}


@dataclass(frozen=True)
class Wiring:
    """How features go in and the risk comes out.

    Attributes:
        inputs: names of the inputs: one for each feature, or one that takes all in a row.
        kinds: `float32` or `float64`, by input.
        widths: number of axes of each input, 1 or 2.
        output: the name of the output with the risk.
        together: whether one input takes all features, in the order of the model's columns.
    """

    inputs: tuple[str, ...]
    kinds: tuple[str, ...]
    widths: tuple[int, ...]
    output: str
    together: bool


def check_onnx(data: bytes, *, names: Sequence[str]) -> Wiring:
    r"""Return how to run an ONNX file, once it is fit to be run.

    Args:
        data: the whole file.
        names: the features of the model, in its order.

    Raises:
        Refused: not ONNX, an operator that is not ONNX's own, data in another file, other features
            than `names`, or another output than a risk.
        DependencyDown: the library that reads ONNX is not installed.

    >>> check_onnx(b"\x80\x04.", names=["age"])
    Traceback (most recent call last):
    ...
    attending.errors.Refused: model.onnx: got a file that is not a valid ONNX model
    Export it again, for inference, with its weights inside the file.
    """
    model = _parse(data)
    for node in _nodes(model.graph):
        _check_node(node)
    if model.functions or model.training_info:
        _refuse("functions or training steps of its own", hint="Export it for inference only.")
    if any(entry.domain not in DOMAINS for entry in model.opset_import):
        _refuse("operators that are not ONNX's own", hint="Export it with standard operators.")
    _check_tensors(model.graph)
    given = {item.name for item in model.graph.initializer}
    inputs = [item for item in model.graph.input if item.name not in given]
    return _wired(inputs, list(model.graph.output), told=_told(model), names=names)


def _parse(data: bytes) -> Any:  # noqa: ANN401 - onnx.ModelProto, whose package has no types
    try:
        import onnx
    except ImportError:
        raise DependencyDown(
            "the onnx library is not installed",
            code="model.no_onnx",
            hint="Install the locked packages again.",
        ) from None
    if len(data) <= MAX_BYTES and data.startswith(b"\x08"):
        try:
            onnx.checker.check_model(data)
            return onnx.load_from_string(data)
        except (onnx.checker.ValidationError, ValueError):
            pass
    raise Refused(
        "got a file that is not a valid ONNX model",
        code="model.format",
        hint="Export it again, for inference, with its weights inside the file.",
        where="model.onnx",
    )


def _nodes(graph: Any) -> Iterator[Any]:  # noqa: ANN401 - onnx.GraphProto
    """Yield every node, those of inner graphs among them.

    Raises:
        Refused: too many of them.
    """
    waiting, seen = [graph], 0
    while waiting:
        for node in waiting.pop().node:
            seen += 1
            if seen > MAX_NODES:
                _refuse(f"more than {MAX_NODES} operations", hint="Bring a smaller model.")
            for attribute in node.attribute:
                waiting.extend([attribute.g] if attribute.HasField("g") else [])
                waiting.extend(attribute.graphs)
            yield node


def _check_node(node: Any) -> None:  # noqa: ANN401 - onnx.NodeProto
    if node.domain not in DOMAINS:
        _refuse("operators that are not ONNX's own", hint="Export it with standard operators.")
    if node.op_type in _UNFIT:
        _refuse(
            f"the operation {node.op_type}, which may not end or not repeat",
            hint="Export the model without loops and without drawing at random.",
        )
    for attribute in node.attribute:
        held = [attribute.t, *attribute.tensors]
        if any(tensor.external_data or tensor.data_location == 1 for tensor in held):
            _outside()


def _check_tensors(graph: Any) -> None:  # noqa: ANN401 - onnx.GraphProto
    sparse = [part for item in graph.sparse_initializer for part in (item.values, item.indices)]
    for tensor in [*graph.initializer, *sparse]:
        if tensor.external_data or tensor.data_location == 1:
            _outside()
    for node in graph.node:
        for attribute in node.attribute:
            for inner in [*([attribute.g] if attribute.HasField("g") else []), *attribute.graphs]:
                _check_tensors(inner)


def _outside() -> NoReturn:
    _refuse("weights in another file", hint="Save it with its weights inside the one file.")


def _told(model: Any) -> list[str] | None:  # noqa: ANN401 - onnx.ModelProto
    """Return the features that the file says it takes in a row, None when it says nothing."""
    found = {item.key: item.value for item in model.metadata_props}.get(_NAMES_KEY)
    if found is None:
        return None
    try:
        names = json.loads(found) if found.startswith("[") else found.split(",")
    except ValueError:
        names = []
    return [str(name).strip() for name in names]


def told_features(data: bytes) -> tuple[str, ...]:
    """Return the features that an ONNX file names: in its metadata, else those of its inputs.

    Raises:
        Refused: not ONNX, or one input for all features and nothing that names them.
    """
    graph = (model := _parse(data)).graph
    told = _told(model)
    given = {item.name for item in graph.initializer}
    inputs = [item for item in graph.input if item.name not in given]
    if told is None and len(inputs) == 1 and len(_shape(inputs[0])) == 2:
        _refuse(
            "one input for all features, and nothing that says which column is which",
            hint=f"Add metadata_props '{_NAMES_KEY}': the names, parted by commas.",
        )
    return tuple(told if told is not None else (item.name for item in inputs))


def _wired(
    inputs: Sequence[Any], outputs: Sequence[Any], *, told: list[str] | None, names: Sequence[str]
) -> Wiring:
    output = _risk_output(outputs)
    shapes = [_shape(item) for item in inputs]
    kinds = tuple(_FLOATS.get(item.type.tensor_type.elem_type, "") for item in inputs)
    if not all(kinds) or any(len(shape) not in {1, 2} for shape in shapes):
        _refuse("inputs that are not plain numbers", hint="Let every input be float or double.")
    given = tuple(item.name for item in inputs)
    widths = tuple(len(shape) for shape in shapes)
    if len(given) == 1 and len(shapes[0]) == 2 and (told is not None or len(names) > 1):
        if told is None:
            _refuse(
                "one input for all features, and nothing that says which column is which",
                hint=f"Add metadata_props '{_NAMES_KEY}': the names, parted by commas.",
            )
        if told != list(names) or shapes[0][1] not in {0, len(names)}:
            _features(told or [], names)
        return Wiring(given, kinds, widths, output, together=True)
    if set(given) != set(names) or any(shape[1:] not in ([], [0], [1]) for shape in shapes):
        _features(list(given), names)
    return Wiring(given, kinds, widths, output, together=False)


def _features(given: Sequence[str], names: Sequence[str]) -> NoReturn:
    missing = [name for name in names if name not in given]
    extra = [name for name in given if name not in names]
    if missing or extra:
        told = f"misses {', '.join(missing[:5]) or 'none'}; has besides {', '.join(extra[:5])}"
    else:
        told = "has the same features in another order or shape"
    _refuse(
        f"other inputs than the {len(names)} features of features.yaml: it {told.strip('; ')}",
        hint="Name the inputs as the features are named, in their order.",
    )


def _risk_output(outputs: Sequence[Any]) -> str:
    """Return the name of the one output of numbers; whole-number labels may stand beside it."""
    kinds = [item.type.WhichOneof("value") for item in outputs]
    if any(kind != "tensor_type" for kind in kinds):
        _refuse(
            "an output that is a list or a map, not a table of probabilities",
            hint="Export it with zipmap off: options={'zipmap': False} in skl2onnx.",
        )
    floats = [item for item in outputs if item.type.tensor_type.elem_type in _FLOATS]
    others = [item for item in outputs if item.type.tensor_type.elem_type not in _FLOATS]
    fits = len(floats) == 1 and all(item.type.tensor_type.elem_type in _LABELS for item in others)
    if not fits or _shape(floats[0])[1:] not in ([], [0], [1], [2]):
        _refuse(
            f"{len(floats)} outputs of numbers, expected one: the probability",
            hint="Give one output of one column (the risk), or two (without and with the event).",
        )
    return str(floats[0].name)


def _shape(item: Any) -> list[int]:  # noqa: ANN401 - onnx.ValueInfoProto
    """Return the length of each axis, 0 where it is left open."""
    return [int(axis.dim_value) for axis in item.type.tensor_type.shape.dim]


def _refuse(what: str, *, hint: str) -> NoReturn:
    """Refuse the file.

    Raises:
        Refused: always.
    """
    raise Refused(
        f"got an ONNX model with {what}", code="model.onnx", hint=hint, where="model.onnx"
    )
