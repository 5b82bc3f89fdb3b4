"""A request is read and scored in one go, and nobody is held up while it waits for the disk."""

from __future__ import annotations

import threading

from attending.lifecycle.one_at_a_time import OneAtATime

PATIENCE = 60.0


def test_nobody_comes_between_the_reading_and_the_scoring_of_a_request_and_others_go_on_after():
    one, read, scored, kept = OneAtATime(), threading.Event(), threading.Event(), threading.Event()
    steps: list[str] = []

    def first():
        with one:
            read.set()
            steps.append("read")
            with one:
                steps.append("score")
            scored.set()
            assert kept.wait(PATIENCE)  # for the disk, while the other one is worked on

    def second():
        assert read.wait(PATIENCE)
        with one:
            steps.append("another")
        kept.set()

    threads = [threading.Thread(target=each) for each in (first, second)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(PATIENCE)
    assert steps == ["read", "score", "another"]
    assert not one.held


def test_who_lets_go_twice_takes_nothing_from_another():
    one, taken, done = OneAtATime(), threading.Event(), threading.Event()

    def other():
        with one:
            taken.set()
            assert done.wait(PATIENCE)

    thread = threading.Thread(target=other)
    with one:
        one.let_go()
        thread.start()
        assert taken.wait(PATIENCE)
        one.let_go()
        assert not one.held
    free = one._lock.acquire(blocking=False)  # the other one still holds it
    done.set()
    thread.join(PATIENCE)
    assert not free
