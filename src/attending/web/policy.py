"""Who may call which route. A route without a policy stops the app from starting.

The annotations here are read by FastAPI at run time, hence no `annotations` import.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self, TypeVar

from fastapi import FastAPI, HTTPException, Request

from attending.errors import BadInput, Denied
from attending.web.site import asker_of, person_of

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])  # any signature: FastAPI fills it


@dataclass(frozen=True)
class Policy:
    """Who may call a route: everyone, every signed-in person, or holders of one of `roles`.

    Attributes:
        ehr: a record system that is named in the policy, by its token; no person.
        scope: what a person's token must be for; empty where only a session will do.
    """

    public: bool = False
    roles: frozenset[str] = frozenset()
    ehr: bool = False
    scope: str = ""


PUBLIC = Policy(public=True)
SIGNED_IN = Policy()
EHR = Policy(ehr=True)
#: What machines may ask: any person's token that may read.
DESCRIPTION = Policy(scope="read")
#: Who may read counts and latencies.
METRICS = Policy(roles=frozenset({"operator", "auditor"}), scope="read")
#: Who may ask for predictions: the account of the service that delivers them.
SCORES = Policy(roles=frozenset({"operator"}), scope="work")
#: Who may push events: the account of an interface engine.
INTAKE = Policy(roles=frozenset({"operator", "data_engineer"}), scope="intake")
#: Who works on the alerts of a ward, signed in.
WARD = Policy(roles=frozenset({"clinical_lead", "nurse_leader"}))
#: Who may ask for a threshold decision to be put together; a clinical lead signs it.
DECIDES = Policy(roles=frozenset({"clinical_lead", "data_scientist", "data_engineer"}))
#: Who may read what the home keeps of models; an administrator minds persons alone.
READERS = Policy(
    roles=frozenset(
        {
            *("data_scientist", "data_engineer", "clinical_lead", "compliance_officer"),
            *("operator", "nurse_leader", "privacy_officer", "auditor"),
        }
    )
)
#: Who may take up a finding, and open and work on an incident.
STAFF = Policy(roles=READERS.roles - {"auditor"})
#: Who may propose an update of a model.
MAKERS = Policy(roles=frozenset({"data_scientist", "data_engineer"}))
#: Who may take a version back; the passphrase is asked for again.
RELEASERS = Policy(roles=frozenset({"operator", "clinical_lead", "compliance_officer"}))
#: Who may read the list of those whom an incident touched.
CARERS = Policy(roles=frozenset({"clinical_lead", "nurse_leader"}))
#: Who may take the ledger out of the house.
EXPORTERS = Policy(
    roles=frozenset({"compliance_officer", "privacy_officer", "auditor", "operator"})
)
#: Who may read who is here, and in which roles.
PEOPLE = Policy(
    roles=frozenset({"compliance_officer", "privacy_officer", "auditor", "administrator"})
)
#: Who gives and takes roles; the passphrase is asked for again.
ADMINISTRATORS = Policy(roles=frozenset({"administrator"}))
#: Who may read a patient's prediction whole.
PATIENTS = Policy(roles=frozenset({"clinical_lead", "nurse_leader", "operator"}), scope="patients")


@dataclass(frozen=True)
class Route:
    """One route that is declared here and nowhere else; `nav` is its word in the navigation."""

    method: str
    path: str
    endpoint: Callable[..., Any]  # any signature: FastAPI fills it
    policy: Policy
    nav: str = ""


class Routes:
    """The registry of routes of one app.

    >>> routes = Routes()
    >>> @routes.add("GET", "/healthz", policy=PUBLIC)
    ... def healthz() -> str:
    ...     return "ok"
    >>> routes.allow_list()
    ['GET /healthz']
    """

    def __init__(self) -> None:
        self._routes: dict[tuple[str, str], Route] = {}

    @classmethod
    def joined(cls, *others: "Routes") -> Self:
        """Return one registry of the routes of several."""
        found = cls()
        for other in others:
            found._routes |= {(one.method, one.path): one for one in other.declared()}
        return found

    def add(
        self, method: str, path: str, *, policy: Policy, nav: str = ""
    ) -> Callable[[Endpoint], Endpoint]:
        """Return a decorator that declares a route with its policy, and its word to lead there."""

        def declare(endpoint: Endpoint) -> Endpoint:
            self._routes[method, path] = Route(method, path, endpoint, policy, nav)
            return endpoint

        return declare

    def declared(self) -> tuple[Route, ...]:
        """Return every route that was declared."""
        return tuple(self._routes.values())

    def mount(self, app: FastAPI) -> None:
        """Add every declared route to the app."""
        for route in self._routes.values():
            app.add_api_route(
                route.path, route.endpoint, methods=[route.method], response_model=None
            )

    def policy_of(self, method: str, path: str) -> Policy | None:
        """Return the policy of a route, None when nobody declared one."""
        route = self._routes.get((method, path))
        return route.policy if route else None

    def allow_list(self) -> list[str]:
        """Return the routes that need no session, as `METHOD path`, sorted."""
        return sorted(f"{r.method} {r.path}" for r in self._routes.values() if r.policy.public)

    def check(self, app: FastAPI) -> None:
        """Refuse an app that has a route which nobody declared.

        Raises:
            BadInput: a route has no policy; all such routes are named.
        """
        undeclared = sorted(
            f"{method} {getattr(route, 'path', '?')}"
            for route in app.routes
            for method in sorted(getattr(route, "methods", None) or {"ANY"})
            if self.policy_of(method, getattr(route, "path", "?")) is None
        )
        if undeclared:
            raise BadInput(
                f"got routes without a policy: {', '.join(undeclared)}",
                code="web.route_without_policy",
                hint="Declare the route with Routes.add(..., policy=...).",
            )


def authorize(request: Request) -> None:
    """Let a request pass when its route's policy says so; without a policy nobody passes.

    Raises:
        Denied: no policy, the person holds none of its roles, or the token is for something else.
        HTTPException: nobody is signed in (401).
        NotFound: no record system is named here.
        NoToken: a record system's token is not what it must be (401).
    """
    routes: Routes = request.app.state.routes
    path = getattr(request.scope.get("route"), "path", "?")
    policy = routes.policy_of(request.method, path)
    if policy is None:
        raise Denied("this address has no policy", code="web.no_policy")
    if policy.public:
        return
    if policy.ehr:
        request.state.asker = asker_of(request)
        return
    person = person_of(request)
    if person is None:
        raise HTTPException(401, "sign in first")
    if policy.roles and not policy.roles.intersection(person.roles):
        raise Denied(
            f"your roles do not include one of: {', '.join(sorted(policy.roles))}",
            code="access.role",
            hint="Ask an owner of this home for the role.",
        )
    if person.scopes is not None and policy.scope not in person.scopes:
        raise Denied(
            "this token is not for this address",
            code="access.scope",
            hint=f"It needs the scope '{policy.scope}'." if policy.scope else "Sign in instead.",
        )
