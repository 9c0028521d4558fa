"""The network is back for 200 phones at once: all deliver the tap that waited; the server is killed twice meanwhile.

Prints what was acknowledged, what is stored, and how many marks were lost, doubled or moved. All three must be 0.
"""

import random
import re
import threading
import time
from collections import Counter
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from threading import Thread
from typing import NamedTuple
from urllib.parse import urlencode
from uuid import uuid4

from sqlalchemy import select

from bench.office import Bench, bench_office
from staffhub.models import LateDelivery, Mark

PHONES, TAPPED, KILLS = 200, 3000, (50, 120)  # TAPPED: milliseconds after the page was made
_OPENED = re.compile(r'data-account="(\d+)"|data-ticket="([^"]+)"')


class Tap(NamedTuple):
    token: str
    form: dict[str, str | int]

    def asks(self, port: int, path: str) -> tuple[int, str]:
        """Deliver with the form of the tap; without one, open the page."""
        connection = HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {
            "Cookie": f"staffhub_session={self.token}",
            "Content-Type": "application/x-www-form-urlencoded",
            "Sec-Fetch-Site": "same-origin",
        }
        connection.request("POST" if self.form else "GET", path, urlencode(self.form) or None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def _opened(made: Bench, token: str) -> Tap:
    """Open Hari ini; what is tapped there comes to no server."""
    _status, page = Tap(token, {}).asks(made.server.port, "/")
    found = dict(zip(("account", "ticket"), map("".join, _OPENED.findall(page)), strict=False))
    clocks = {"steady_before": TAPPED, "wall_before": TAPPED}
    return Tap(token, found | clocks | {"kind": "check_in", "mode": "home", "idempotency_key": str(uuid4())})


def _deliver(made: Bench, tap: Tap, acknowledged: set[str], refused: list[int]) -> None:
    """As a phone does: the same again after a cut connection, and when the server sends it away for a while."""
    while True:
        try:
            status, _page = tap.asks(made.server.port, "/presence/late")
        except (OSError, HTTPException):
            status = 0
        if status == 303:
            acknowledged.add(str(tap.form["idempotency_key"]))
            return
        refused.append(status)
        time.sleep(random.uniform(0.05, 0.3))


def main() -> None:
    with bench_office(PHONES) as made:
        made.start()
        taps = [_opened(made, token) for token in made.tokens]
        time.sleep(2 * TAPPED / 1000)  # no tap lies after its delivery
        acknowledged: set[str] = set()
        refused: list[int] = []
        phones = [Thread(target=_deliver, args=(made, tap, acknowledged, refused)) for tap in taps]
        began = time.monotonic()
        for phone in phones:
            phone.start()
        for at in KILLS:
            while len(acknowledged) < at and threading.active_count() > 1:
                time.sleep(0.001)
            made.kill()
            made.start()
        for phone in phones:
            phone.join()
        _report(made, acknowledged, Counter(refused), time.monotonic() - began)


def _report(made: Bench, acknowledged: set[str], refused: Counter[int], seconds: float) -> None:
    database = made.database()
    with database.reading() as db:
        marks = Counter(db.scalars(select(Mark.idempotency_key)))
        times = db.execute(select(LateDelivery.ticket_at, Mark.attempted_at).join_from(LateDelivery, Mark)).all()
    database.engine.dispose()
    lost, doubled = len(acknowledged - set(marks)), sum(marks.values()) - len(marks)
    moved = sum(ticket is None or at - ticket != timedelta(milliseconds=TAPPED) for ticket, at in times)
    print(f"{PHONES} phones at once, {len(KILLS)} kills, all done after {seconds:.1f} s; tried again: {dict(refused)}")
    print(f"acknowledged {len(acknowledged)}, marks {sum(marks.values())}, late deliveries {len(times)}")
    print(f"lost {lost}, doubled {doubled}, of another time than their tap {moved}")
    if lost or doubled or moved or not refused:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
