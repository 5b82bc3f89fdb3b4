"""Score LightGBM text through its C library alone, without its Python package.

Importing the Python package pulls in scikit-learn; the scoring process wants neither. The library
is found beside the package and called through ctypes, and it is the same code that the package
calls, so the numbers are the same to the bit.
"""

from __future__ import annotations

import ctypes
import importlib.util
import weakref
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from attending.errors import DependencyDown, IntegrityBroken

if TYPE_CHECKING:
    from attending.models.protocol import Matrix
    from attending.types import Floats

_FLOAT64 = 1
_ROW_MAJOR = 1
_KINDS = {"margin": 1, "contributions": 3}
_OPTIONS = b"num_threads=1 verbosity=-1"
_QUIET = ctypes.CFUNCTYPE(None, ctypes.c_char_p)


@cache
def library() -> ctypes.CDLL:
    """Return the C library of the installed LightGBM, made quiet.

    Raises:
        DependencyDown: LightGBM is not installed or its library cannot be loaded.
    """
    spec = importlib.util.find_spec("lightgbm")
    folders = list(spec.submodule_search_locations or []) if spec else []
    for folder in folders:
        for path in sorted(Path(folder).glob("**/lib_lightgbm.*")):
            return _prepared(ctypes.CDLL(str(path)))
    raise DependencyDown(
        "the LightGBM library is not installed",
        code="model.no_lightgbm",
        hint="Install the locked packages again.",
    )


# Kept for the life of the process: the library calls it instead of writing to standard output.
_say_nothing = _QUIET(lambda _message: None)


def _prepared(lib: ctypes.CDLL) -> ctypes.CDLL:
    lib.LGBM_GetLastError.restype = ctypes.c_char_p
    lib.LGBM_RegisterLogCallback(_say_nothing)
    return lib


class TextModel:
    """A LightGBM model held by the C library, from text that was checked before."""

    def __init__(self, text: bytes, *, n_features: int) -> None:
        self._lib = library()
        self._handle = ctypes.c_void_p()
        self._n_features = n_features
        rounds = ctypes.c_int(0)
        self._call(
            self._lib.LGBM_BoosterLoadModelFromString(
                ctypes.c_char_p(text), ctypes.byref(rounds), ctypes.byref(self._handle)
            )
        )
        self._free = weakref.finalize(self, self._lib.LGBM_BoosterFree, self._handle)

    def predict(self, x: Matrix, *, kind: Literal["margin", "contributions"]) -> Floats:
        """Return the log-odds, shape (n,), or the contributions, flat, (p + 1) a row.

        Raises:
            IntegrityBroken: the library refuses the rows.
        """
        rows = np.ascontiguousarray(x, dtype=np.float64)
        width = self._n_features + 1 if kind == "contributions" else 1
        out = np.empty(len(rows) * width)
        if not len(rows):
            return out
        length = ctypes.c_int64(0)
        self._call(
            self._lib.LGBM_BoosterPredictForMat(
                self._handle,
                ctypes.c_void_p(rows.ctypes.data),
                ctypes.c_int(_FLOAT64),
                ctypes.c_int32(len(rows)),
                ctypes.c_int32(rows.shape[1]),
                ctypes.c_int(_ROW_MAJOR),
                ctypes.c_int(_KINDS[kind]),
                ctypes.c_int(0),
                ctypes.c_int(-1),
                ctypes.c_char_p(_OPTIONS),
                ctypes.byref(length),
                ctypes.c_void_p(out.ctypes.data),
            )
        )
        return out

    def _call(self, failed: int) -> None:
        if failed:
            why = self._lib.LGBM_GetLastError().decode("utf-8", "replace")
            raise IntegrityBroken(f"LightGBM refuses this model: {why}", code="model.lightgbm")
