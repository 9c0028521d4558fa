"""kill -9 in a burst: 200 officers send 500 check-ins and moves, the server is killed in the middle and started again.

Prints what was acknowledged, what is stored, and how many marks were lost or doubled. Both must be 0.
"""

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode
from uuid import uuid4

from sqlalchemy import select, text

from bench.office import Bench, bench_office
from staffhub.models import Mark

OFFICERS, MARKS, CLIENTS = 200, 500, 16
_MODES = ("office", "home", "office")


def _jobs() -> list[tuple[int, str, str]]:
    """(officer, mode, key): each officer's marks move to and fro, so that none repeats the one before."""
    return [(n % OFFICERS, _MODES[n // OFFICERS], str(uuid4())) for n in range(MARKS)]


def _post(connection: HTTPConnection, token: str, form: dict[str, str]) -> int:
    headers = {
        "Cookie": f"staffhub_session={token}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
    }
    connection.request("POST", "/presence/check-in", urlencode(form), headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status


def _send(made: Bench, job: tuple[int, str, str], acknowledged: set[str], killed: threading.Event) -> None:
    """Send one mark until it is acknowledged: after a cut connection the same key is sent again, as a phone does."""
    officer, mode, key = job
    while True:
        try:
            connection = HTTPConnection("127.0.0.1", made.server.port, timeout=20)
            status = _post(connection, made.tokens[officer], {"mode": mode, "idempotency_key": key})
            connection.close()
        except (OSError, HTTPException):
            killed.set()
            time.sleep(random.uniform(0.01, 0.1))
            continue
        if status == 303:
            acknowledged.add(key)
            return
        if status != 503:
            raise RuntimeError(f"unexpected answer {status}")


def main() -> None:
    with bench_office(OFFICERS) as made:
        made.start()
        acknowledged: set[str] = set()
        cut = threading.Event()
        restarts: list[float] = []
        with ThreadPoolExecutor(CLIENTS) as pool:
            jobs = _jobs()
            for start in range(0, MARKS, OFFICERS):  # an officer's next mark goes out after the one before
                batch = jobs[start : start + OFFICERS]
                sent = [pool.submit(_send, made, job, acknowledged, cut) for job in batch]
                _kill_in_the_middle(made, acknowledged, start + len(batch) // 2, restarts)
                for one in sent:
                    one.result()
        _report(made, acknowledged, restarts, cut=cut.is_set())


def _kill_in_the_middle(made: Bench, acknowledged: set[str], at: int, restarts: list[float]) -> None:
    while len(acknowledged) < at:
        time.sleep(0.001)
    made.kill()
    started = time.monotonic()
    made.start()
    restarts.append(time.monotonic() - started)


def _report(made: Bench, acknowledged: set[str], restarts: list[float], *, cut: bool) -> None:
    database = made.database()
    with database.reading() as db:
        stored = Counter(db.scalars(select(Mark.idempotency_key)))
        integrity = db.execute(text("PRAGMA integrity_check")).scalar()
    database.engine.dispose()
    lost = len(acknowledged - set(stored))
    doubled = sum(count - 1 for count in stored.values())
    print(f"officers {OFFICERS}, marks sent {MARKS}, kills {len(restarts)} (connections cut: {cut})")
    print(f"acknowledged {len(acknowledged)}, stored {sum(stored.values())}, lost {lost}, doubled {doubled}")
    print(f"restart, seconds: {', '.join(f'{one:.1f}' for one in restarts)}; integrity: {integrity}")
    if lost or doubled or not cut:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
