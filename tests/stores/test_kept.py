"""What is kept of bytes is bounded, is made once, and holds under several threads."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor

from attending.stores.kept import Kept
from tests.documents.example_records import run


def test_what_nobody_asked_for_longest_goes_first_and_what_is_too_large_is_not_kept():
    kept, made = Kept(100), []

    def ask(name, size):
        def make():
            made.append(name)
            return (name,)

        return kept.made(name, tuple, make, size=size)

    assert ask("a", 40) == ask("a", 40) == ("a",)
    assert made == ["a"]
    ask("b", 40)
    ask("a", 40)  # now b is the one that waits longest
    ask("c", 40)
    assert len(kept) == 2
    ask("a", 40)
    assert made == ["a", "b", "c"]
    ask("b", 40)
    assert made == ["a", "b", "c", "b"]
    ask("large", 101)
    ask("large", 101)
    assert made.count("large") == 2
    assert len(kept) == 2


def test_the_same_name_of_another_kind_is_another_thing():
    kept = Kept(100)
    assert kept.made("a", str, lambda: "text", size=1) == "text"
    assert kept.made("a", int, lambda: 7, size=1) == 7
    assert kept.made("a", str, lambda: "never made", size=1) == "text"


def test_threads_that_ask_at_once_all_get_what_the_name_says_and_the_bound_holds():
    kept = Kept(2_000)

    def ask(number):
        name = hashlib.sha256(str(number % 97).encode()).hexdigest()
        return number % 97, kept.made(name, list, lambda: [number % 97], size=50)

    with ThreadPoolExecutor(8) as pool:
        for number, (got,) in pool.map(ask, range(20_000)):
            assert got == number
    assert len(kept) <= 40


def test_a_record_that_was_copied_with_a_change_has_a_name_of_its_own():
    fitted = run()
    named = fitted.digest
    assert fitted.digest == named == run().digest
    other = fitted.model_copy(update={"model": "another"})
    assert other.digest != named
    assert other.model_copy(update={"model": fitted.model}).digest == named
    assert fitted == run()  # that one was asked for its name and the other not
    assert "_digest" not in fitted.content()
