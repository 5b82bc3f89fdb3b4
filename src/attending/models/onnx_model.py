"""A model that a team brings as ONNX: checked, then run from the very bytes that were hashed.

Rows are run one at a time, on one thread and with nothing rearranged: the arithmetic of a table
depends on its height, and one patient must get the bits of the batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from attending.errors import BadInput, DependencyDown, Refused
from attending.models.onnx_check import Wiring, check_onnx
from attending.models.protocol import Matrix, Setting, logit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.types import Floats, Outcomes, Risks

#: Risks of exactly 0 or 1 are held this far away, so that their log-odds exist.
FLOOR = 1e-7
_SLACK = 1e-5


@dataclass(frozen=True)
class Brought:
    """A model as ONNX: its bytes, how to run them, and its features in the order of the columns."""

    data: bytes
    wiring: Wiring
    names: tuple[str, ...]

    @cached_property
    def session(self) -> Any:  # noqa: ANN401 - onnxruntime has no types
        """Return the runtime, ready to run these bytes."""
        return _open(self.data)

    def risk(self, x: Matrix) -> Risks:
        """Return the uncalibrated risk, shape (n,).

        Raises:
            Refused: the model gave something that is no probability.
        """
        return np.array([self._one(row) for row in x], dtype=np.float64)

    def margin(self, x: Matrix) -> Floats:
        """Return the log-odds, shape (n,)."""
        return logit(self.risk(x), floor=FLOOR)

    def contributions(self, x: Matrix) -> NoReturn:  # noqa: ARG002 - as the protocol asks
        """Refuse: nothing inside the file tells the features' shares.

        Raises:
            Refused: always; a bundle, which knows the training medians, samples them.
        """
        raise Refused(
            "an ONNX model has no shares of its own",
            code="explain.not_available",
            hint="Ask the bundle: it tries the features one after another from the medians on.",
        )

    def write(self) -> bytes:
        """Return the file as it was brought."""
        return self.data

    def _one(self, row: Floats) -> float:
        if self.wiring.together:
            kind = self.wiring.kinds[0]
            feed = {self.wiring.inputs[0]: row[None, :].astype(kind)}
        else:
            feed = {
                name: np.full((1,) * width, row[self._places[name]], dtype=kind)
                for name, kind, width in zip(
                    self.wiring.inputs, self.wiring.kinds, self.wiring.widths, strict=True
                )
            }
        found = np.asarray(self.session.run([self.wiring.output], feed)[0], dtype=np.float64)
        return _probability(found.ravel())

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.names)}


class OnnxEstimator:
    """Reads models that were fitted elsewhere; it fits none."""

    file_name = "model.onnx"

    def fit(
        self,
        x: Matrix,  # noqa: ARG002 - nothing is fitted
        y: Outcomes,  # noqa: ARG002
        *,
        names: Sequence[str],  # noqa: ARG002
        parameters: Mapping[str, Setting],  # noqa: ARG002
        seed: int,  # noqa: ARG002
        tuning: tuple[Matrix, Outcomes] | None = None,  # noqa: ARG002
    ) -> Brought:
        """Refuse to fit.

        Raises:
            BadInput: always; what is brought is read, then calibrated and judged here.
        """
        raise BadInput(
            "an ONNX model is brought, not fitted",
            code="model.brought",
            hint="Write parameters: {file: model.onnx, digest: SHA-256 of the file}.",
            where="model.yaml: parameters",
        )

    def read(self, data: bytes, *, names: Sequence[str]) -> Brought:
        """Return the model that the bytes say, after they were checked.

        Raises:
            Refused: an operator that is not ONNX's own, weights in another file, other inputs than
                `names`, or an output that is no probability.
        """
        model = Brought(data, check_onnx(data, names=names), tuple(names))
        _ = model.session  # a file that cannot be run is refused here, not at the first patient
        return model


def _open(data: bytes) -> Any:  # noqa: ANN401 - an onnxruntime.InferenceSession
    try:
        import onnxruntime
    except ImportError:
        raise DependencyDown(
            "the ONNX runtime is not installed",
            code="model.no_onnx",
            hint="Install the locked packages again.",
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    # As it was written: an optimiser of another version would change the last bits.
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.use_deterministic_compute = True
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except _failures() as error:
        raise Refused(
            f"the ONNX runtime cannot run this model ({type(error).__name__})",
            code="model.onnx",
            hint="Export it for an operator set that the installed onnxruntime knows.",
            where="model.onnx",
        ) from None


def _failures() -> tuple[type[Exception], ...]:
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    named = ("Fail", "InvalidGraph", "InvalidArgument", "InvalidProtobuf", "NotImplemented")
    return (RuntimeError, ValueError, *(getattr(state, name) for name in named))


def _probability(found: Floats) -> float:
    """Return the risk of one row: the one number, or the second of two that sum to 1.

    Raises:
        Refused: no number, one outside 0 to 1, or two that do not sum to 1.

    >>> _probability(np.array([0.75, 0.25]))
    0.25
    """
    inside = bool(((found >= -_SLACK) & (found <= 1.0 + _SLACK)).all())
    paired = len(found) == 1 or (len(found) == 2 and abs(found.sum() - 1.0) <= 100 * _SLACK)
    if not inside or not paired:
        raise Refused(
            "the ONNX model gave a value that is no probability",
            code="model.onnx_output",
            hint="Fill missing values (missing: impute), and let the output be a probability.",
            where="model.onnx",
        )
    return float(min(max(found[-1], 0.0), 1.0))
