"""Who of the owners is told of what, how, and who next (`policy/notify.yaml` of a home)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from attending.specs.base import Length, Spec
from attending.specs.delivery import Address, Webhook  # noqa: TC001 - pydantic reads them
from attending.times import DAY, HOUR


class Within(Spec):
    """How long an owner has to acknowledge a message, by its severity."""

    watch: Length = 7 * DAY
    act: Length = DAY
    stop: Length = 2 * HOUR


class Budget(Spec):
    """How many messages one model may send its owners in 365 days.

    Those of severity watch beyond it wait for the digest; act and stop are always sent, and the
    digest says that the budget is spent.
    """

    watch: Annotated[int, Field(ge=0)] = 12
    act: Annotated[int, Field(ge=0)] = 2


class NotifySpec(Spec):
    """`policy/notify.yaml`. Mail goes through the gateway of `policy/delivery.yaml`.

    Attributes:
        addresses: by owner, such as `clinical owner`, or by person id.
        webhook: posted to for every message, signed.
        escalate_to: the owner who is told when nobody has acknowledged in time.
        digest_to: who gets the page of the day; nobody when empty.
    """

    addresses: dict[str, Address] = Field(default_factory=dict)
    webhook: Webhook | None = None
    acknowledge_within: Within = Within()
    escalate_to: Annotated[str, Field(min_length=1, max_length=100)] = "clinical owner"
    budget: Budget = Budget()
    digest_to: tuple[Address, ...] = ()
