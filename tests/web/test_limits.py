"""A real server under slow, many and hostile clients: others are served, nothing piles up."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from contextlib import AsyncExitStack, nullcontext
from dataclasses import replace

import pytest
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from attending.errors import DependencyDown
from attending.lifecycle.one_at_a_time import ONE
from attending.web import budget, slow_clients
from attending.web.app import create_app
from attending.web.budget import Budget
from attending.web.door import Door
from attending.web.listen import Front, settings
from attending.web.slow_clients import TimedProtocol
from attending.web.turns import Turns
from attending.web.views import PersonView
from tests.web.paper_house import PaperHouse
from tests.web.test_predictions import ASKED

PATIENCE = 60.0
HEAD = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"
WHOLE = HEAD + b"\r\n"


class Hasty(TimedProtocol):
    """The server's own protocol, with a shorter patience."""

    head_seconds = 0.3


class Narrow(TimedProtocol):
    """The server's own protocol, with room for two."""

    most_connections = 2


def _room(connect):
    with connect() as one:
        return answer(one, WHOLE)[0] == 200


@contextlib.contextmanager
def running(app, *, protocol=None):
    """A server of these settings in a thread; gives how to open a connection to it."""
    config = settings(app, "127.0.0.1", 0, front=Front())
    if protocol is not None:
        config.http = protocol
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield lambda: socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    finally:
        server.should_exit = True
        thread.join(timeout=PATIENCE)


