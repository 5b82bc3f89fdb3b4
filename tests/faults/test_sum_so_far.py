"""A soak that is longer than one run: its chunks add up, and make a result once they are enough."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.soak import __main__ as soaks
from tests.soak import sum_so_far
from tests.soak.evidence import page
from tests.soak.interleaved import Tally, newest
from tests.soak.results import FOLDER
from tests.soak.sum_so_far import SumSoFar

ONE = Tally(new=6, repeated=2, read=1, refused=3, patients={0, 4}, seconds=1.5, least=2)
TWO = Tally(new=3, repeated=1, wrong=1, again=1, patients={4, 7}, seconds=0.5, least=1)


def test_chunks_add_up_in_whatever_run_they_were_made(tmp_path):
    assert SumSoFar("some", tmp_path / "new").all() == (Tally(), 0)
    SumSoFar("some", tmp_path).add(ONE)
    SumSoFar("some", tmp_path).add(TWO)
    found, chunks = SumSoFar("some", tmp_path).all()
    assert chunks == 2
    assert found == Tally(9, 3, 1, 1, 1, 3, {0, 4, 7}, 2.0, 3)
    assert list(SumSoFar("some", tmp_path).chunks()) == [ONE, TWO]
    assert SumSoFar("other", tmp_path).all() == (Tally(), 0)


def test_a_line_cut_short_is_no_chunk_and_the_next_one_takes_its_place(tmp_path):
    kept = SumSoFar("some", tmp_path)
    kept.add(ONE)
    whole = kept.path.read_bytes()
    kept.add(TWO)
    for length in range(len(whole), len(kept.path.read_bytes())):
        kept.path.write_bytes((whole * 2)[:length])
        assert kept.all() == (ONE, 1)
    kept.add(TWO)
    assert list(kept.chunks()) == [ONE, TWO]
    # The control: a line that is whole counts, whoever wrote it.
    kept.path.write_bytes(whole * 2)
    assert kept.all()[1] == 2


def test_chunks_of_another_code_are_not_counted(tmp_path, monkeypatch):
    SumSoFar("some", tmp_path).add(ONE)
    with monkeypatch.context() as changed:
        changed.setattr(sum_so_far, "code_digest", lambda: "f" * 64)
        assert SumSoFar("some", tmp_path).all() == (Tally(), 0)
        SumSoFar("some", tmp_path).add(TWO)
        assert SumSoFar("some", tmp_path).all() == (TWO, 1)
    # The control: with the first code again its own is there, and nothing else.
    assert SumSoFar("some", tmp_path).all() == (ONE, 1)


@pytest.fixture
def alone(tmp_path, monkeypatch):
    """Run the harness in a folder of its own, with an asker that only counts."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(soaks, "begin", lambda: {
        "commit": "0" * 12, "clean": True, "date": "2026-01-01", "machine": "m",
    })  # fmt: skip
    monkeypatch.setattr(soaks, "make_live", lambda _folder: None)
    seeds = []

    def counted(_folder, *, requests, seed, wrong=0, **_said):
        seeds.append(seed)
        return Tally(new=requests, wrong=wrong, patients=set(range(50)), seconds=60.0)

    monkeypatch.setattr(soaks.interleaved, "soak", counted)
    return seeds, counted


def test_what_is_not_enough_yet_says_how_far_it_is_and_goes_on(alone, capsys):
    seeds, _ = alone
    chunk, most = soaks.CHUNK, soaks.INTERLEAVED
    assert soaks.run("interleaved", seed=5, times=2)
    assert f"{2 * chunk:,} of {most:,} so far, nothing wrong" in capsys.readouterr().out
    assert not (FOLDER / "interleaved.json").exists()
    assert soaks.run("interleaved", seed=5, times=None)
    said = json.loads((FOLDER / "interleaved.json").read_text())
    figures = {one["name"]: one for one in said["figures"]}
    assert most <= figures["requests answered"]["value"] < most + chunk
    assert seeds == list(range(5, 5 + -(-most // chunk)))  # no chunk is asked again
    assert {one["name"] for one in said["figures"] if one["failures"]} == {
        "answers of another patient or instant",
        "repeated requests with another answer than then",
    }
    told = page(FOLDER)
    assert "## Requests of fifty patients at once (S11)" in told
    assert "| answers of another patient or instant | 0 |" in told
    # Enough is enough: the next run asks nothing.
    assert soaks.run("interleaved", seed=5, times=3)
    assert len(seeds) == -(-most // chunk)


def test_a_wrong_answer_is_told_and_written_however_early(alone, capsys, monkeypatch):
    _, counted = alone
    monkeypatch.setattr(
        soaks.interleaved, "soak", lambda folder, **said: counted(folder, wrong=1, **said)
    )
    assert not soaks.run("interleaved", seed=5, times=1)
    assert "answers of another patient or instant" in capsys.readouterr().out
    assert Path(FOLDER / "interleaved.json").exists()


def test_a_question_holds_the_newest_of_what_had_happened():
    early, late = "2026-01-01T00:00:00Z", "2026-01-03T00:00:00.5Z"
    events = [
        {"code": "LAB//A", "time": f"2026-01-02T0{hour}:00:00Z", "known_at": known}
        for hour, known in ((1, early), (2, early), (3, early), (4, early), (5, late))
    ]
    events += [{"code": "LAB//B", "time": late}, {"code": "BIRTH"}]
    asked = {"prediction_time": "2026-01-03T00:00:00Z", "index_start": early, "events": events}
    kept = newest(asked)["events"]
    assert [(one["code"], one.get("time", "")[12:13]) for one in kept] == [
        ("BIRTH", ""), ("LAB//A", "2"), ("LAB//A", "3"), ("LAB//A", "4"),
    ]  # fmt: skip
