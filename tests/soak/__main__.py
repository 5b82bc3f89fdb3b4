"""The long form of the harnesses: `python -m tests.soak [NAME ...]`, run by `make soak`.

Each writes its result to docs/evidence/; the last line says what was found. It ends with 1 when
something went wrong that must not.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from tests import postgres
from tests.monitor import real_years
from tests.service import make_live
from tests.soak import interleaved, switches
from tests.soak.cuts import cut
from tests.soak.failing import Loop, broken, full
from tests.soak.kills import Tally, home_maker, soak
from tests.soak.others import drawn, ours, theirs, told
from tests.soak.quiet import (
    PICTURE,
    Curve,
    batches,
    curve,
    demo,
    drawn_risks,
    kept_in,
    simulated,
    write_page,
)
from tests.soak.results import FOLDER, Figure, Harness, begin, keep
from tests.soak.sum_so_far import SumSoFar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ABOUT = (
    "Four processes write predictions, records and artifacts with their ledger entries into one "
    "store. One is killed with SIGKILL at a random moment, the store is opened again while the "
    "others stand still wherever they are, and it is held against what was acknowledged; the "
    "killed one starts again with the first key that it had not acknowledged."
)


def kills_sqlite(seed: int, times: int, folder: Path) -> list[Figure]:
    """Kill writers of SQLite stores."""
    return _figures(soak(home_maker(folder), kills=times, seed=seed, told=_told))


def kills_postgresql(seed: int, times: int, folder: Path) -> list[Figure]:
    """Kill writers of PostgreSQL stores, and processes of the server."""
    with ExitStack() as stack:
        server = stack.enter_context(postgres.server())
        make = home_maker(folder, server=server, stack=stack)
        return _figures(
            soak(make, kills=times, seed=seed, server=server, by_force=True, told=_told)
        )


def power_cuts(seed: int, times: int, folder: Path) -> list[Figure]:
    """Cut the power of a store at work."""
    made = cut(folder, images=times, seed=seed, keys=40)
    where = {kind: made.steps[kind] for kind in ("write", "sync", "syncdir", "rename")}
    return [
        Figure("images of the disk opened", made.images),
        Figure("images that did not recover", made.images - made.recovered, "0",
               of=made.images, failures=True),
        *(Figure(f"operations on the disk: {kind}", number) for kind, number in where.items()),
    ]  # fmt: skip


def full_disk(seed: int, times: int, folder: Path) -> list[Figure]:
    """Fill the disk at every operation."""
    return _loops([_in(folder, full, seed + number) for number in range(times)])


def broken_disk(seed: int, times: int, folder: Path) -> list[Figure]:
    """Break the disk at every operation."""
    return _loops([_in(folder, broken, seed + number) for number in range(times)])


def quiet_years(seed: int, times: int, folder: Path) -> Iterator[list[Figure]]:
    """Live through quiet years of the demo's model, and through planted shifts."""
    curves = curve(drawn_risks(), replays=200, seed=seed)
    home, picture = demo(folder), folder / "delays.svg"
    for years in batches(times):
        said = simulated(home, years, picture=picture, kept=kept_in())
        write_page(said, curves)
        PICTURE.write_bytes(picture.read_bytes())
        print(f"  {said['wrong_stops']} wrong in {years} quiet years", flush=True)
        yield _quiet(said, curves)


def _quiet(said: dict[str, Any], curves: list[Curve]) -> list[Figure]:
    """Return the figures of the years lived through so far."""
    large = [one for one in said["shifts"] if one["size"] == "large"]
    runs = sum(one["runs"] for one in large)
    soon = [share[4] for tolerance, shift, share in curves if (tolerance, shift) == (1.05, 1.3)]
    least = min(large, key=lambda one: one["named_right"] / one["runs"])
    place = least.get("site") or "everywhere"
    return [
        Figure("wrong stops or fallbacks in quiet years", said["wrong_stops"],
               "at most 1 %", of=said["years"], failures=True),
        Figure("the upper end of its 95 % interval, in percent", round(100 * said["high"], 2)),
        Figure("findings a quiet year that ask for an action",
               round(said["actionable_per_year"], 3), "at most 2"),
        Figure("findings a quiet year that only inform",
               round(said["informational_per_year"], 3), "at most 12"),
        Figure("large planted shifts seen within the year", sum(one["detected"] for one in large),
               of=runs),
        Figure("large planted shifts called by the right type",
               sum(one["named_right"] for one in large), "90 %", of=runs),
        Figure(f"of them the kind that does worst: {least['shift'].replace('_', ' ')}, {place}",
               least["named_right"], of=least["runs"]),
        *(Figure(f"{one['policy']}: large shifts called by the right type, in percent",
                 round(100 * one["named_right"], 1)) for one in said["stubs"]),
        Figure("30 % more events proven within 400 of them, percent of replays",
               round(100 * soon[0], 1), "90"),
    ]  # fmt: skip


