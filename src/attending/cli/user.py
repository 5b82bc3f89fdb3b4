"""Verbs of persons: invitations, roles, tokens, passphrases and emergencies."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attending.cli.desks import open_desk, open_or_create
from attending.cli.face import (
    AtOption,
    HomeOption,
    JsonOption,
    clock,
    emit,
    home_path,
    keep_secret,
    passphrase_from,
    table,
)
from attending.cli.trust import PassphraseOption
from attending.lifecycle import (
    accounts,
    credentials,
    emergencies,
    inviting,
    people,
    provider_accounts,
)
from attending.times import format_instant, parse_length

if TYPE_CHECKING:
    from attending.records.governance import Person


PersonArgument = Annotated[str, typer.Argument(help="The person's id.")]
AsOption = Annotated[str, typer.Option("--as", help="Who acts, by login.")]
TokenFile = Annotated[
    Path, typer.Option("--token-file", help="A file that only you can read, for the token.")
]


def user_begin(
    person: PersonArgument,
    name: Annotated[str, typer.Option(help="As it stands beside what is done.")],
    token_file: TokenFile,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Invite the first administrator of a home; the token is used once, within 72 hours.

    Example: attending user begin ada --name "Ada Berg" --token-file ada.token --home H
    """
    with open_or_create(home_path(home), at=clock(at)) as desk:
        token = inviting.begin(desk, person, printed_name=name)
    keep_secret(token_file, token)
    emit({"person": person, "token_file": str(token_file)}, as_json=as_json,
         lines=[f"{person}: attending user accept --token-file {token_file}"])  # fmt: skip


def user_accept(
    token_file: TokenFile,
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take up an invitation with a passphrase of your own; nobody else ever has it.

    Example: attending user accept --token-file ada.token --home H
    """
    token = passphrase_from(token_file)
    passphrase = passphrase_from(passphrase_file, new=True)
    with open_desk(home_path(home), at=clock(at)) as desk:
        person = inviting.accept(desk, token, passphrase)
    _tell(person, as_json=as_json)


def user_add(
    person: PersonArgument,
    name: Annotated[str, typer.Option(help="As it stands beside signatures.")],
    role: Annotated[list[str], typer.Option(help="A role; give it again for each.")],
    administrator: Annotated[
        str, typer.Option("--as", help="The administrator who invites, by login.")
    ] = "",
    token_file: Annotated[
        Path | None, typer.Option("--token-file", help="Where the one-time token is written.")
    ] = None,
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Invite a person, as an administrator; they set their own passphrase by `user accept`.

    A home that nobody administers yet adds persons at once; they are marked, and no patients are
    cared for there until an administrator answers for them.

    Example: attending user add clara --name "Dr Clara Moss" --role clinical_lead --as ada
    --token-file clara.token --home H
    """
    passphrase = passphrase_from(passphrase_file, new=not administrator)
    with open_or_create(home_path(home), at=clock(at)) as desk:
        if not administrator:
            roles = [people.role(item) for item in role]
            _tell(
                people.add_person(
                    desk, person, printed_name=name, roles=roles, passphrase=passphrase
                ),
                as_json=as_json,
            )
            return
        token = inviting.invite(
            desk,
            person,
            printed_name=name,
            roles=role,
            administrator=administrator,
            passphrase=passphrase,
        )
    where = token_file or Path(f"{person}.token")
    keep_secret(where, token)
    emit({"person": person, "token_file": str(where)}, as_json=as_json,
         lines=[f"{person}: attending user accept --token-file {where}"])  # fmt: skip


def user_ls(home: HomeOption = None, at: AtOption = None, as_json: JsonOption = False) -> None:
    """List persons, their roles and what stays true of them.

    Example: attending user ls --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = people.people(desk)
        marked = {word: people.marks(desk, word) for word in ("fictional", "unvouched")}
    told = [
        {
            **person.model_dump(mode="json"),
            "marks": [word for word, who in marked.items() if person.person_id in who],
        }
        for person in found
    ]
    if not as_json:
        table(
            ("person", "name", "roles", "active", "marks"),
            [
                (p["person_id"], p["printed_name"], ", ".join(p["roles"]), p["active"],
                 ", ".join(p["marks"]))
                for p in told
            ],
        )  # fmt: skip
    emit(told, as_json=as_json)


def _tell(person: Person, *, as_json: bool) -> None:
    says = f"{person.printed_name} may act as {', '.join(person.roles) or 'nothing'}"
    ended = "" if person.active else "; disabled"
    emit(person.model_dump(mode="json"), as_json=as_json, lines=[says + ended])


def user_unlink(
    person: PersonArgument,
    administrator: AsOption,
    reason: Annotated[str, typer.Option(help="One sentence.")],
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """End a person's account at the hospital's provider here; sessions and tokens end too.

    Example: attending user unlink clara --as ada --reason "left the hospital" --home H
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=administrator) as desk:
        found = provider_accounts.unlink(
            desk, person, login=administrator, passphrase=passphrase, reason=reason
        )
    _tell(found, as_json=as_json)


def user_disable(
    person: PersonArgument,
    administrator: AsOption,
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Disable a person: sessions and tokens end at once, what they signed stays.

    Example: attending user disable erik --as ada --home H
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=administrator) as desk:
        found = accounts.set_active(
            desk, person, active=False, login=administrator, passphrase=passphrase
        )
    _tell(found, as_json=as_json)


