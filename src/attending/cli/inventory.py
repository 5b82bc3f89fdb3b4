"""The verb that shows every model of a home at once."""

from __future__ import annotations

from typing import Annotated

import typer

from attending.cli.desks import open_desk
from attending.cli.face import AtOption, HomeOption, JsonOption, clock, emit, home_path, table
from attending.lifecycle import inventory


def release_inventory(
    days: Annotated[int, typer.Option(min=1, max=366, help="Over how many days.")] = 28,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """List every version in use: risk tier, owner, stage, answer, review due, and all their alerts.

    Example: attending release inventory --days 7 --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        lines, burden = inventory.inventory(desk, days=days)
    told = [one.told() for one in lines]
    if not as_json:
        header = ("model", "version", "stage", "risk", "owner", "answer", "review due")
        table((*header, "overdue", "alerts"), [tuple(one.values()) for one in told])
    said = (
        f"{burden.alerts} alerts in {days} days over all models: {burden.per_patient:.2f} a "
        f"patient (most {burden.most_on_one}), {burden.per_shift:.2f} a shift and site "
        f"(busiest {burden.busiest_shift})"
    )
    emit({"versions": told, "burden": burden.told()}, as_json=as_json, lines=[said])
