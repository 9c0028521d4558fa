"""Twenty meetings whose create is performed on Zoom's side while the answer is lost; prints how many exist afterwards.

The sandbox carries each create out, then cuts the connection. The outbox must find the meeting by its marker.
"""

import json
from datetime import timedelta
from urllib.request import Request, urlopen

from sqlalchemy import func, select

from bench.office import bench_office
from staffhub import clock, logs, security
from staffhub.meetings import plan, sync
from staffhub.meetings.audience import Audience
from staffhub.models import Meeting, MeetingKind, MeetingState, Role
from staffhub.zoom.client import ZoomClient
from staffhub.zoom.sandbox import Account, SandboxServer, create_sandbox

MEETINGS = 20


def _fault(origin: str) -> None:
    body = json.dumps({"method": "POST", "path_prefix": "/v2/users", "kind": "drop_after", "times": 1}).encode()
    headers = {"Content-Type": "application/json"}
    urlopen(Request(f"{origin}/sandbox/faults", data=body, headers=headers), timeout=10).close()  # noqa: S310  loopback


def main() -> None:
    logs.configure()  # to stderr, away from the result
    account = Account(light_per_second=1000, medium_per_second=1000)  # twenty meetings in a second are no morning
    with bench_office(4, role=Role.OFFICE_HEAD) as made, SandboxServer(create_sandbox(account=account)) as sandbox:
        zoom = ZoomClient(
            account_id=account.account_id,
            client_id=account.client_id,
            client_secret=account.client_secret,
            base_uri=sandbox.base_uri,
            oauth_uri=sandbox.oauth_uri,
        )
        database, now = made.database(), clock.now()
        with database.reading() as db:
            me = security.session_for(db, made.tokens[0], now=now).viewer
        for n in range(MEETINGS):
            starts = (now + timedelta(days=1, hours=n)).astimezone(me.zone)
            with database.transaction() as db:
                plan.schedule(
                    db,
                    me,
                    kind=MeetingKind.SINGLE,
                    topic=f"Rapat {n}",
                    agenda="",
                    starts_on=starts.date(),
                    starts_at=starts.time().replace(second=0, microsecond=0),
                    minutes=30,
                    audience=Audience(everyone=True),
                    idempotency_key=f"lost-answer-{n:04}",
                    now=now,
                )
            _fault(sandbox.origin)
            for minutes in range(3):  # the first try loses its answer, a later one adopts the meeting
                sync.run_due(database, zoom, now=now + timedelta(minutes=2 * minutes), host=account.host_email)
        with urlopen(f"{sandbox.origin}/sandbox/meetings", timeout=10) as answer:  # noqa: S310
            listed = json.load(answer)
        with database.reading() as db:
            ready = db.scalar(select(func.count(Meeting.id)).where(Meeting.state == MeetingState.READY))
        database.engine.dispose()
        there = len(listed["meetings"] if isinstance(listed, dict) else listed)
        print(f"creates with a lost answer {MEETINGS}, meetings on the sandbox {there}, ready here {ready}")
        if not there == ready == MEETINGS:
            raise SystemExit(1)


if __name__ == "__main__":
    main()
