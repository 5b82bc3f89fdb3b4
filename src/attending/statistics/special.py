"""scipy's special functions, loaded when one is first called.

Importing their package takes a tenth of what a scoring process takes to come up, and answering
a request calls none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


def _later(name: str) -> Callable[..., Any]:
    def call(*args: object, **named: object) -> Any:  # noqa: ANN401 - scipy's number or array
        from scipy import special  # noqa: PLC0415 - the point of this file

        return getattr(special, name)(*args, **named)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"Return what `scipy.special.{name}` returns."
    return call


bdtrc = _later("bdtrc")
betaincinv = _later("betaincinv")
chdtrc = _later("chdtrc")
chdtri = _later("chdtri")
expit = _later("expit")
kolmogorov = _later("kolmogorov")
logsumexp = _later("logsumexp")
ndtr = _later("ndtr")
ndtri = _later("ndtri")
stdtrit = _later("stdtrit")
xlogy = _later("xlogy")
