"""X25: one person who asks for all at once does not take the others' answers away."""

from __future__ import annotations

import asyncio
import threading

import httpx2
import pytest

from attending.errors import AttendingError
from attending.specs.limits import LimitsSpec
from attending.web.app import create_app
from attending.web.fair_share import FairShare, TooSlow
from tests.web.paper_house import PASSPHRASE, PaperHouse

SLOW = "readmission-30d"
#: As many threads answer; whoever holds them all holds everybody up.
THREADS = 40
DEADLINE = 60


class SlowHouse(PaperHouse):
    """A house that takes as long for a model's page as the test wants."""

    def __init__(self):
        super().__init__()
        self.go, self.inside = threading.Event(), threading.Semaphore(0)

    def model(self, name):
        self.inside.release()
        assert self.go.wait(DEADLINE)
        return super().model(name)


def client_of(app, address):
    return httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app=app, client=(address, 5)), base_url="http://localhost"
    )


async def flood(limits):
    """Return the abuser's answers, and whether another got one while the abuser was at it."""
    house = SlowHouse()
    app = create_app(house, limits=limits)
    greedy, modest = (house.login("ada", PASSPHRASE) for _ in range(2))
    async with client_of(app, "10.0.0.1") as one, client_of(app, "10.0.0.2") as other:
        shown = {"cookie": f"attending-session={greedy}"}
        asked = [asyncio.create_task(one.get(f"/models/{SLOW}", headers=shown)) for _ in range(60)]
        held = min(THREADS, limits.at_once)
        for _ in range(held):
            while not house.inside.acquire(blocking=False):
                await asyncio.sleep(0.005)
        mine = asyncio.create_task(
            other.get("/healthz", headers={"cookie": f"attending-session={modest}"})
        )
        done, _ = await asyncio.wait({mine}, timeout=DEADLINE if held < THREADS else 0.2)
        answered = mine in done and not house.go.is_set()
        house.go.set()
        answers = await asyncio.gather(*asked)
        assert (await mine).status_code == 200
    return [answer.status_code for answer in answers], answered


@pytest.mark.fault("X25")
def test_x25_who_takes_all_threads_holds_nobody_up(monkeypatch):
    # Control: with no share the one holds all threads, and the other waits.
    unbounded = LimitsSpec().model_copy(update={"at_once": 10_000})
    told, answered = asyncio.run(flood(unbounded))
    assert (set(told), answered) == ({200}, False)
    told, answered = asyncio.run(flood(LimitsSpec(at_once=8)))
    assert answered
    assert (told.count(200), told.count(429)) == (8, 52)


def inner():
    """Return an app that answers at once, and the requests that it got."""
    got: list[str] = []

    async def app(scope, receive, send):
        got.append(scope["path"])
        while (await receive()).get("more_body"):
            pass

    return app, got


def scope(address="10.0.0.1", shown=""):
    headers = [(b"authorization", f"Bearer {shown}".encode())] if shown else []
    return {"type": "http", "path": "/", "headers": headers, "client": (address, 5)}


async def ask(door, wanted):
    async def receive():
        return {"type": "http.request", "more_body": False}

    try:
        await door(wanted, receive, None)
    except AttendingError as error:
        return error.code
    return "answered"


@pytest.mark.fault("X25")
def test_x25_a_minute_has_so_many_requests_for_a_token_and_an_address():
    at = [0.0]
    app, got = inner()
    door = FairShare(app, limits=LimitsSpec(per_minute=3), clock=lambda: at[0])

    async def all_of():
        return [await ask(door, scope(shown="a")) for _ in range(5)]

    assert asyncio.run(all_of()) == ["answered"] * 3 + ["quota.requests"] * 2
    assert asyncio.run(ask(door, scope(shown="b"))) == "answered"  # others are answered
    at[0] = 60.0
    assert asyncio.run(ask(door, scope(shown="a"))) == "answered"
    assert len(got) == 5

    async def made_up():  # a new token each time is still one address
        return [await ask(door, scope("10.0.0.9", shown=str(n))) for n in range(40)]

    assert asyncio.run(made_up()).count("answered") == 30


@pytest.mark.fault("X25")
def test_x25_a_body_that_does_not_come_is_not_waited_for():
    app, _ = inner()
    limits = LimitsSpec().model_copy(update={"body_seconds": 0.01})

    async def trickle():
        await asyncio.Event().wait()

    async def send_nothing():
        door = FairShare(app, limits=limits)
        with pytest.raises(TooSlow):
            await door(scope(), trickle, None)
        return door

    door = asyncio.run(send_nothing())
    assert door.taken("address 10.0.0.1") == (0, 1)  # and its place is free again

    async def naive():  # control: without the guard it waits for ever
        task = asyncio.create_task(app(scope(), trickle, None))
        done, _ = await asyncio.wait({task}, timeout=0.2)
        task.cancel()
        return done

    assert asyncio.run(naive()) == set()
