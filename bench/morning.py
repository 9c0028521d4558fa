"""The morning of one office beside the reference floor (bench/floor.py), turn about in one run.

    python -m bench.morning                               # SQLite and PostgreSQL, one worker and two, 5 rounds
    python -m bench.morning --cases sqlite-1 --rounds 3   # a part of it
    python -m bench.morning --against /path/to/clone      # an older StaffHub as a third one in the same turns

A round is an office of its own: 200 people who are signed in open the page and check in, 16 at once, each over a
connection of their own that stays open for both. Nothing is warmed up by hand (StaffHub reads first pages at its start,
the floor does not); the figures are medians over the rounds. The machine is shared with the load, so that only the
ratios mean something.
"""

import argparse
import statistics
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvloop

from bench import phones, processes
from bench.office import token_of
from bench.postgres import Postgres

PEOPLE, AT_ONCE, PAST_DAYS = 200, 16, 20
CASES = ("sqlite-1", "sqlite-2", "postgresql-1", "postgresql-2")


@dataclass
class Round:
    """`cpu`, `database` and `load`: milliseconds of CPU a person, of the server, PostgreSQL and the load."""

    rate: float
    cpu: float
    database: float
    load: float


@dataclass
class Runner:
    """One of those who are compared, and how its rounds went."""

    name: str
    server: processes.Server
    rounds: list[Round] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)

    def turn(self, number: int, postgres: Postgres | None) -> None:
        tokens = [token_of(n) for n in range(number * PEOPLE, (number + 1) * PEOPLE)]
        started, load = time.perf_counter(), time.process_time()
        before = self.server.cpu(), processes.cpu(postgres.pid) if postgres else 0.0
        self.took += uvloop.run(phones.closed_loop(self.server.port, tokens, AT_ONCE, self.refused))
        seconds, load = time.perf_counter() - started, time.process_time() - load
        after = self.server.cpu(), processes.cpu(postgres.pid) if postgres else 0.0
        each = 1000 / PEOPLE
        server, database = (later - earlier for later, earlier in zip(after, before, strict=True))
        self.rounds.append(Round(PEOPLE / seconds, server * each, database * each, load * each))

    def median(self, name: str) -> float:
        return float(statistics.median(getattr(one, name) for one in self.rounds))


@contextmanager
def _runners(case: str, rounds: int, postgres: Postgres | None, against: Path | None) -> Iterator[list[Runner]]:
    """Everybody who is compared, each with a database of its own and running."""
    workers = case.rpartition("-")[2]
    programs = {"StaffHub": processes.program()} | ({"earlier": processes.program(against)} if against else {})
    with ExitStack() as stack:
        folder = stack.enter_context(processes.scratch())
        made = []
        for name in (*programs, "floor"):
            own = folder / name
            own.mkdir()
            url = _database(postgres, f"{name}_{workers}".lower()) if postgres else f"sqlite:///{own}/bench.db"
            if name == "floor":
                environment = {"FLOOR_DATABASE": url} | processes.program()
                processes.run(["-m", "bench.floor", str(rounds * PEOPLE)], environment)
                server = processes.floor(url, own)
            else:
                words = ["-m", "bench.office", url, str(rounds), str(PEOPLE), "--days", str(PAST_DAYS)]
                processes.run(words, programs[name])
                server = processes.staffhub(url, own, programs[name])
            server.start(workers=int(workers))
            stack.callback(server.kill)
            made.append(Runner(name, server))
        yield made


def _database(postgres: Postgres, name: str) -> str:
    postgres.run(f"CREATE DATABASE {name}")
    return postgres.url(name)


def _measure(case: str, rounds: int, postgres: Postgres | None, against: Path | None) -> dict[str, float]:
    """Print a case; return the rates."""
    with _runners(case, rounds, postgres, against) as runners:
        for number in range(rounds):
            for runner in runners:
                runner.turn(number, postgres)
        floor = runners[-1].median("rate")
        for one in runners:
            cuts = statistics.quantiles(one.took, n=100)
            rate = one.median("rate")
            print(
                f"{case:<13}{one.name:<10}{rate:>7.0f}{rate / floor:>7.2f}{cuts[49]:>8.0f}{cuts[98]:>7.0f}"
                f"{one.median('cpu'):>9.1f}{one.median('database'):>9.1f}{one.median('load'):>7.1f}"
                f"   {' '.join(f'{one.rate:.0f}' for one in one.rounds)}"
                f"{f'   refused {len(one.refused)} times' if one.refused else ''}",
                flush=True,
            )
        return {one.name: one.median("rate") for one in runners}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--cases", nargs="*", choices=CASES, default=CASES)
    parser.add_argument("--against", type=Path)
    given = parser.parse_args()
    print(f"{given.rounds} rounds of {PEOPLE} people, page and check-in, {AT_ONCE} at once; CPU in ms a person")
    heads = f"{'a sec.':>7}{'ratio':>7}{'p50 ms':>8}{'p99':>7}{'server':>9}{'database':>9}{'load':>7}   rounds"
    print(f"{'case':<13}{'who':<10}{heads}")
    rates: dict[str, dict[str, float]] = {}
    with ExitStack() as stack:
        postgres = None
        for case in given.cases:
            if case.startswith("postgresql") and postgres is None:
                postgres = Postgres(durable=True)
                stack.callback(postgres.stop)
            rates[case] = _measure(case, given.rounds, postgres if "postgresql" in case else None, given.against)
    for kind in ("sqlite", "postgresql"):
        one, two = rates.get(f"{kind}-1"), rates.get(f"{kind}-2")
        if one and two:
            said = ", ".join(f"{name} {two[name] / one[name]:.2f}" for name in one)
            print(f"two workers against one, {kind}: {said}")


if __name__ == "__main__":
    main()
