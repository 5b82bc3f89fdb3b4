"""P03: the power fails at every sync of a store at work, and each disk that may be left is opened.

Before each sync and each change of names some images are drawn, in which what was not synced is
there, gone or torn; after it stands the one in which all of that is gone. Every image must open,
hold what had been acknowledged, verify, and pass `fsck`.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unittest import mock

import numpy as np

from attending.stores import connections
from attending.stores.home import Home
from tests.soak.disk import watched
from tests.soak.power import Image
from tests.soak.workload import damage, write
from tests.soak.writing import AT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.soak.disk import Step

#: Steps at which the disk may differ most from what it promised.
_CUTS = {"sync", "syncdir", "rename", "ack", "unlink"}
#: So many pages and SQLite moves its log into the database, in place of a thousand: more cuts.
CHECKPOINT_PAGES = 40


@dataclass
class Cuts:
    """What became of the images.

    Attributes:
        steps: operations on the disk, by kind.
        bad: what was wrong, and how often.
    """

    images: int = 0
    recovered: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)


@contextmanager
def _often(**pragmas: int) -> Iterator[None]:
    asked = {"wal_autocheckpoint": CHECKPOINT_PAGES, **pragmas}
    with mock.patch.dict(connections._PRAGMAS, asked):
        yield


def cut(folder: Path, *, images: int, seed: int, keys: int, **pragmas: int) -> Cuts:
    """Return what became of so many images of a store in which some keys are written.

    Args:
        folder: where the store and its images are made.
        images: how many, evenly over all that happened.
        seed: of what the disk kept.
        keys: how many changes are written.
        pragmas: settings of SQLite in place of ours, for the control.
    """
    root = folder / "home"
    Home.create(root, at=AT, seed=seed).close()
    image = Image.of(root)
    with _often(**pragmas):
        with watched(root) as disk:
            home = Home.open(root)
            for number in range(keys):
                write(home, number, disk)
            home.close()
        return _opened(image, disk.steps, images=images, seed=seed)


def _opened(image: Image, steps: list[Step], *, images: int, seed: int) -> Cuts:
    draw, cuts = np.random.default_rng(seed), Cuts(steps=Counter(step.kind for step in steps))
    places = [at for at, step in enumerate(steps) if step.kind in _CUTS]
    drawn = dict.fromkeys(places, 0)
    for place in draw.permutation(np.resize(places, max(0, images - len(places)))):
        drawn[int(place)] += 1
    for at, step in enumerate(steps):
        for _ in range(drawn.get(at, 0)):
            _open_one(image, cuts, draw)
        image.follow(step)
        if at in drawn and cuts.images < images:
            _open_one(image, cuts, None)
    return cuts


def _open_one(image: Image, cuts: Cuts, draw: np.random.Generator | None) -> None:
    to = image.folder.parent / "image"
    image.write(to, draw)
    found = damage(to, image.acks)
    cuts.images += 1
    cuts.recovered += not found
    cuts.bad.update(one.partition(" ")[2] or one for one in found)
