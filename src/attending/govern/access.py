"""Who may use which verb of the command line: every verb is declared here, or nobody may use it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from attending.errors import Denied
from attending.govern.roles import ROLES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from attending.records.governance import Role

_ALL: frozenset[Role] = frozenset(ROLES)
_STAFF = _ALL - {"administrator", "auditor"}
_READERS = _ALL - {"administrator"}
_ENGINEERS: frozenset[Role] = frozenset({"data_engineer"})
_MAKERS: frozenset[Role] = frozenset({"data_scientist", "data_engineer"})
_RUNNERS: frozenset[Role] = frozenset({"operator", "data_engineer", "data_scientist"})
_CARERS: frozenset[Role] = frozenset({"clinical_lead", "nurse_leader"})
_GUARDS: frozenset[Role] = frozenset({"compliance_officer", "privacy_officer", "auditor"})


@dataclass(frozen=True)
class Access:
    """Who may use a verb.

    Attributes:
        roles: of which the person must have one.
        scope: of which a token must be; empty when the verb asks for a passphrase itself.
        anyone: it touches no home, or the passphrase or token that it asks for decides.
        patients: it shows rows of patients; each use leaves an entry.
    """

    roles: frozenset[Role] = frozenset()
    scope: str = ""
    anyone: bool = False
    patients: bool = False


_ANYONE = Access(anyone=True)
_READ = Access(_READERS, "read")
_PATIENTS = Access(_CARERS, "patients", patients=True)
_MAKE = Access(_MAKERS, "work")
_ENGINEER = Access(_ENGINEERS, "work")
_RUN = Access(_RUNNERS, "work")
_PROPOSE = Access(_STAFF, "work")

_GROUPS: dict[Access, tuple[str, ...]] = {
    # These touch no home, or ask for a passphrase or a one-time token and let it decide.
    _ANYONE: (
        *("new", "demo", "hospital faults", "hospital write", "mapping check", "mapping propose"),
        *("contract infer", "cohort import-aces", "features ready", "features warm", "codelist ls"),
        *("codelist show", "codelist diff", "baseline ls", "features ls", "serve", "sign"),
        *("release rollback", "release disable", "release enable", "release retire"),
        *("validate predictions", "home clock", "home create", "home migrate", "home show"),
        *("backup restore",),  # it makes a home where none is
        *(
            "quarantine dismiss",
            "quarantine release",
            "document withdraw",
            "user delegate",
            "user undelegate",
        ),
        *(
            "audit compare",
            "policy adopt",
            "review add",
            "key rotate",
            "user accept",
            "user add",
            "user begin",
        ),
        *("erasure make", "erasure purge", "release bundle verify"),
        *("user break-glass", "user disable", "user enable", "user passphrase", "user vouch"),
        *("user unlink", "review record"),
        *("user role grant", "user role revoke", "user token add", "user token end"),
    ),
    _READ: (
        *("audit ask", "audit search", "audit trail", "audit verify", "cohort show", "cohort diff"),
        *("contract diff", "features catalogue", "features lineage", "features reviews"),
        *("features diff", "gate check", "quarantine ls", "release status", "run ls", "run show"),
        *("snapshot ls", "snapshot show", "snapshot diff", "today", "fsck", "policy show"),
        *("review ls", "document show", "incident letter", "incident ls", "incident show"),
        *("intake status", "intake letters", "review due", "release inventory"),
        *("monitor digest", "deliver messages"),
        *("run diff", "run export", "run trail", "audit head"),
        *("erasure check", "erasure ls"),
    ),
    Access(_GUARDS | {"operator"}, "read"): ("audit checkpoint", "audit export"),
    Access(frozenset({"operator"}), "work"): ("backup make", "backup drill"),
    Access(_GUARDS | {"administrator"}, "read"): ("user ls", "user token ls"),
    _PATIENTS: (
        *("cohort explain", "explain prediction", "features show", "baseline show"),
        *("quarantine show", "incident list", "document downtime"),
    ),
    Access(frozenset({"clinical_lead", "privacy_officer"}), "patients", patients=True): (
        "audit recall",
    ),
    _MAKE: (
        *("adopt", "release bundle choose"),
        *("cohort build", "features build", "features parity", "features take", "train fit"),
        *("explain stability", "contract check", "run influence", "run promote"),
        *("run recalibrate", "document checklist", "document crosswalk", "document numbers"),
        *("validate later", "validate silent", "validate threshold"),
        *(
            "validate model",
            "card build",
            "card dossier",
            "card notice",
            "gate leaks",
            "run replay",
            "snapshot landmark",
        ),
    ),
    _ENGINEER: (
        *("ingest fhir", "ingest hospital", "ingest mapped", "ingest meds", "ingest mimic-iv"),
        *(
            "ingest omop",
            "ingest synthea",
            "ingest diabetes-130",
            "ingest physionet-2012",
            "source pull",
            "snapshot compact",
            "snapshot gc",
        ),
        *("snapshot export", "snapshot scan", "contract review"),
    ),
    _RUN: (
        *(
            "score",
            "monitor reference",
            "monitor run",
            "monitor outcomes",
            "monitor simulate",
            "monitor skew",
            "monitor canaries",
            "release drill",
        ),
        *("release criteria", "deliver run", "run-due", "intake scores"),
    ),
    Access(_CARERS | {"operator"}, "work"): ("deliver answer",),
    _PROPOSE: (
        *("agree", "gate except", "release propose", "features publish", "features deprecate"),
        *("features retire", "incident open", "incident step", "incident impact"),
        *("incident review", "document write", "document trained", "deliver acknowledge"),
    ),
    Access(_STAFF, "release"): (
        "release advance",
        "release enter",
        "release bundle export",
        "release bundle import",
    ),
}
VERBS: dict[str, Access] = {verb: access for access, verbs in _GROUPS.items() for verb in verbs}


def check_verb(verb: str, roles: Iterable[Role], *, scopes: Iterable[str] | None = None) -> Access:
    """Return who may use a verb, when a person with these roles may.

    Args:
        verb: noun and verb, such as `train fit`.
        roles: of the person, as the store knows them now.
        scopes: of the token; None when a session is used.

    Raises:
        Denied: nobody declared the verb, the roles may not, or the token is not for this.

    >>> check_verb("train fit", ["data_scientist"]).scope
    'work'
    >>> check_verb("train fit", ["auditor"])
    Traceback (most recent call last):
    ...
    attending.errors.Denied: the roles of this person may not use 'train fit'
    It is for: data_engineer, data_scientist.
    """
    access = VERBS.get(verb)
    if access is None:
        raise Denied(
            f"nobody declared who may use '{verb}'",
            code="access.undeclared",
            hint="Declare it in govern/access.py.",
        )
    if access.anyone:
        return access
    if not access.roles & set(roles):
        raise Denied(
            f"the roles of this person may not use '{verb}'",
            code="access.role",
            hint=f"It is for: {', '.join(sorted(access.roles))}.",
        )
    if scopes is not None and access.scope not in set(scopes):
        raise Denied(
            f"this token is not for '{verb}'",
            code="access.scope",
            hint=f"It needs the scope '{access.scope}'.",
        )
    return access
