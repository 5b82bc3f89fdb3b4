"""One model from prototype to now: its verdict, gates, versions, papers, files and history.

FastAPI reads the annotations at run time, hence no `annotations` import.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from fastapi import Request, Response

from attending.lifecycle.desk import Desk
from attending.lifecycle.gates_ahead import GateAhead, gates_ahead
from attending.lifecycle.model_history import PARTS, Chapter, history
from attending.lifecycle.model_papers import (
    MADE_BY,
    ModelFile,
    ModelPaper,
    model_files,
    model_papers,
)
from attending.lifecycle.overview import standing_of
from attending.lifecycle.people import printed_names
from attending.lifecycle.side_by_side import Beside, beside
from attending.web.names import check_slug
from attending.web.policy import PATIENTS, READERS, SIGNED_IN, WARD, Routes
from attending.web.show import asks, may, show
from attending.web.site import site_of

ROUTES = Routes()
#: Moments of the history on one page.
MOST = 60


@dataclass(frozen=True)
class ModelLife:
    """What of a model is read from its records.

    Attributes:
        part: what of its history is shown.
        names: by login the printed name of who did something.
    """

    gates: tuple[GateAhead, ...]
    versions: Beside
    papers: tuple[ModelPaper, ...]
    files: tuple[ModelFile, ...]
    chapter: Chapter
    part: str
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def unmade(self) -> tuple[tuple[str, str], ...]:
        """Return the papers that are not there yet, and the verb that makes each."""
        titles = {one.title for one in self.papers}
        return tuple((title, verb) for title, verb in MADE_BY.items() if title not in titles)

    @property
    def earlier(self) -> int | None:
        """Return where the part of the history before this one begins; None at the beginning."""
        return max(0, self.chapter.first - MOST) if self.chapter.first else None

    @property
    def later(self) -> int | None:
        """Return where the part of the history after this one begins; None at its end."""
        end = self.chapter.first + len(self.chapter.moments)
        return end if end < self.chapter.total else None


def read(desk: Desk, name: str, *, part: str, first: int | None) -> ModelLife:
    """Return what the page of a model shows beside its verdict."""
    stands = standing_of(desk, name).deployment
    return ModelLife(
        gates=gates_ahead(desk, stands),
        versions=beside(desk, name),
        papers=model_papers(desk, name),
        files=model_files(desk, stands),
        chapter=history(desk, name, part=part, first=first, most=MOST),
        part=part,
        names=printed_names(desk),
    )


@ROUTES.add("GET", "/models", policy=SIGNED_IN, nav="Models")
def models(request: Request) -> Response:
    """Show every model with its stage and what holds today."""
    return show(
        request,
        "models.html.j2",
        crumbs=[("Today", "/")],
        models=site_of(request).house.models(),
    )


@ROUTES.add("GET", "/models/{name}", policy=SIGNED_IN)
def model(
    request: Request, name: str, *, part: str = "everything", first: int | None = None
) -> Response:
    """Show one model: verdict, gates, versions, papers, files and all of its history."""
    house = site_of(request).house
    shown = house.model(check_slug(name))
    part = part if part in PARTS else "everything"
    return show(
        request,
        "model.html.j2",
        crumbs=[("Today", "/"), ("Models", "/models")],
        model=shown,
        today=house.today(name),
        life=house.look(read, name, part=part, first=first, by=asks(request)),
        parts_of_history=tuple(PARTS),
        may_watch=may(request, READERS),
        may_read_patients=may(request, PATIENTS),
        may_read_list=may(request, WARD),
    )
