"""Check-ins of those who are signed in while others sign in: does hashing passwords make a mark wait?

    python -m bench.sign_ins                 # 500 sign-ins within five minutes, PostgreSQL, two workers
    python -m bench.sign_ins --seconds 30    # as many a second, for half a minute

Two spells of the same length and with the same arrivals, the page and the check-in: first nobody signs in, then one
person after the other does, over the form, each with a password of argon2. Whoever is refused (503) comes again.
"""

import argparse
import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import sqlalchemy as sa
import uvloop

from bench import phones, processes
from bench.office import token_of
from bench.postgres import Postgres
from staffhub.models import Account
from staffhub.security import passwords

OFFICE, PAST_DAYS, WORKERS = 500, 20, 2
ARRIVALS, SIGN_INS = 2.0, 500 / 300  # a second
PASSWORD = "kata-sandi-kantor"


async def _spread(what: Callable[[int], Awaitable[float]], numbers: Sequence[int], rate: float) -> list[float]:
    """Begin one after the other, so many a second, whatever became of those before; return the milliseconds of each."""
    begun = time.monotonic()

    async def one(place: int, number: int) -> float:
        await asyncio.sleep(begun + place / rate - time.monotonic())
        return await what(number)

    return list(await asyncio.gather(*(one(place, number) for place, number in enumerate(numbers))))


async def _sign_in(port: int, number: int, told: Counter[int]) -> float:
    """Open the form and send it; return the milliseconds until one is in."""
    started = time.perf_counter()
    form = {"username": f"pegawai{number}", "password": PASSWORD}
    for request, wanted in ((phones.get("/login", ""), 200), (phones.post("/login", "", form), 303)):
        answer = None
        while answer is None or answer.status == 503:
            if answer:
                await asyncio.sleep(float(answer.header(b"retry-after") or 5))
            line = await phones.connect(port)
            answer = await line.ask(request)
            line.close()
            told[answer.status] += 1
        if answer.status != wanted:
            raise RuntimeError(f"unexpected answer to a sign-in: {answer.status} {answer.body[:200]!r}")
    return (time.perf_counter() - started) * 1000


async def _spell(port: int, arriving: Sequence[int], signing: Sequence[int]) -> None:
    """One spell, and its line."""
    refused: list[int] = []
    told: Counter[int] = Counter()

    async def arrive(number: int) -> float:
        return await phones.arrive(port, token_of(number), refused)

    async def sign_in(number: int) -> float:
        return await _sign_in(port, number, told)

    marks, sign_ins = await asyncio.gather(_spread(arrive, arriving, ARRIVALS), _spread(sign_in, signing, SIGN_INS))
    print(f"{len(signing):>8} sign-ins: page and check-in {_told(marks)}, refused {len(refused)}", flush=True)
    if sign_ins:
        print(f"{'':>18} of the sign-ins {_told(sign_ins)}, answers {dict(told)}", flush=True)


def _told(took: Sequence[float]) -> str:
    cuts = statistics.quantiles(took, n=100)
    return f"p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms ({len(took)})"


@contextmanager
def _office(people: int) -> Iterator[processes.Server]:
    """Offices full of people, all with one password, and the server on them."""
    with ExitStack() as stack:
        folder = stack.enter_context(processes.scratch())
        postgres = Postgres(durable=True)
        stack.callback(postgres.stop)
        postgres.run("CREATE DATABASE sign_ins")
        url, offices = postgres.url("sign_ins"), -(-people // OFFICE)
        processes.run(["-m", "bench.office", url, str(offices), str(OFFICE), "--days", str(PAST_DAYS)], {})
        engine = sa.create_engine(url)
        with engine.begin() as db:
            db.execute(sa.update(Account).values(password_hash=passwords.hash_password(PASSWORD)))
        engine.dispose()
        server = processes.staffhub(url, folder, {})
        server.start(workers=WORKERS)
        stack.callback(server.kill)
        yield server


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    given = parser.parse_args()
    arriving, signing = round(ARRIVALS * given.seconds), round(SIGN_INS * given.seconds)
    people = range(2 * arriving + signing)
    with _office(len(people)) as server:
        print(f"{given.seconds:.0f} s, {ARRIVALS:.1f} arrivals and {SIGN_INS:.2f} sign-ins a second, {WORKERS} workers")
        uvloop.run(_spell(server.port, people[:arriving], ()))
        uvloop.run(_spell(server.port, people[arriving : 2 * arriving], people[2 * arriving :]))


if __name__ == "__main__":
    main()
