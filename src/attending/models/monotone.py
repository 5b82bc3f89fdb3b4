"""Signs that clinicians know: features with which the risk may only rise, or only fall."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attending.errors import BadInput, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from attending.models.protocol import Setting

#: The two parameters, feature names parted by commas, and the sign that each stands for.
PARAMETERS = {"monotone_up": 1, "monotone_down": -1}
_BY_WORD = {"increasing": "monotone_up", "decreasing": "monotone_down"}


def settings_of(asked: Mapping[str, str]) -> dict[str, Setting]:
    """Return what `monotone:` of model.yaml means as parameters of an estimator.

    >>> settings_of({"age": "increasing", "sodium": "decreasing", "urea": "increasing"})
    {'monotone_up': 'age,urea', 'monotone_down': 'sodium'}
    """
    found: dict[str, Setting] = {}
    for word, parameter in _BY_WORD.items():
        names = sorted(name for name, direction in asked.items() if direction == word)
        if names:
            found[parameter] = ",".join(names)
    return found


def signs(settings: Mapping[str, Setting], *, names: Sequence[str]) -> list[int]:
    """Return for each feature 1, -1 or 0: it may only raise, only lower, or do either.

    Raises:
        BadInput: a name that is no feature of this model, or one that is asked for both.

    >>> signs({"monotone_up": "age", "monotone_down": ""}, names=["age", "sex"])
    [1, 0]
    """
    found = dict.fromkeys(names, 0)
    for parameter, sign in PARAMETERS.items():
        for name in _listed(settings[parameter]):
            if name not in found or found[name] == -sign:
                raise BadInput(
                    f"got monotone '{name}', which is no feature of this model or asked for twice",
                    code="model.monotone",
                    hint=did_you_mean(name, names),
                    where="model.yaml: monotone",
                )
            found[name] = sign
    return list(found.values())


def _listed(value: Setting) -> list[str]:
    return [name.strip() for name in str(value).split(",") if name.strip()]