def real_years_of(seed: int, times: int, folder: Path) -> list[Figure]:
    """Live through years of real patients, quiet ones and such with one thing wrong."""
    del seed, folder  # the seeds are those of the years' numbers; nothing is written
    made: list[Figure] = []
    for name, stream in real_years.streams().items():
        found = real_years.rates(stream, years=times, runs=max(1, times // 10))
        runs = sum(one.runs for one in found.delays)
        mute = next(one for one in found.delays if one.shift == "scores turned round")
        made += [
            Figure(f"{name}: quiet years with a restriction, fallback or stop", found.wrong,
                   "at most 1 %", of=times),
            Figure(f"{name}: quiet years in which it froze", found.frozen, of=times),
            *(Figure(f"{name}: {one.shift}, median days until a freeze or more",
                     -1 if one.median_days is None else one.median_days) for one in found.delays),
            *(Figure(f"{name}, {one.policy}: shifts called by the right type, in percent",
                     round(100 * one.named_right, 1)) for one in found.policies),
            Figure(f"{name}: shifts seen", sum(one.detected for one in found.delays), of=runs),
            Figure(f"{name}: of a kind that no monitor was made for, left at continue or watch",
                   mute.runs - mute.detected, "0", of=mute.runs, failures=True),
        ]  # fmt: skip
    return made


def watched_years(seed: int, times: int, folder: Path) -> list[Figure]:
    """Watch the same years by our policy and by the defaults of others."""
    del times  # five years, each with its own fault
    years = drawn(seed)
    by_name = {"ours": [ours(one) for one in years], **theirs(years, folder)}
    made: list[Figure] = []
    for name, days in by_name.items():
        said = told(days)
        what = "days frozen" if name == "ours" else "weeks alarmed"
        made.append(
            Figure(
                f"{name}: {what} while nothing was wrong", said["alarmed"], failures=name == "ours"
            )
        )
        made += [
            Figure(f"{name}: days until {kind.replace('_', ' ')} was seen, -1 for never",
                   -1 if delay is None else delay)
            for kind, delay in said["delays"].items()
        ]  # fmt: skip
    return made


def _in(folder: Path, work: Callable[..., Loop], seed: int) -> Loop:
    inside = folder / str(seed)
    inside.mkdir()
    return work(inside, seed=seed)


def _loops(loops: list[Loop]) -> list[Figure]:
    tried = sum(loop.tried for loop in loops)
    wrong = [one for loop in loops for one in loop.wrong]
    refused = sum((loop.refused for loop in loops), Counter[str]())
    return [
        Figure("operations made to fail, one after the other until none was left", tried),
        Figure("lost, doubled, damaged, or refused by another code", len(wrong), "0",
               of=tried, failures=True),
        *(Figure(f"refused as {code}", times) for code, times in sorted(refused.items())),
    ]  # fmt: skip


def _figures(tally: Tally) -> list[Figure]:
    kept, kills = tally.acknowledged, tally.kills
    figures = [
        Figure("writers killed", kills),
        Figure("acknowledged keys lost", tally.lost, "0", of=kept, failures=True),
        Figure("keys that stand twice", tally.doubled, "0", of=kept, failures=True),
        Figure("kills after which a key was lost or stood twice",
               int(bool(tally.lost or tally.doubled)), "0", of=kills, failures=True),
        Figure("findings of the ledger's audit and of fsck", tally.unsound, "0",
               of=tally.checks, failures=True),
        Figure("writers that ended by themselves", tally.alone, "0", of=kills, failures=True),
        Figure("keys committed and not acknowledged, found again by their key", tally.resolved),
    ]  # fmt: skip
    if tally.server_kills:
        figures.insert(1, Figure("processes of the server killed too", tally.server_kills))
    return figures


def _told(tally: Tally) -> None:
    print(f"  {tally}", flush=True)


def switches_under_load(seed: int, times: int, folder: Path) -> list[Figure]:
    """Stop and start a version under load, and kill workers."""
    del seed  # nothing is drawn: who comes first is the machine's own
    (folder / "ward").mkdir()
    (folder / "hurt").mkdir()
    live = make_live(folder / "ward")
    found = switches.soak(folder / "hurt", home=live, trials=times, kills=max(1, times // 10))
    acts, told = len(found.done), found.answers
    entries = sum(found.kept.values()) - found.kept["incident.open"]
    longest = {name: round(max(many), 2) for name, many in found.seconds.items()}
    answered = sum(told[how] for how in ("live", "fallback", "no_score"))
    stops = {
        "disable": "the kill switch",
        "rollback": "a rollback",
        "criteria": "the machine's own rollback",
        "on": "a version put on again",
    }
    return [
        Figure("acts under load, half of them stops", acts),
        Figure("questions a second", round(told.total() / found.lasted, 1), "200"),
        Figure("answered a second with a prediction that was kept",
               round(answered / found.lasted, 1)),
        Figure("refused because the service was full or late",
               told["service.full"] + told["service.deadline"], of=told.total()),
        Figure("acts after which the old answer came later than 5 s", found.late, "0",
               of=acts, failures=True),
        Figure("old answers to questions asked after the act", found.after, "0",
               of=answered, failures=True),
        Figure("acts that the ledger does not hold", acts - entries, "0", of=acts, failures=True),
        *(Figure(f"longest seconds from the beginning of {stops[name]} to the last old answer",
                 seconds, "5") for name, seconds in sorted(longest.items())),
        Figure("incidents opened by the machine, each with the owners to be told",
               found.kept["incident.open"], of=len(found.seconds.get("criteria", []))),
        Figure("workers killed", len(found.restarts)),
        Figure("longest seconds until another answered in its place",
               round(max(found.restarts), 2), "10"),
    ]  # fmt: skip


#: Requests of a chunk, each asked of a service that was started for it; and of all chunks together.
CHUNK, INTERLEAVED = 24_000, 1_000_000
#: For so long a chunk is asked for at most.
INTERLEAVED_SECONDS = 3_600.0


def interleaved_requests(seed: int, times: int, folder: Path) -> Iterator[list[Figure]]:
    """Ask about fifty patients at once, in so many chunks more; fewer where the million is full."""
    kept = SumSoFar("interleaved")
    found, chunks = kept.all()
    print(f"  {found.asked:,} asked before, by {chunks} services of this code", flush=True)
    if found.asked >= INTERLEAVED:
        yield _interleaved(found, chunks)
        return
    (folder / "ward").mkdir()
    live = make_live(folder / "ward")
    for _ in range(times):
        with tempfile.TemporaryDirectory(dir=folder) as asked:
            kept.add(
                interleaved.soak(
                    Path(asked),
                    home=live,
                    requests=CHUNK,
                    workers=4,
                    seed=seed + chunks,
                    seconds=INTERLEAVED_SECONDS,
                )
            )
        found, chunks = kept.all()
        print(f"  {found.asked:,} asked, {found.wrong + found.again} wrong", flush=True)
        yield _interleaved(found, chunks)
        if found.asked >= INTERLEAVED:
            return


def _interleaved(found: interleaved.Tally, chunks: int) -> list[Figure]:
    return [
        Figure("requests answered", found.asked, f"{INTERLEAVED:,}"),
        Figure("services of four workers that were started for them", chunks),
        Figure("of them new predictions, each scored and kept", found.new, of=found.asked),
        Figure("of them asked before: scored again, and told from what was kept", found.repeated,
               of=found.asked),
        Figure("predictions read back whole", found.read),
        Figure("patients", len(found.patients)),
        Figure("answers of another patient or instant", found.wrong, "0",
               of=found.asked + found.read, failures=True),
        Figure("repeated requests with another answer than then", found.again, "0",
               of=found.repeated, failures=True),
        Figure("told to come again, and answered then", found.refused),
        Figure("by the worker of each service that answered least", found.least, of=found.asked),
        Figure("answered a second", round(found.asked / found.seconds, 1)),
    ]  # fmt: skip


#: What a harness found; one that writes as it goes gives its figures again and again.
Made: TypeAlias = "list[Figure] | Iterator[list[Figure]]"
#: By name: what it is, what runs it, and how often by default.
HARNESSES: dict[str, tuple[Harness, Callable[[int, int, Path], Made], int]] = {
    "kills-sqlite": (
        Harness("kills-sqlite", "Writers killed at random, SQLite (P02)", _ABOUT),
        kills_sqlite,
        1000,
    ),
    "kills-postgresql": (
        Harness(
            "kills-postgresql",
            "Writers killed at random, PostgreSQL (P02, P15)",
            f"{_ABOUT} With every fourth kill a process of the server is killed too, so that the "
            "server ends all others and recovers from its log.",
        ),
        kills_postgresql,
        200,
    ),
    "switches": (
        Harness(
            "switches",
            "Kill switch and rollback under load (S15, P12)",
            "Four workers are asked 200 times a second, whether or not they answer. In turn the "
            "version is disabled, rolled back, and taken back by the machine because a criterion "
            "of the plan is breached; each time it is put on again once nothing but the new "
            "answer is told. Afterwards workers are killed.",
        ),
        switches_under_load,
        100,
    ),
    "interleaved": (
        Harness(
            "interleaved",
            "Requests of fifty patients at once (S11)",
            "Eight connections to four workers ask about fifty patients in random order, and one "
            "in four times something that was asked before. The id of each answer must be the "
            "digest of the patient, stay and instant that were asked about, its score that "
            "patient's; all get the model's own. For every 24,000 a service is started anew on a "
            "home of its own; the sum is of all runs of one code (`--times N` adds N "
            "chunks), and is written here once it is a million, or something went wrong.",
            least=INTERLEAVED,
        ),
        interleaved_requests,
        -(-INTERLEAVED // CHUNK),
    ),
    "power-cuts": (
        Harness(
            "power-cuts",
            "Power cuts (P03)",
            "Every write, sync and change of names of a store at work is recorded, SQLite's own "
            "too. At each sync and each change of names the disk is rebuilt as a power cut may "
            "leave it: what was synced is there; of the rest each write is there, gone, or torn "
            "at 512 bytes. Each image must open, hold what was acknowledged, verify, and pass "
            "`fsck`. That a folder keeps the order of its changes is assumed.",
        ),
        power_cuts,
        1000,
    ),
    "full-disk": (
        Harness(
            "full-disk",
            "A full disk (P04)",
            "The disk refuses whatever takes space from the n-th operation on, for every n until "
            "none is left. Writes must be refused as `storage.full`, reads answered, and after "
            "space is freed the same process must go on, with every key there once.",
        ),
        full_disk,
        4,
    ),
    "quiet-years": (
        Harness(
            "quiet-years",
            "Quiet years and planted shifts (H12)",
            "The demo is made and `attending monitor simulate --runs 20` lives through quiet years "
            "of its model, with seasons, weekends and holidays, and through years with one of "
            "sixteen kinds of shift, in three sizes, everywhere and at one site. Every day goes "
            "through the monitors and the verdict. All delays: `docs/delays.md`. After each "
            "hundred years the figures are written, and a run that was cut short goes on.",
        ),
        quiet_years,
        1000,
    ),
    "real-years": (
        Harness(
            "real-years",
            "Years of real patients (H12)",
            "Patients of PhysioNet 2012, diabetes 130 and the MIMIC-IV demo come again in random "
            "order, twenty a day, each with what became of them; the model is fitted on the other "
            "half of them (on all of the demo's few). Nothing is wrong, or one thing is from day "
            "120 on. A policy that always continues, one that always watches and one that freezes "
            "by chance as often stand in the same table.",
        ),
        real_years_of,
        100,
    ),
    "watched-years": (
        Harness(
            "watched-years",
            "The same years watched by Evidently and NannyML",
            "Two quiet years and three with a large shift from day 150 on, 41 predictions a day "
            "and six inputs. Ours gives a verdict every day; the others look at every week with "
            "their default settings: a week is alarmed when Evidently calls the data set drifted, "
            "or when any column of NannyML alerts. A week that Evidently refuses, because a column "
            "has no value, counts as alarmed. Both look at inputs alone, so more events are not "
            "theirs to see.",
        ),
        watched_years,
        1,
    ),
    "broken-disk": (
        Harness(
            "broken-disk",
            "A disk that answers with an error (P05)",
            "The n-th operation fails, for every n until none is left; what waited for a failed "
            "sync is lost. The same process goes on, and then the power fails: every acknowledged "
            "key must be on the disk. SQLite says of a file that it cannot make no more than that "
            "it cannot be opened (`storage.missing`).",
        ),
        broken_disk,
        4,
    ),
}


def run(name: str, *, seed: int, times: int | None) -> bool:
    """Run one harness and keep its result; return whether nothing went wrong."""
    harness, work, usual = HARNESSES[name]
    begun = begin()
    with tempfile.TemporaryDirectory(prefix="attending-soak-") as folder:
        made = work(seed, times or usual, Path(folder))
        figures: list[Figure] = []
        far = ""
        for figures in [made] if isinstance(made, list) else made:
            if not (far := harness.unfinished(figures)):
                keep(harness, figures, seed=seed, begun=begun)
    if far:
        print(f"{far} (nothing is written to {FOLDER} yet)", flush=True)
        return True
    wrong = [figure.name for figure in figures if figure.failures and figure.value]
    print(f"{name}: {wrong or 'sound'}", flush=True)
    return not wrong


def main() -> int:
    """Run the harnesses that are named, or all."""
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("names", nargs="*", help=f"any of {', '.join(HARNESSES)}")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--times", type=int, help="how often, in place of the usual number")
    asked = parser.parse_args()
    done = [run(name, seed=asked.seed, times=asked.times) for name in asked.names or HARNESSES]
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main())
