"""What the pages ask of the house below; `lifecycle` answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import timedelta

    from attending.lifecycle.hooks import Asked, Said
    from attending.lifecycle.intake import Taken
    from attending.specs.release import ReleaseSpec
    from attending.web.views import Health, HomeView, ModelPage, ModelRow, PersonView, TodayLine
    from attending.web.wire import PredictionAnswer, PredictionRequest

Read = TypeVar("Read")


class House(Protocol):
    """One home, opened. Every method may raise an error of the family in `attending.errors`."""

    def synthetic(self) -> bool:
        """Return whether this home is synthetic, which every page then says."""
        ...

    def about(self) -> HomeView:
        """Return the name of this home and what it is for."""
        ...

    def look(
        self,
        read: Callable[..., Read],
        *args: Any,  # noqa: ANN401 - as the function that reads takes them
        by: str,
        **more: Any,  # noqa: ANN401 - as the function that reads takes them
    ) -> Read:
        """Return what `read(desk, *args, **more)` returns: what one page reads or does.

        Args:
            read: takes an open desk first; a page has one, and asks for nothing else.
            args: what else it takes.
            by: the login of who looks; every ledger entry that is left says so.
            more: what else it takes by keyword.
        """
        ...

    def models(self) -> tuple[ModelRow, ...]:
        """Return one row for each model, by name."""
        ...

    def model(self, name: str) -> ModelPage:
        """Return what the page of one model shows; `NotFound` where there is none."""
        ...

    def today(self, name: str) -> tuple[TodayLine, ...]:
        """Return the lines of today's operation of one model."""
        ...

    def document(self, digest: str) -> bytes:
        """Return the stand-alone HTML of which `digest` is the SHA-256; `NotFound` otherwise."""
        ...

    def predict(self, model: str, question: PredictionRequest, *, by: str) -> PredictionAnswer:
        """Return a prediction that is kept; `NotFound` where the model is not served here."""
        ...

    def prediction(self, request_id: str, *, by: str) -> dict[str, Any]:
        """Return a stored prediction with all it was made from; the look at it is kept."""
        ...

    def plan(self, model: str) -> ReleaseSpec:
        """Return the signed release plan of a model that is served here."""
        ...

    def hook(self, asked: Asked) -> list[dict[str, Any]]:
        """Return the cards of one firing of a hook; its prediction is kept."""
        ...

    def feedback(self, said: Sequence[Said], *, by: str) -> int:
        """Return how many pieces of feedback on cards were new."""
        ...

    def take_fhir(self, feed: str, body: bytes, *, lines: bool, message: str, by: str) -> Taken:
        """Return what became of FHIR resources that a feed pushed; `NotFound` without the feed."""
        ...

    def take_hl7(self, feed: str, body: bytes, *, by: str) -> tuple[Taken, str]:
        """Return what became of an HL7 v2 message, and the answer to it."""
        ...

    def take_scores(self, feed: str, body: bytes, *, by: str) -> dict[str, int]:
        """Return what became of a file of scores of an adopted model."""
        ...

    def feeds(self) -> dict[str, dict[str, int | str | None]]:
        """Return by feed what came, what became of it and when its newest event happened."""
        ...

    def letters(self, feed: str) -> list[dict[str, Any]]:
        """Return the messages of a feed of which something was not taken, newest first."""
        ...

    def worklist(self, model: str, *, site: str, unit: str, by: str) -> list[dict[str, Any]]:
        """Return whom to look at, unanswered first; the look is kept."""
        ...

    def answer_alert(
        self, request_id: str, *, says: str, snooze: timedelta | None, by: str, reason: str = ""
    ) -> None:
        """Acknowledge an alert, or put it off for a while."""
        ...

    def health(self) -> Health:
        """Return the state of the store, the ledger and the keys."""
        ...

    def readiness(self) -> Health:
        """Return whether the store opens and every model that is served would answer now."""
        ...

    def metrics(self) -> list[str]:
        """Return counts and latencies of answers, as lines of OpenMetrics."""
        ...

    def first_use(self, space: str, name: str, *, ends: int, now: int) -> bool:
        """Return whether a name of some kind is used for the first time; it counts as used.

        Args:
            space: the kind, such as `ehr.token`.
            name: what counts once, in every process of the home.
            ends: seconds since 1970 at which it may be forgotten.
            now: seconds since 1970.
        """
        ...

    def login(self, person: str, passphrase: str) -> str | None:
        """Return a new random session token, or None; takes as long for an unknown person."""
        ...

    def provider_login(self, *, issuer: str, subject: str) -> str:
        """Return a new session of the person to whom an account at the provider leads."""
        ...

    def provider_accept(self, invitation: str, *, issuer: str, subject: str) -> str:
        """Return a new session of who takes up an invitation with an account at the provider."""
        ...

    def provider_confirm(self, person: str, *, issuer: str, subject: str) -> str:
        """Return a code for one act of a person who signed in anew at the provider."""
        ...

    def provider_refused(self, why: str) -> None:
        """Keep that what came back from the provider was not believed."""
        ...

    def logout(self, token: str) -> None:
        """End a session; an unknown token is not an error."""
        ...

    def person_of(self, token: str) -> PersonView | None:
        """Return who holds the token now, or None when it ended, expired or never was."""
        ...

    def token_person(self, token: str) -> PersonView | None:
        """Return who holds an API token now and what it is for, or None."""
        ...
