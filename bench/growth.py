"""How each page grows: with the officers of an office, and with the years behind it.

    python -m bench.growth                          # 10, 100, 1,000, 10,000 officers; a month and ten years
    python -m bench.growth --sizes 10 100 --years 1 # a part of it

Statements, kB of HTML and CPU milliseconds of one request in process, as a table and as a picture in var/growth.svg. No
office has 10,000 officers; the column shows what grows. Everybody has come, written a line, sent it
and been invited each day, and been planned by the duty roster.
"""

import argparse
import asyncio
import statistics
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from fastapi import FastAPI
from fastapi.testclient import TestClient

from bench import picture, processes
from bench.cpu import Caller
from bench.office import LED, ZONE, fill, token_of, workdays_before
from bench.pages import statements
from staffhub import clock
from staffhub.app import create_app
from staffhub.settings import Settings

MONTH, YEAR = 20, 260  # working days
PEOPLE_FOR_YEARS = 42
HEAD, HR, STAFF = 0, 1, len(LED)
PAGES = (
    ("staff", STAFF, "/"),
    ("head", HEAD, "/"),
    ("staff", STAFF, "/board"),
    ("head", HEAD, "/board"),
    ("staff", STAFF, "/board (unchanged)"),
    ("HR", HR, "/attendance"),
    ("HR", HR, "/attendance/queue"),
    ("staff", STAFF, "/me/month"),
    ("head", HEAD, "/requests"),
    ("staff", STAFF, "/requests"),
    ("staff", STAFF, "/worklog"),
    ("head", HEAD, "/meetings"),
    ("HR", HR, "/roster"),
    ("HR", HR, "/people"),
    ("head", HEAD, "/corrections"),
    ("HR", HR, "/leave"),
    ("staff", STAFF, "/leave"),
    ("HR", HR, "/orders"),
    ("HR", HR, "/exemptions"),
    ("HR", HR, "/attendance/recounts"),
    ("staff", STAFF, "/notices"),
    ("staff", STAFF, "/me/year"),
    ("HR", HR, "/worklog/verify"),
    ("head", HEAD, "/worklog/summary"),
    ("head", HEAD, "/requests/unassigned"),
    ("head", HEAD, "/requests/appointments"),
    ("head", HEAD, "/requests/times"),
    ("HR", HR, "/roster/swaps"),
    ("HR", HR, "/roster/calls"),
    ("HR", HR, "/roster/fairness"),
    ("staff", STAFF, "/roster/wishes"),
    ("head", HEAD, "/office"),
)


@dataclass
class Cost:
    statements: int
    bytes: int
    cpu: float


async def _cpu(caller: Caller, page: str) -> float:
    """Return the median CPU milliseconds of a call; of few calls, or one, when they are long."""
    took: list[float] = []
    end = time.monotonic() + 3
    while not took or (len(took) < 25 and time.monotonic() < end):
        started = time.process_time()
        await caller(page)
        took.append((time.process_time() - started) * 1000)
    return statistics.median(took)


def _measure(officers: int, days: list[date]) -> list[Cost]:
    """Return what each of PAGES costs in an office of so many, with so many days behind it."""
    with processes.scratch() as folder:
        url = f"sqlite:///{folder}/staffhub.db"
        started = time.monotonic()
        fill(url, offices=1, officers=officers, roles=LED, days=days)
        print(f"{officers} officers, {len(days)} days: filled in {time.monotonic() - started:.0f} s", flush=True)
        app = create_app(Settings(data_dir=folder, database_url=url), ticking=False)
        shown = []
        with TestClient(app) as client:
            for _who, number, page in PAGES:
                path, _space, unchanged = page.partition(" ")
                client.cookies.set("staffhub_session", token_of(number))
                tag = client.get(path).headers.get("etag", "")
                with statements(app.state.database) as seen:
                    answer = client.get(path, headers={"If-None-Match": tag} if unchanged else {})
                if answer.status_code != (304 if unchanged else 200):
                    raise RuntimeError(f"{page} answered {answer.status_code}")
                shown.append((len(seen), len(answer.content)))
        app = create_app(Settings(data_dir=folder, database_url=url), ticking=False)
        used = asyncio.run(_used(app))
        return [Cost(*one, cpu) for one, cpu in zip(shown, used, strict=True)]


async def _used(app: FastAPI) -> list[float]:
    async with app.router.lifespan_context(app):
        found = []
        for _who, number, page in PAGES:
            caller = Caller(app, [token_of(number)])
            await caller(page.partition(" ")[0])
            found.append(await _cpu(caller, page))
        return found


def _table(heads: list[str], costs: list[list[Cost]]) -> None:
    print(f"\n{'':<28}" + "".join(f"{head:^24}" for head in heads))
    print(f"{'who   page':<28}" + f"{'stmts':>8}{'kB':>6}{'CPU ms':>10}" * len(heads))
    for row, (who, _number, page) in enumerate(PAGES):
        cells = (column[row] for column in costs)
        said = "".join(f"{one.statements:>8}{one.bytes / 1000:>6.0f}{one.cpu:>10.1f}" for one in cells)
        print(f"{who:<6}{page:<22}{said}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10, 100, 1_000, 10_000])
    parser.add_argument("--years", type=int, nargs="*", default=[1, 10])
    parser.add_argument("--picture", type=Path, default=Path("var/growth.svg"))
    given = parser.parse_args()
    today = clock.now().astimezone(ZONE).date()
    by_size = [_measure(size, workdays_before(today, MONTH)) for size in given.sizes]
    _table([f"{size:,} officers" for size in given.sizes], by_size)
    if given.years:
        spans = [MONTH, *(YEAR * years for years in given.years)]
        by_years = [_measure(PEOPLE_FOR_YEARS, workdays_before(today, span)) for span in spans]
        _table(["a month", *(f"years: {years}" for years in given.years)], by_years)
    lines = {f"{who} {page}": [column[row].cpu for column in by_size] for row, (who, _n, page) in enumerate(PAGES)}
    given.picture.parent.mkdir(exist_ok=True)
    given.picture.write_text(picture.draw("CPU ms of a page by officers of the office", given.sizes, lines), "utf-8")
    print(f"\npicture: {given.picture}")


if __name__ == "__main__":
    main()
