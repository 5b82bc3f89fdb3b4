"""Traces of requests without a patient in them: OpenTelemetry spans, as lines of JSON in a file.

A span says which route was asked, how it was answered and how long each step took. It never holds
an address as it was asked for, a header, a body, an error's words or what the asker's own trace
says beside its ids: any of these could name a patient.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from attending import __version__
from attending.errors import DependencyDown

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span

    from attending.web.asgi import Application, Message, Receive, Scope, Send

#: The only attributes that a span of ours has.
ATTRIBUTES = (
    "http.request.method",
    "http.route",
    "http.response.status_code",
    "error.type",
    "attending.worker",
)
_PARENT = "traceparent"


class Traces:
    """Makes spans of requests and of the steps in them.

    Args:
        provider: where spans go.
        worker: which of several workers this is.
    """

    def __init__(self, provider: TracerProvider, *, worker: int = 0) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("attending", __version__)
        self._worker = worker

    @classmethod
    def to_file(cls, path: Path, *, worker: int = 0) -> Traces:
        """Return traces that are added to a file of our own, one span a line.

        Raises:
            DependencyDown: OpenTelemetry is not installed, or the file cannot be written.
        """
        try:
            from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
        except ModuleNotFoundError:
            raise DependencyDown(
                "traces need OpenTelemetry, which is not installed",
                code="traces.missing",
                hint="Install attending with its extra `otel`, or serve without --traces.",
            ) from None
        return cls(_provider(BatchSpanProcessor(_lines_in(path))), worker=worker)

    @classmethod
    def told_to(cls, exporter: SpanExporter) -> Traces:
        """Return traces of which each span is told at once."""
        from opentelemetry.sdk.trace.export import SimpleSpanProcessor  # noqa: PLC0415

        return cls(_provider(SimpleSpanProcessor(exporter)))

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step of an answer, such as `score`; it says nothing else."""
        with self._tracer.start_as_current_span(
            name, record_exception=False, set_status_on_exception=False
        ):
            yield

    def close(self) -> None:
        """Write what was not written yet."""
        self._provider.shutdown()

    @contextmanager
    def request(self, scope: Scope) -> Iterator[Span]:
        """Time one request, as a part of the asker's own trace where it names one."""
        from opentelemetry.trace import SpanKind  # noqa: PLC0415

        method = str(scope["method"])
        with self._tracer.start_as_current_span(
            method,
            context=_parent(scope),
            kind=SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            span.set_attribute("http.request.method", method)
            span.set_attribute("attending.worker", self._worker)
            try:
                yield span
            finally:
                # The route is known once it was found; an address that is none is not repeated.
                route = str(getattr(scope.get("route"), "path", "none"))
                span.update_name(f"{method} {route}")
                span.set_attribute("http.route", route)


class Traced:
    """Answers each request within a span.

    Args:
        app: what answers.
        traces: where spans go.
    """

    def __init__(self, app: Application, *, traces: Traces) -> None:
        self._app = app
        self._traces = traces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        from opentelemetry.trace import StatusCode  # noqa: PLC0415

        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._traces.request(scope) as span:

            async def sent(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.set_attribute("http.response.status_code", int(message["status"]))
                await send(message)

            try:
                await self._app(scope, receive, sent)
            except Exception as error:
                # Its kind alone: its words could hold what the request held.
                span.set_attribute("error.type", type(error).__name__)
                span.set_status(StatusCode.ERROR)
                raise


def _parent(scope: Scope) -> Context:
    """Return the asker's own trace by its ids alone; what else it says of itself is left out."""
    from opentelemetry.trace.propagation.tracecontext import (  # noqa: PLC0415
        TraceContextTextMapPropagator,
    )

    said = {name.decode("latin-1").lower(): value for name, value in scope["headers"]}
    carrier = {_PARENT: said[_PARENT].decode("latin-1")} if _PARENT in said else {}
    return TraceContextTextMapPropagator().extract(carrier)


def _provider(processor: SpanProcessor) -> TracerProvider:
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    # Not `Resource.create`, which takes up whatever the environment says.
    resource = Resource({"service.name": "attending", "service.version": __version__})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    return provider


def _lines_in(path: Path) -> SpanExporter:
    """Return an exporter that adds each span as one line to a file that its owner alone reads."""
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult  # noqa: PLC0415

    try:
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW
        number = os.open(path, flags, 0o600)
    except OSError as error:
        raise DependencyDown(
            f"the file of traces cannot be written: {error.strerror}",
            code="traces.file",
            hint="Name a file in a folder of your own, and no link.",
            where=str(path),
        ) from None

    class Lines(SpanExporter):
        """Writes what it is given at once, so that workers share a file."""

        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            text = "".join(span.to_json(indent=None) + "\n" for span in spans)
            os.write(number, text.encode())
            return SpanExportResult.SUCCESS

        def shutdown(self) -> None:
            os.close(number)

    return Lines()
