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
    packed = kind in _PACKED
    raise Refused(
        f"got {kind}, {_PACKED_WORDS if packed else _WHY.get(kind, 'which is no model file')}",
        code="adopt.format",
        hint=f"Unpack it, and bring the model in it. {RECIPE}" if packed else RECIPE,
    )


_PACKED = frozenset(
    {"a zip archive", "a gzip archive", "an xz archive", "a bzip2 archive", "a 7z archive"}
)
_PACKED_WORDS = "a packed file, which may hold a pickle"
#: Why a form is not read, where it is more than no model.
_WHY = {
    "a pickle": "which runs code when it is read",
    "a joblib file": "which runs code when it is read",
    "a compressed pickle": "which runs code when it is read",
    "a numpy file": "which may hold a pickle",
    "an HDF5 file": "which may hold code",
    "a program": "which runs code when it is started",
}


def _lightgbm_names(data: bytes) -> tuple[str, ...]:
    """Return the features that the head of LightGBM text names."""
    head = data.partition(b"\nTree=0\n")[0].decode("ascii", errors="replace")
    for line in head.split("\n"):
        if line.startswith("feature_names="):
            return tuple(line.removeprefix("feature_names=").split())
    return ()
