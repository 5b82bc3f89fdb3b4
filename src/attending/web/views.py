"""What the pages need, as wire models: frozen, plain, and already worked out below."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from attending.records.base import When
from attending.records.governance import Status
from attending.records.prediction import Answer
from attending.specs.release import Stage


class View(BaseModel):
    """The base of what a page shows."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class HomeView(View):
    """Which home this is; `environment` is `synthetic`, `production` or `not production`."""

    name: str
    environment: str
    synthetic: bool = False


class VerdictView(View):
    """Today's answer for one model.

    `answer` is what holds now; the house has the clock, so it also says whether the verdict
    behind it is `expired` and how old it is.
    """

    answer: Answer
    sentence: str
    made: When
    expires: When
    expired: bool = False
    age: str = ""
    drift: str = "none"
    action: str = ""
    owner: str = ""
    changes: tuple[str, ...] = ()


class ModelRow(View):
    """One model on the first page."""

    name: str
    version: str | None = None
    stage: Stage = "prototype"
    purpose: str = ""
    verdict: VerdictView | None = None
    synthetic: bool = False


class TodayLine(View):
    """One line of today's operation: what was looked at and what was found.

    Attributes:
        answer: empty where nothing was asked, such as of a reason.
    """

    label: str
    says: str
    answer: Status | Literal[""] = "met"


class ModelPage(View):
    """Where one model stands; `notices` tell users what changed (G12)."""

    row: ModelRow
    notices: tuple[str, ...] = ()


class PersonView(View):
    """Who is signed in, or holds a token.

    Attributes:
        scopes: what the token is for; None for a session, which may do what its person may.
    """

    person: str
    name: str
    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] | None = None


class HealthCheck(View):
    """One part that the service depends on."""

    name: str
    ok: bool
    says: str = ""


class Health(View):
    """The state of the service, without any patient or person in it."""

    ok: bool
    checks: tuple[HealthCheck, ...] = ()
