"""Verbs of authority: opened documents, withdrawals, delegation, policies, reviews, keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from attending.cli.desks import open_desk
from attending.cli.face import (
    AtOption,
    HomeOption,
    JsonOption,
    PdfOption,
    clock,
    emit,
    home_path,
    passphrase_from,
    table,
)
from attending.cli.trust import PassphraseOption
from attending.lifecycle import (
    delegating,
    emergencies,
    opening,
    policies,
    printing,
    sealing,
    signing,
)
from attending.times import format_instant, parse_instant

AsOption = Annotated[str, typer.Option("--as", help="Who acts, by login.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="One sentence.")]


def document_show(
    document: Annotated[str, typer.Argument(help="The start of the document's digest.")],
    person: Annotated[str, typer.Option("--by", help="Who reads it, by id.")],
    out: Annotated[Path, typer.Option("--out", help="Where the page is written.")],
    pdf: PdfOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Open a document: exactly the bytes that a signature is over, and a number that signs once.

    Example: attending document show 3f9a12 --by clara --out report.html --home H
    """
    with open_desk(home_path(home), at=clock(at), actor=person) as desk:
        opened, page = opening.open_document(desk, document, person=person)
    out.write_bytes(page)
    if pdf is not None:
        printing.write_pdf(page, pdf)
    emit(
        opened.content(),
        as_json=as_json,
        lines=[f"{opened.purpose}: {out} (sha256 {opened.rendered})", f"nonce {opened.nonce}"],
    )


def document_withdraw(
    approval: Annotated[str, typer.Argument(help="The start of the signature's digest.")],
    person: AsOption,
    reason: ReasonOption,
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take your own signature back; it counts nowhere from now on, and stays in the history.

    Example: attending document withdraw 3f9a12 --as clara --reason "a figure was wrong" --home H
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=person) as desk:
        made = signing.withdraw(desk, approval, person=person, passphrase=passphrase, reason=reason)
    emit(made.content(), as_json=as_json, lines=[f"withdrawn: {made.approval}"])


def user_delegate(
    to: Annotated[str, typer.Argument(help="Who may sign for you, by id.")],
    person: AsOption,
    role: Annotated[str, typer.Option(help="In which of your roles.")],
    until: Annotated[str, typer.Option(help="Until when, 31 days at most.")],
    reason: ReasonOption,
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let another person sign in one of your roles for a while; they pass it on to nobody.

    Example: attending user delegate nora --as clara --role clinical_lead
    --until 2027-01-10T00:00:00Z --reason "on leave" --home H
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=person) as desk:
        made = delegating.delegate(
            desk,
            person,
            passphrase,
            to=to,
            role=role,
            until=parse_instant(until, where="--until"),
            reason=reason,
        )
    emit(
        {"digest": made.digest, **made.content()},
        as_json=as_json,
        lines=[f"{to} may sign as {role} for {person} until {format_instant(made.ends_at)}"],
    )


def user_undelegate(
    delegation: Annotated[str, typer.Argument(help="The start of its digest.")],
    person: AsOption,
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a delegation before its time, as either of the two.

    Example: attending user undelegate 3f9a12 --as clara --home H
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=person) as desk:
        made = delegating.end_delegation(desk, delegation, login=person, passphrase=passphrase)
    emit(made.content(), as_json=as_json, lines=[f"ended: {made.delegation}"])


def policy_show(
    name: Annotated[str, typer.Argument(help="One that comes along, or a file. Else in use.")] = "",
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what each gate asks: facts, signatures, and what more as the risk rises.

    Example: attending policy show two-persons --home H
    """
    if name:
        spec, production = policies.named(name), False
    else:
        with open_desk(home_path(home), at=clock(at)) as desk:
            found = policies.in_use(desk)
        spec, production = found.spec, found.production
    if not as_json:
        table(
            ("before", "facts", "signatures"),
            [
                (
                    gate.before,
                    len(gate.facts),
                    ", ".join(f"{one.document}: {one.role}" for one in gate.signatures),
                )
                for gate in spec.gates
            ],
            title=f"{spec.title}{' (production)' if production else ''}",
        )
    emit({"production": production, **spec.model_dump(mode="json")}, as_json=as_json)


def policy_adopt(
    name: Annotated[str, typer.Argument(help="five-roles, two-persons, or a file.")],
    person: AsOption,
    production: Annotated[
        bool, typer.Option("--production", help="Patients are cared for under it.")
    ] = False,
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Adopt a policy of gates, signed; one that asks for too little is refused.

    Example: attending policy adopt five-roles --production --as caro --home H
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=person) as desk:
        made = policies.adopt(
            desk, name, production=production, person=person, passphrase=passphrase
        )
    emit(
        {"digest": made.digest, **made.content()},
        as_json=as_json,
        lines=[f"adopted: {made.name}{' for production' if production else ''}"],
    )


def review_ls(home: HomeOption = None, at: AtOption = None, as_json: JsonOption = False) -> None:
    """List the reviews that are owed, and which are overdue.

    Example: attending review ls --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        told = [one.told(desk.at) for one in emergencies.all_owed(desk)]
    if not as_json:
        table(("what", "by", "due", "state", "of"), [tuple(one.values()) for one in told])
    emit(told, as_json=as_json)


def review_add(
    of: Annotated[str, typer.Argument(help="The start of the digest of what is reviewed.")],
    person: AsOption,
    finding: Annotated[str, typer.Option(help="What was found.")],
    wrong: Annotated[bool, typer.Option("--wrong", help="It was not in order.")] = False,
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Review an emergency or an opened gate afterwards, as a person who had no part in it.

    Example: attending review add 3f9a12 --as caro --finding "It was right to stop" --home H
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=person) as desk:
        made = emergencies.review_afterwards(
            desk, of, login=person, passphrase=passphrase, finding=finding, in_order=not wrong
        )
    emit(made.content(), as_json=as_json, lines=[f"reviewed: {made.of}"])


def key_rotate(
    person: AsOption,
    reason: ReasonOption,
    compromised_since: Annotated[
        str, typer.Option(help="Since when the former key was in other hands.")
    ] = "",
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change the home's signing key; signatures that were sealed before stay good.

    Example: attending key rotate --as omar --reason "once a year" --home H
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=person) as desk:
        made = sealing.rotate(
            desk, person, passphrase, reason=reason, compromised_since=compromised_since
        )
    emit(made.content(), as_json=as_json, lines=[f"the key is now {made.present}"])
