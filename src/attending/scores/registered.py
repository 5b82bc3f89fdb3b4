"""The bedside scores that a project may name: one file and one line each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.registry import Registry
from attending.scores import charlson, lace, recorded

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from attending.scores.protocol import Score, Setting

#: Name -> what makes the score from its parameters.
SCORES: Registry[Callable[[Mapping[str, Setting]], Score]] = Registry("score")
SCORES.add("lace", lace.make)
SCORES.add("charlson", charlson.make)
SCORES.add("recorded", recorded.make)
