"""The verb that serves: pages for people and answers for machines, by one process or several."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from attending.cli.face import AtOption, HomeOption, clock, emit, home_path
from attending.cli.rubbish import none_sought
from attending.errors import BadInput
from attending.lifecycle.projects import open_project

if TYPE_CHECKING:
    from attending.web.front_desk import FrontDesk
    from attending.web.listen import Front
    from attending.web.shared import Shared
    from attending.web.traces import Traces

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[[0-9a-fA-F:]+\]")


def serve(
    project: Annotated[
        list[Path] | None,
        typer.Option("--project", help="A project whose model answers machines; may be repeated."),
    ] = None,
    home: HomeOption = None,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="On which port.")] = 8765,
    at: AtOption = None,
    behind_proxy: Annotated[
        list[str] | None, typer.Option(help="Address of a proxy that ends TLS.")
    ] = None,
    hosts: Annotated[
        list[str] | None,
        typer.Option(help="A name under which a proxy passes requests on; may be repeated."),
    ] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=16, help="Processes that answer, behind one socket.")
    ] = 1,
    traces: Annotated[
        Path | None, typer.Option(help="Add OpenTelemetry spans to this file, one a line.")
    ] = None,
    worker: Annotated[bool, typer.Option("--worker", hidden=True)] = False,  # of such a service
) -> None:
    """Serve the pages, and answer machines for the models of the projects that are named.

    Machines ask POST /v1/models/MODEL/predictions; GET /v1/openapi.json describes it. With
    --workers a parent starts again whichever process ends; told to stop, all of them answer what
    they accepted.

    Example: attending serve --project P --home H --workers 4 --port 8765
    """
    from attending.web.listen import Front, check_bind

    front = Front(behind_proxy=tuple(behind_proxy or ()))
    check_bind(host, front)
    named = frozenset(_checked(name) for name in hosts or ())
    asked = _Asked(tuple(project or ()), home_path(home), at, host, port, front, named, traces)
    if worker:
        _answer(asked, worker=True)
        return
    many = f", {workers} workers" if workers > 1 else ""
    said = f"listening on http://{host}:{port}{many} (stop with Ctrl-C)"
    emit(None, as_json=False, lines=[said])
    if workers == 1:
        _answer(asked, worker=False)
    else:
        _supervise(asked, workers)


@dataclass(frozen=True)
class _Asked:
    """What the verb was asked for, alike in each worker."""

    projects: tuple[Path, ...]
    home: Path
    at: str | None
    host: str
    port: int
    front: Front
    named: frozenset[str]
    traces: Path | None = None

    @property
    def words(self) -> list[str]:
        """Return it as the options of the verb."""
        said = [("host", self.host), ("port", self.port), ("home", self.home)]
        said += [("project", folder) for folder in self.projects]
        said += [("behind-proxy", one) for one in self.front.behind_proxy]
        said += [("hosts", name) for name in sorted(self.named)]
        said += [] if self.at is None else [("at", self.at)]
        said += [] if self.traces is None else [("traces", self.traces)]
        return [f"--{name}={value}" for name, value in said]


def _supervise(asked: _Asked, workers: int) -> None:
    from attending.web.workers import supervise

    # No module of the folder that one stands in comes before the package's own.
    command = [sys.executable, "-P", "-m", "attending", "serve", "--worker", *asked.words]
    code = supervise(command, host=asked.host, port=asked.port, workers=workers)
    if code:
        raise typer.Exit(code)


def _answer(asked: _Asked, *, worker: bool) -> None:
    """Answer in this process until told to stop, alone or as one of several."""
    with none_sought():  # the models and the pages stay too
        from attending.web.app import LOOPBACK, create_app
        from attending.web.front_desk import FrontDesk
        from attending.web.listen import serve as listen
        from attending.web.shared import Shared
        from attending.web.workers import joined

        shared = joined() if worker else Shared()
        house = FrontDesk.open(
            asked.home,
            clock=lambda: clock(asked.at),
            projects=[open_project(folder) for folder in asked.projects],
            shared=shared,
        )
        traces = _traces(asked, house, shared)
        app = create_app(
            house,
            hosts=LOOPBACK | asked.named,
            secure=asked.front.secure,
            ehr=house.ehr,
            provider=house.provider,
            limits=house.limits,
            shared=shared,
            traces=traces,
        )
    listen(app, asked.host, asked.port, front=asked.front, shared=shared)
    if traces is not None:
        traces.close()


def _traces(asked: _Asked, house: FrontDesk, shared: Shared) -> Traces | None:
    """Return where spans go, those of steps within an answer too; None unless asked for."""
    if asked.traces is None:
        return None
    from attending.web.traces import Traces

    place = 0 if shared.board is None else shared.board.place
    traces = Traces.to_file(asked.traces, worker=place)
    if house.answering is not None:
        house.answering.step = traces.step
    return traces


def _checked(name: str) -> str:
    """Return a host name as a request's Host header has it, without a port.

    Raises:
        BadInput: it is none.
    """
    if not _HOST.fullmatch(name):
        raise BadInput(
            "got a host that is no name, expected one such as scores.hospital.example",
            code="web.hosts",
            hint="Give the name alone: no https://, no port, no *.",
            where="--hosts",
        )
    return name.lower()
