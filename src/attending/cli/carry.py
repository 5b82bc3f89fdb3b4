"""Verbs that carry a model to another hospital: release bundle export, verify, import, choose."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, get_args

import typer

from attending.cli.desks import open_desk
from attending.cli.face import (
    AtOption,
    ByOption,
    HomeOption,
    JsonOption,
    ProjectOption,
    clock,
    emit,
    home_path,
)
from attending.cli.live import ReasonOption, VersionOption
from attending.digests import short
from attending.errors import BadInput
from attending.lifecycle import carried, carrying, training
from attending.lifecycle.projects import open_project

_CHOICES: dict[str, carried.Calibrated] = {one: one for one in get_args(carried.Calibrated)}

BundleArgument = Annotated[Path, typer.Argument(help="The file of the bundle.")]


def bundle_export(
    bundle: BundleArgument,
    version: VersionOption = "",
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Write a trained model with its specs, card and report into one signed file; no patient row.

    Example: attending release bundle export model.tar --project P --by omar --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        made = carrying.export_model(desk, asked, bundle, version=version)
    emit(
        {"digest": made.digest, **made.content()},
        as_json=as_json,
        lines=[f"{bundle}: {made.model}@{made.version}, {len(made.files)} files, signed"],
    )


def bundle_verify(
    bundle: BundleArgument,
    keys: Annotated[
        Path | None, typer.Option(help="Keys of the other home, got by another way: a `keys.txt`.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check every byte of a bundle against its signature; no home is needed, damage ends with 4.

    Example: attending release bundle verify model.tar --keys keys.txt
    """
    found = carrying.verify_model(bundle, held=keys)
    whose = "a key that you hold" if keys else "a key that you have not compared (--keys)"
    listed = found.listed
    emit(
        {"digest": listed.digest, "key": found.key.hex(), **listed.content()},
        as_json=as_json,
        lines=[
            f"whole: {listed.model}@{listed.version}, {len(listed.files)} files, signed by {whose}"
        ],
    )


def bundle_import(
    bundle: BundleArgument,
    keys: Annotated[
        Path, typer.Option(help="Keys of the other home, got by another way: a `keys.txt`.")
    ],
    into: Annotated[Path, typer.Option(help="A new folder for the specs.")],
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Take a model in from another hospital: trained at most, whatever it was there.

    Example: attending release bundle import model.tar --keys keys.txt --into P --by dana --home H
    """
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        stands = carrying.import_model(desk, bundle, held=keys, into=into)
    emit(
        {"digest": stands.digest, **stands.content()},
        as_json=as_json,
        lines=[
            f"{stands.model}@{stands.version} stage={stands.stage}, specs in {into}",
            "next: your own contract.yaml, release.yaml and monitoring.yaml; validate later",
        ],
    )


def bundle_choose(
    choice: Annotated[str, typer.Argument(metavar="CHOICE", help="as_it_is or not_as_it_is.")],
    reason: ReasonOption,
    run: Annotated[str, typer.Option(help="The start of a run's digest. Else the newest.")] = "",
    project: ProjectOption = Path(),
    home: HomeOption = None,
    at: AtOption = None,
    by: ByOption = "system",
    as_json: JsonOption = False,
) -> None:
    """Write down whether a carried model's calibration holds here; a clinical lead signs it.

    Example: attending release bundle choose as_it_is --reason "O:E 1.02 here" --project P --home H
    """
    asked = open_project(project)
    with open_desk(home_path(home), at=clock(at), by=by) as desk:
        found = training.latest_run(desk, asked, run)
        made = carried.choose(desk, found, _checked(choice), reason=reason)
    emit(
        {"digest": made.digest, **made.content()},
        as_json=as_json,
        lines=[f"to sign by a clinical lead: {made.choice} {short(made.digest)}"],
    )


def _checked(choice: str) -> carried.Calibrated:
    if choice not in _CHOICES:
        raise BadInput(
            f"got '{choice}', expected {' or '.join(_CHOICES)}",
            code="carried.choice",
            where="CHOICE",
        )
    return _CHOICES[choice]
