"""Read a model file that somebody brings, by what its bytes are; nothing in it is ever run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import Refused
from attending.models.formats import sniff
from attending.models.lightgbm_trees import TreesEstimator
from attending.models.onnx_check import told_features
from attending.models.onnx_model import OnnxEstimator
from attending.models.xgboost_json import read_xgboost

if TYPE_CHECKING:
    from attending.models.protocol import Fitted

#: How to write a model in a form that runs nothing when it is read.
RECIPE = (
    "Load it where it was fitted and save it again. XGBoost: "
    'booster.save_model("model.json"), of a classifier clf.get_booster().save_model("model.json"). '
    'LightGBM: booster.save_model("model.txt"), of a classifier clf.booster_.save_model(...). '
    "scikit-learn and others: as ONNX, with skl2onnx."
)


def read_outside(data: bytes) -> tuple[str, Fitted]:
    r"""Return what the file is, and the model that it says.

    Args:
        data: the whole file.

    Raises:
        Refused: a pickle or the like, binary XGBoost, or a file that its own reader refuses.

    >>> try:
    ...     read_outside(b"\x80\x04\x95evil")
    ... except Refused as error:
    ...     print(error.code, "-", error.message)
    adopt.format - got a pickle, which runs code when it is read
    """
    kind = sniff(data)
    if kind == "JSON" and data[1:2] in {b"L", b"U", b"i", b"I", b"l"}:
        raise Refused(
            "got XGBoost's binary form (UBJSON), expected its JSON",
            code="adopt.ubj",
            hint='booster.load_model("model.ubj"); booster.save_model("model.json")',
        )
    if kind == "JSON":
        return "XGBoost JSON", read_xgboost(data)
    if kind == "LightGBM text":
        return kind, TreesEstimator().read(data, names=_lightgbm_names(data))
    if kind == "ONNX":
        return kind, OnnxEstimator().read(data, names=told_features(data))
    runs = "which runs code when it is read" if kind in _RUN_CODE else "which is no model file"
    raise Refused(f"got {kind}, {runs}", code="adopt.format", hint=RECIPE)


#: Forms that may hold a pickle.
_RUN_CODE = frozenset(
    {"a pickle", "a joblib file", "a compressed pickle", "a zip archive", "a gzip archive",
     "a numpy file", "an HDF5 file", "an xz archive", "a bzip2 archive", "a 7z archive",
     "a program"}
)  # fmt: skip


def _lightgbm_names(data: bytes) -> tuple[str, ...]:
    """Return the features that the head of LightGBM text names."""
    head = data.partition(b"\nTree=0\n")[0].decode("ascii", errors="replace")
    for line in head.split("\n"):
        if line.startswith("feature_names="):
            return tuple(line.removeprefix("feature_names=").split())
    return ()
