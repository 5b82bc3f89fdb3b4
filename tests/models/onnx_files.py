"""ONNX files for tests, built node by node: sound ones, and ones that may not pass."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.models.hospital_rows import NAMES

#: Roughly what made the rows of `hospital_rows`.
COEFFICIENTS = (0.03, 0.5, 0.05, 0.8, 0.0)
MEDIANS = (55.0, 1.0, 15.0, 1.0, 0.0)
INTERCEPT = -5.6


def whole(*, names=NAMES, kind=TensorProto.DOUBLE, told=True, change=None) -> bytes:
    """Return a model that takes all features in a row, and says in which order."""
    kind_of = {TensorProto.DOUBLE: np.float64, TensorProto.FLOAT: np.float32}[kind]
    numbers = {
        "median": np.array([MEDIANS[: len(names)]], dtype=kind_of),
        "slope": np.array(COEFFICIENTS[: len(names)], dtype=kind_of)[:, None],
        "level": np.array([INTERCEPT], dtype=kind_of),
    }
    nodes = [
        helper.make_node("IsNaN", ["x"], ["gap"]),
        helper.make_node("Where", ["gap", "median", "x"], ["filled"]),
        helper.make_node("MatMul", ["filled", "slope"], ["pull"]),
        helper.make_node("Add", ["pull", "level"], ["margin"]),
        helper.make_node("Sigmoid", ["margin"], ["risk"]),
    ]
    inputs = [helper.make_tensor_value_info("x", kind, [None, len(names)])]
    outputs = [helper.make_tensor_value_info("risk", kind, [None, 1])]
    model = made(nodes, inputs, outputs, numbers=numbers)
    if told:
        helper.set_model_props(model, {"feature_names": ",".join(names)})
    if change:
        change(model)
    return bytes(model.SerializeToString())


def by_name(*, names=NAMES, order=None) -> bytes:
    """Return a model with an input for each feature, in whatever order."""
    nodes, last = [], "level"
    for name in names:
        nodes += [
            helper.make_node("IsNaN", [name], [f"{name}_gap"]),
            helper.make_node("Where", [f"{name}_gap", f"{name}_median", name], [f"{name}_filled"]),
            helper.make_node("Mul", [f"{name}_filled", f"{name}_slope"], [f"{name}_pull"]),
            helper.make_node("Add", [last, f"{name}_pull"], [f"{name}_sum"]),
        ]
        last = f"{name}_sum"
    nodes.append(helper.make_node("Sigmoid", [last], ["risk"]))
    numbers = {"level": np.array([[INTERCEPT]])}
    for name, slope, median in zip(names, COEFFICIENTS, MEDIANS, strict=True):
        numbers |= {f"{name}_slope": np.array([[slope]]), f"{name}_median": np.array([[median]])}
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, 1])
        for name in (order or names)
    ]
    outputs = [helper.make_tensor_value_info("risk", TensorProto.DOUBLE, [None, 1])]
    return bytes(made(nodes, inputs, outputs, numbers=numbers).SerializeToString())


def made(nodes, inputs, outputs, *, numbers=None):
    """Return a model of these nodes."""
    tensors = [numpy_helper.from_array(value, name) for name, value in (numbers or {}).items()]
    graph = helper.make_graph(nodes, "risk", inputs, outputs, tensors)
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, producer_name="test 1", ir_version=8)


def custom_operator(model) -> None:
    """Let an operator of somebody's own compute the risk."""
    model.graph.node[-1].domain = "com.example"
    model.opset_import.append(helper.make_opsetid("com.example", 1))


def weights_elsewhere(model) -> None:
    """Let the coefficients stand in another file."""
    tensor = model.graph.initializer[1]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.append(onnx.StringStringEntryProto(key="location", value="weights.bin"))


def endless(model) -> None:
    """Put a loop around nothing."""
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["go"], ["again"]),
            helper.make_node("Identity", ["held"], ["still"]),
        ],
        "body",
        [
            helper.make_tensor_value_info("turn", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("held", TensorProto.BOOL, []),
        ],
        [
            helper.make_tensor_value_info("again", TensorProto.BOOL, []),
            helper.make_tensor_value_info("still", TensorProto.BOOL, []),
        ],
    )
    model.graph.initializer.append(numpy_helper.from_array(np.array(True), "yes"))
    model.graph.node.insert(0, helper.make_node("Loop", ["", "yes", "yes"], ["out"], body=body))


def drawn(model) -> None:
    """Add noise to the log-odds."""
    noise = helper.make_node("RandomNormalLike", ["margin"], ["noise"])
    add = helper.make_node("Add", ["margin", "noise"], ["noisy"])
    model.graph.node.insert(4, noise)
    model.graph.node.insert(5, add)
    model.graph.node[-1].input[0] = "noisy"


def not_a_risk(model) -> None:
    """Give the log-odds out as if they were a risk."""
    model.graph.node[-1].op_type = "Identity"


def two_outputs(model) -> None:
    """Give the log-odds beside the risk."""
    model.graph.output.append(
        helper.make_tensor_value_info("margin", TensorProto.DOUBLE, [None, 1])
    )


def a_map(model) -> None:
    """Give risks as a list of maps, as scikit-learn's converters do unless told."""
    last = model.graph.node[-1]
    cast = helper.make_node("Cast", [last.output[0]], ["plain"], to=TensorProto.FLOAT)
    zipmap = helper.make_node(
        "ZipMap", ["plain"], ["zipped"], domain="ai.onnx.ml", classlabels_int64s=[1]
    )
    model.graph.node.extend([cast, zipmap])
    del model.graph.output[:]
    entry = helper.make_map_type_proto(
        TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, [])
    )
    model.graph.output.append(
        helper.make_value_info("zipped", helper.make_sequence_type_proto(entry))
    )