def until(holds):
    """Wait for something that will be so."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def answer(connection, sent=b""):
    """Return the status of an answer and its text; 0 when the connection was closed."""
    data = b""
    with contextlib.suppress(ConnectionError):
        connection.sendall(sent)
        while b"\r\n\r\n" not in data and (more := connection.recv(65536)):
            data += more
    return (int(data.split(b" ")[1]), data.decode("latin-1")) if data else (0, "")


def closed(connection):
    """Return once the other side has closed a connection."""
    with contextlib.suppress(ConnectionError):
        while connection.recv(65536):
            pass
    return True


@pytest.mark.fault("S05")
def test_s05_slow_and_idle_clients_are_let_go_and_others_are_served_meanwhile():
    app = create_app(PaperHouse())
    with running(app, protocol=H11Protocol) as unguarded, running(app, protocol=Hasty) as guarded:
        kept, slow = unguarded(), [guarded() for _ in range(40)]
        kept.sendall(HEAD)
        for number, one in enumerate(slow):
            one.sendall(HEAD[: number % len(HEAD)])
        with guarded() as other:
            assert answer(other, WHOLE)[0] == 200
            assert answer(other, WHOLE)[0] == 200  # kept alive, with a clock of its own
        assert all(closed(one) for one in slow)
        # The control: without the guard a head that never ends is waited for, all that time.
        assert answer(kept, b"\r\n")[0] == 200
        for one in (kept, *slow):
            one.close()
    with running(app, protocol=Narrow) as narrow, narrow() as first, narrow() as second:
        assert (answer(first, WHOLE)[0], answer(second, WHOLE)[0]) == (200, 200)
        with narrow() as third:
            assert answer(third, WHOLE)[0] == 0  # no room: closed as it comes
        first.close()
        until(lambda: _room(narrow))
    assert slow_clients.HEAD_SECONDS < 60
    assert settings(app, "127.0.0.1", 0, front=Front()).http is TimedProtocol


def post(length, body=b""):
    lines = [
        "POST /v1/models/readmission-30d/predictions HTTP/1.1",
        "Host: localhost",
        "Authorization: Bearer good",
        "Content-Type: application/json",
        f"Content-Length: {length}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def deliverer(house):
    house.tokens["good"] = PersonView(
        person="feed", name="The feed", roles=("operator",), scopes=("work",)
    )
    return house


@pytest.mark.fault("S05")
def test_s05_a_body_that_does_not_come_is_not_waited_for_and_nothing_is_scored(monkeypatch):
    house = deliverer(PaperHouse())
    body = json.dumps(ASKED).encode()
    monkeypatch.setattr(Door.__init__, "__kwdefaults__", {"body_seconds": 0.3})
    with running(create_app(house)) as guarded, guarded() as slow, guarded() as quick:
        status, text = answer(slow, post(len(body), body[:20]))
        assert (status, "web.body_time" in text or "408" in text) == (408, True)
        assert closed(slow)
        assert house.asked == []
        assert answer(quick, post(len(body), body))[0] == 201  # the control: a whole one is
    assert len(house.asked) == 1


FORM = b"POST /login HTTP/1.1\r\nHost: localhost\r\n"
#: Requests as bytes, and what each is answered; 0 closes the connection without a word.
TABLE = {
    "a bad host": (b"GET /livez HTTP/1.1\r\nHost: evil.example\r\n\r\n", {421}),
    "no host": (b"GET /livez HTTP/1.1\r\n\r\n", {400, 421}),
    "two hosts": (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n\r\n", {400, 421}),
    "an absolute target": (b"GET http://evil/livez HTTP/1.1\r\nHost: evil\r\n\r\n", {400, 421}),
    "TRACE": (b"TRACE /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", {405}),
    "a verb nobody knows": (b"SMUGGLE /livez HTTP/1.1\r\nHost: localhost\r\n\r\n", {405}),
    "CONNECT": (b"CONNECT evil:443 HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 404, 405}),
    "a doubled slash": (b"GET //livez HTTP/1.1\r\nHost: localhost\r\n\r\n", {404}),
    "dots": (b"GET /static/../livez HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 404}),
    "dots, written otherwise": (
        b"GET /static/%2e%2e/livez HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 404},
    ),
    "a slash, written otherwise": (
        b"GET /static%2flivez HTTP/1.1\r\nHost: localhost\r\n\r\n", {400, 404},
    ),
    "a method that overrides": (
        b"GET /logout HTTP/1.1\r\nHost: localhost\r\nX-HTTP-Method-Override: POST\r\n\r\n",
        {401, 404, 405},
    ),
    "two lengths": (
        FORM + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400},
    ),
    "lengths that differ": (
        FORM + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nabcd", {400},
    ),
    "an odd encoding": (FORM + b"Transfer-Encoding: xchunked\r\n\r\n", {400, 501}),
    "a name with a space": (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX : 1\r\n\r\n", {400}),
    "a folded line": (b"GET /livez HTTP/1.1\r\nHost: localhost\r\nX: 1\r\n 2\r\nY\r\n\r\n", {400}),
    "an endless head": (b"GET /livez HTTP/1.1\r\nX: " + b"a" * 200_000, {0, 400, 431}),
}  # fmt: skip


@pytest.mark.fault("S06")
def test_s06_smuggled_misdirected_and_odd_requests_are_refused_by_name():
    with running(create_app(PaperHouse())) as connect:
        with connect() as plain:
            assert (
                answer(plain, WHOLE)[0] == 200
            )  # the control: the same server answers a plain one
        for name, (sent, expected) in TABLE.items():
            with connect() as one:
                assert answer(one, sent)[0] in expected, name
        # What stands behind a refused body is no request of its own.
        with connect() as one:
            hidden = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
            smuggled = TABLE["two lengths"][0] + hidden
            status, text = answer(one, smuggled)
            rest = b""
            with contextlib.suppress(ConnectionError):
                while more := one.recv(65536):
                    rest += more
            assert status == 400
            assert b"200 OK" not in text.encode("latin-1") + rest


class Slow(PaperHouse):
    """A house whose store answers when it is let, and which counts who waits in it."""

    def __init__(self):
        super().__init__()
        self.let, self.inside, self.most = threading.Event(), 0, 0
        self.lock = threading.Lock()

    def predict(self, model, question, *, by):
        with self.lock:
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            ONE.let_go()  # as who waits for the store does
            assert self.let.wait(PATIENCE)
            return super().predict(model, question, by=by)
        finally:
            with self.lock:
                self.inside -= 1


def called(app, count, path="/v1/models/readmission-30d/predictions"):
    """Return what so many calls at once are answered, in the order in which the answers came."""
    found: list[tuple[int, dict[str, str], dict[str, str]]] = []
    body = json.dumps(ASKED).encode()
    scope = {
        "type": "http", "method": "POST", "path": path,
        "raw_path": b"", "query_string": b"", "scheme": "http", "http_version": "1.1",
        "server": ("localhost", 80), "client": ("127.0.0.1", 1), "root_path": "",
        "headers": [
            (b"host", b"localhost"), (b"authorization", b"Bearer good"),
            (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()),
        ],
    }  # fmt: skip

    async def one():
        said = []

        async def receive():
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message):
            said.append(message)

        await app(dict(scope), receive, send)
        headers = {k.decode(): v.decode() for k, v in said[0]["headers"]}
        found.append((said[0]["status"], headers, json.loads(said[1]["body"])))

    return [one() for _ in range(count)], found


@pytest.mark.fault("S18")
def test_s18_beyond_what_can_be_done_at_once_is_shed_and_the_service_recovers():
    most, load = 3, 15

    async def overloaded(limit):
        house = deliverer(Slow())
        plain = create_app(house)
        plain.state.site = replace(plain.state.site, turns=Turns(width=limit, patience=PATIENCE))
        app = Door(Budget(plain, most=limit), hosts=frozenset({"localhost"}))
        calls, found = called(app, load)
        tasks = [asyncio.create_task(one) for one in calls]
        while len(found) < load - limit or house.inside < min(limit, load):
            await asyncio.sleep(0.01)
        shed = list(found)
        house.let.set()
        await asyncio.gather(*tasks)
        more, again = called(app, most)
        await asyncio.gather(*more)
        return house, shed, found[len(shed) :], again

    house, shed, served, again = asyncio.run(overloaded(most))
    assert [status for status, _, _ in shed] == [503] * (load - most)
    assert {said["code"] for _, _, said in shed} == {"service.full"}
    assert all(int(headers["retry-after"]) > 0 for _, headers, _ in shed)
    assert [status for status, _, _ in served] == [201] * most
    assert [status for status, _, _ in again] == [201] * most  # it is over as soon as it is over
    assert house.most == most
    # The control: without the bound all of them wait, each for all the others.
    crowd, none, _, _ = asyncio.run(overloaded(load))
    assert (crowd.most, none) == (load, [])
    assert budget.MOST_AT_ONCE <= 40  # of the threads that answer


@pytest.mark.fault("S17")
def test_s17_a_dependency_that_hangs_is_answered_within_the_deadline_and_gathers_no_threads():
    async def hung(deadline, *, ends):
        house = deliverer(Slow())
        app = Door(
            Budget(create_app(house), most=2, deadline=deadline), hosts=frozenset({"localhost"})
        )
        calls, found = called(app, 12)
        waiting = asyncio.ensure_future(asyncio.gather(*calls))
        if ends:
            await asyncio.wait({waiting}, timeout=PATIENCE)
        while len(found) < 10 or house.inside < 2:
            await asyncio.sleep(0.01)
        done, early, inside = waiting.done(), list(found), house.most
        house.let.set()
        await waiting
        while house.inside:
            await asyncio.sleep(0.01)
        last, answered = called(app, 1)
        await asyncio.gather(*last)
        return done, early, inside, answered, house

    done, early, inside, answered, house = asyncio.run(hung(0.2, ends=True))
    assert done
    codes = [said["code"] for _, _, said in early]
    assert sorted(codes) == ["service.deadline"] * 2 + ["service.full"] * 10
    assert {status for status, _, _ in early} == {503}
    assert inside == 2  # the hung work keeps its places: no thread more for those who come
    assert len(house.asked) == 3  # and what was late is done, once
    assert answered[0][0] == 201
    # The control: without a deadline they wait as long as the dependency does.
    done, early, _, _, _ = asyncio.run(hung(PATIENCE, ends=False))
    assert not done
    assert [said["code"] for _, _, said in early] == ["service.full"] * 10


def test_a_full_service_is_a_dependency_that_is_down():
    assert issubclass(budget.Full, DependencyDown)
    assert budget.Full("x").http_status == 503


@pytest.mark.fault("S18")
def test_s18_whose_turn_would_come_too_late_is_told_at_once_and_the_others_are_answered_in_order():
    async def crowd(turns):
        let, ended = threading.Event(), []

        def work(number):
            assert let.wait(PATIENCE)
            ended.append(number)

        tasks = [asyncio.create_task(turns.take(work, number)) for number in range(40)]
        await asyncio.sleep(0)
        refused = sum(task.done() for task in tasks)
        let.set()
        said = await asyncio.gather(*tasks, return_exceptions=True)
        assert await turns.take(lambda: "again") == "again"  # over as soon as it is over
        return refused, [one for one in said if one], ended

    refused, said, ended = asyncio.run(crowd(Turns(width=1, patience=0.025)))
    # Each is thought to take 5 ms: one is worked on, and four may wait for it.
    assert refused == 35 == len(said)
    assert {(type(one), one.http_status) for one in said} == {(budget.Full, 503)}
    assert ended == [0, 1, 2, 3, 4]
    # The control: with endless patience all of them wait, the last one for all the others.
    refused, said, ended = asyncio.run(crowd(Turns(width=1, patience=1e9)))
    assert (refused, said, ended) == (0, [], list(range(40)))


@pytest.mark.fault("S18")
def test_s18_who_is_turned_away_is_told_before_a_byte_of_its_body_is_read():
    read: list[str] = []

    async def app(scope, receive, send):
        read.append((await receive())["type"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"{}"})

    def crowded():
        raise budget.Full("full")

    def asked(path, coming):
        calls, found = called(
            Door(Budget(app, coming=coming), hosts=frozenset({"localhost"})), 1, path
        )
        read.clear()
        asyncio.run(calls[0])
        return found[0][0], list(read)

    predict = "/v1/models/readmission-30d/predictions"
    for path in (predict, "/cds-services/readmission-30d"):
        assert asked(path, crowded) == (503, [])
        # The control: with room the body is read.
        assert asked(path, nullcontext) == (200, ["http.request"])
    # What asks for no score is not turned away for a crowd of those who do.
    assert asked("/cds-services/readmission-30d/feedback", crowded) == (200, ["http.request"])


@pytest.mark.fault("S18")
def test_s18_who_waits_at_the_door_is_let_in_the_newest_first_and_else_told_after_a_moment():
    async def crowd(pause):
        turns, let, told = Turns(patience=0.0, pause=pause), threading.Event(), []

        async def one(name, work):
            try:
                async with turns.coming():
                    told.append(name)
                    await turns.take(work)
            except budget.Full:
                told.append(f"{name} full")

        # However little patience there is, three are let in.
        first = [asyncio.create_task(one("first", lambda: let.wait(PATIENCE))) for _ in range(3)]
        await asyncio.sleep(0)
        late = [asyncio.create_task(one(name, lambda: None)) for name in ("older", "newer")]
        if not pause:
            await asyncio.gather(*late)
        await asyncio.sleep(0)
        let.set()
        await asyncio.gather(*first, *late)
        return told

    assert asyncio.run(crowd(0.0)) == [*["first"] * 3, "older full", "newer full"]
    assert asyncio.run(crowd(PATIENCE)) == [*["first"] * 3, "newer", "older"]


def test_who_was_let_in_and_sends_no_body_keeps_nobody_out(monkeypatch):
    async def let_in(seconds):
        monkeypatch.setattr("attending.web.turns._ARRIVES_SECONDS", seconds)
        turns, found = Turns(patience=0.0, pause=0.0), []
        async with AsyncExitStack() as slow:
            for _ in range(6):
                try:
                    await slow.enter_async_context(turns.coming())
                    found.append("in")
                except budget.Full:
                    found.append("full")
        async with turns.coming():  # they are gone
            return found

    assert asyncio.run(let_in(PATIENCE)) == [*["in"] * 3, *["full"] * 3]
    # Who has not come after its time is not counted any more.
    assert asyncio.run(let_in(0.0)) == ["in"] * 6


def test_what_a_score_takes_is_learnt_and_one_slow_score_does_not_shut_the_door():
    turns = Turns(patience=0.04)
    for _ in range(200):
        turns._learn(0.001)
    assert turns.expected() == pytest.approx(0.001)
    turns._learn(60.0)
    assert turns.expected() < 0.002
    for _ in range(200):
        turns._learn(0.1)
    assert turns.expected() == pytest.approx(0.1)
