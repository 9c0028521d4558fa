"""500 officers write three lines each and send their day, every press twice, as fast as it goes.

python -m bench.logs                  # one office on SQLite, the real server; prints what was lost and doubled: both 0
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import urlencode

import sqlalchemy as sa

from bench.office import Bench, bench_office
from staffhub.models import DailyReport, LogAct, LogEntry, ReportStep, Role

OFFICERS, CLIENTS = 500, 16
_LINES = (("07.30", "09.00"), ("09.00", "11.45"), ("13.00", "15.30"))
_LIMIT = 300  # seconds


def _post(connection: HTTPConnection, token: str, path: str, form: dict[str, str]) -> None:
    """Send a form until it is let in: a busy server says when to come again."""
    headers = {
        "Cookie": f"staffhub_session={token}",
        "Content-Type": "application/x-www-form-urlencoded",
        "Sec-Fetch-Site": "same-origin",
    }
    while True:
        connection.request("POST", path, urlencode(form), headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status == 303:
            return
        if answer.status != 503:
            raise RuntimeError(f"unexpected answer {answer.status}")
        time.sleep(float(answer.headers.get("Retry-After", "1")))


def _day(made: Bench, number: int) -> None:
    connection = HTTPConnection("127.0.0.1", made.server.port, timeout=60)
    for n, (start, end) in enumerate(_LINES):
        line = {"text": f"Memeriksa berkas {n}", "start": start, "end": end, "quantity": "4", "unit": "berkas"}
        for _twice in range(2):
            _post(connection, made.tokens[number], "/worklog", line | {"idempotency_key": f"log-{number:04}-{n}"})
    for _twice in range(2):
        _post(connection, made.tokens[number], "/worklog/submit", {})
    connection.close()


def main() -> int:
    with bench_office(OFFICERS, role=Role.OFFICE_HEAD) as made:
        made.start()
        began = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda number: _day(made, number), range(OFFICERS)))
        took = time.monotonic() - began
        made.kill()
        with made.database().reading() as db:
            lines = db.scalar(sa.select(sa.func.count()).select_from(LogEntry)) or 0
            sent = db.scalar(sa.select(sa.func.count()).select_from(DailyReport).where(DailyReport.minutes == 405)) or 0
            steps = db.scalar(sa.select(sa.func.count()).where(ReportStep.act == LogAct.SUBMITTED)) or 0
    wanted = OFFICERS * len(_LINES)
    print(f"{OFFICERS} officers, {wanted} lines, each press twice: {took:.1f} s")
    lost, doubled = max(0, wanted - lines) + max(0, OFFICERS - sent), max(0, lines - wanted) + max(0, steps - OFFICERS)
    print(f"lost {lost}, doubled {doubled}")
    return 0 if (lost, doubled) == (0, 0) and took < _LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