def user_enable(
    person: PersonArgument,
    administrator: AsOption,
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Let a disabled person act again.

    Example: attending user enable erik --as ada --home H
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=administrator) as desk:
        found = accounts.set_active(
            desk, person, active=True, login=administrator, passphrase=passphrase
        )
    _tell(found, as_json=as_json)


def user_vouch(
    person: PersonArgument,
    administrator: AsOption,
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer, as an administrator, for a person who was added before there was one.

    Example: attending user vouch erik --as ada --home H
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=administrator) as desk:
        found = accounts.vouch(desk, person, login=administrator, passphrase=passphrase)
    _tell(found, as_json=as_json)


def user_passphrase(
    person: AsOption,
    new_file: Annotated[Path, typer.Option("--new-file", help="The new one is in this file.")],
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change your own passphrase; your sessions and tokens end.

    Example: attending user passphrase --as erik --new-file new.secret --home H
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=person) as desk:
        new = passphrase_from(new_file, new=True)
        found = accounts.change_passphrase(desk, person, passphrase, new=new)
    _tell(found, as_json=as_json)


def user_break_glass(
    person: AsOption,
    role: Annotated[str, typer.Option(help="The role that is taken for four hours.")],
    reason: Annotated[str, typer.Option(help="Why, in one sentence.")],
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a role for four hours in an emergency; another person must review it within 72 hours.

    Example: attending user break-glass --as erik --role operator --reason "nobody can stop it"
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=person) as desk:
        made = emergencies.break_glass(desk, person, passphrase, role=role, reason=reason)
    emit(
        {"digest": made.digest, **made.content()},
        as_json=as_json,
        lines=[
            f"EMERGENCY: {person} acts as {role} until {format_instant(made.ends_at)}",
            f"a review is owed by {format_instant(made.review_due)}; see `attending review ls`",
        ],
    )


def role_grant(
    person: PersonArgument,
    role: Annotated[str, typer.Argument(help="The role.")],
    administrator: AsOption,
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a person one role more, as an administrator; never to oneself.

    Example: attending user role grant erik operator --as ada --home H
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=administrator) as desk:
        found = accounts.grant(desk, person, role, login=administrator, passphrase=passphrase)
    _tell(found, as_json=as_json)


def role_revoke(
    person: PersonArgument,
    role: Annotated[str, typer.Argument(help="The role.")],
    administrator: AsOption,
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a role from a person, as an administrator; it counts from the next request on.

    Example: attending user role revoke erik operator --as ada --home H
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=administrator) as desk:
        found = accounts.revoke(desk, person, role, login=administrator, passphrase=passphrase)
    _tell(found, as_json=as_json)


def token_add(
    label: Annotated[str, typer.Argument(help="What it is for.")],
    person: AsOption,
    scope: Annotated[
        list[str], typer.Option(help="read, patients, work or release; give it again for each.")
    ],
    token_file: TokenFile,
    keeps: Annotated[str, typer.Option(help="How long it holds.")] = "30d",
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token in your own name; only its hash is kept. Name its file in ATTENDING_TOKEN_FILE.

    Example: attending user token add nightly --as omar --scope work --token-file T --home H
    """
    passphrase = passphrase_from(passphrase_file)
    life = timedelta(microseconds=parse_length(keeps, where="--keeps"))
    with open_desk(home_path(home), at=clock(at), actor=person) as desk:
        text = credentials.give_token(
            desk, person, passphrase, label=label, scopes=tuple(scope), keeps=life
        )
    keep_secret(token_file, text)
    emit({"label": label, "token_file": str(token_file)}, as_json=as_json,
         lines=[f"token '{label}' is in {token_file}"])  # fmt: skip


def token_ls(home: HomeOption = None, at: AtOption = None, as_json: JsonOption = False) -> None:
    """List the sessions and tokens that hold now; no secret is shown, as none is kept.

    Example: attending user token ls --home H
    """
    with open_desk(home_path(home), at=clock(at)) as desk:
        found = credentials.credentials(desk)
    told = [
        {"digest": one.digest, "use": one.use, "person": one.person_id, "label": one.label,
         "scopes": list(one.scopes), "expires_at": format_instant(one.expires_at)}
        for one in found
    ]  # fmt: skip
    if not as_json:
        table(tuple(told[0]) if told else (), [tuple(one.values()) for one in told])
    emit(told, as_json=as_json)


def token_end(
    name: Annotated[str, typer.Argument(help="The start of its digest; see `user token ls`.")],
    person: AsOption,
    reason: Annotated[str, typer.Option(help="One sentence.")],
    passphrase_file: PassphraseOption = None,
    home: HomeOption = None,
    at: AtOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a session or token back at once: your own, or anybody's as an administrator.

    Example: attending user token end 3f9a12 --as ada --reason "a lost laptop" --home H
    """
    passphrase = passphrase_from(passphrase_file)
    with open_desk(home_path(home), at=clock(at), actor=person) as desk:
        ended = credentials.end(desk, name, login=person, passphrase=passphrase, reason=reason)
    emit({"ended": ended.digest}, as_json=as_json, lines=[f"ended: {ended.label}"])
