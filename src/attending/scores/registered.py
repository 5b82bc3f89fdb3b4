"""The bedside scores that a project may name: one file and one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.registry import Registry
from attending.scores import (
    cart,
    charlson,
    elixhauser,
    hospital,
    lace,
    mews,
    news2,
    qsofa,
    recorded,
    sirs,
    sofa,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from attending.scores.protocol import Score, Setting

#: Name -> what makes the score from its parameters.
SCORES: Registry[Callable[[Mapping[str, Setting]], Score]] = Registry("score")
SCORES.add("lace", lace.make)
SCORES.add("hospital", hospital.make)
SCORES.add("charlson", charlson.make)
SCORES.add("elixhauser", elixhauser.make)
SCORES.add("news2", news2.make)
SCORES.add("mews", mews.make)
SCORES.add("cart", cart.make)
SCORES.add("qsofa", qsofa.make)
SCORES.add("sirs", sirs.make)
SCORES.add("sofa", sofa.make)
SCORES.add("recorded", recorded.make)
