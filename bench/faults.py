"""What Zoom and the network do to the outbox, each fault many times over the wire; prints what it cost.

python -m bench.faults --rounds 20

Each round makes, changes or cancels one meeting while the fault is waiting, and lets the outbox work until nothing is
left, on a clock that jumps to the next try. Afterwards the sandbox has to hold the meetings that we have and no others.
"Wasted" are the calls beyond those of the same work without a fault, tokens among them; "waited" is by that clock.
"""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.request import Request, urlopen

from sqlalchemy import func, select

from bench.office import bench_office
from staffhub import claims, clock, logs, security
from staffhub.db import Database
from staffhub.meetings import hosts, plan, sync
from staffhub.meetings.audience import Audience
from staffhub.models import Meeting, MeetingKind, MeetingState, Role, ZoomTask
from staffhub.security import Viewer
from staffhub.zoom.client import ZoomClient
from staffhub.zoom.sandbox import Account, SandboxServer, create_sandbox

JSON = dict[str, Any]
# Zoom performed it, or did not, and the answer does not come whole.
_LOST: JSON = {"kind": "drop_after"}
_RESET: JSON = {"kind": "drop_after", "performs": False}
_DOWN: JSON = {"kind": "status", "status": 500, "body": {"code": 500, "message": "Internal error."}}
_DONE_AND_DOWN: JSON = {**_DOWN, "performs": True}
_SECONDS = 0.3  # that a call may take here
_SLOW: JSON = {"kind": "hang", "seconds": 4 * _SECONDS, "method": "POST", "path_prefix": "/oauth/token"}
_HOST_SPENT = (
    "You have exceeded the daily rate limit (100) of Meeting Create/Update API requests permitted for this particular "
    "user. You may resume these requests at GMT 00:00:00."
)
_TRIES = 30


class Clock:
    """Zoom's and ours: it stands still until something is due. `slow`: so far is ours behind, for tokens."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.slow = timedelta(0)

    def __call__(self) -> datetime:
        return self.now

    def next_day(self) -> None:
        self.now = datetime.combine(self.now.date() + timedelta(days=1), time(1), UTC)


def _limit(said: str, headers: Callable[[datetime], dict[str, str]] = lambda _now: {}) -> Callable[[datetime], JSON]:
    body = {"code": 429, "message": said}
    return lambda now: {"kind": "status", "status": 429, "body": body, "headers": headers(now)}


def _tomorrow(now: datetime) -> dict[str, str]:
    return {"Retry-After": f"{now.date() + timedelta(days=1)}T00:00:00Z"}


_PER_SECOND = _limit("You have reached the maximum per-second rate limit for this API.")
_HOST_DAY = _limit(_HOST_SPENT)
_ACCOUNT_DAY = _limit("You have reached the maximum daily rate limit for this API.", _tomorrow)


@dataclass(frozen=True)
class Fault:
    """`wire`: what the sandbox is told to do to the next call; `before`: what becomes of the token."""

    name: str
    wire: Callable[[datetime], JSON] | None = None
    before: Callable[["Outbox"], None] | None = None


def _always(fault: JSON) -> Callable[[datetime], JSON]:
    return lambda _now: fault


FAULTS = (
    Fault("nothing"),
    Fault("answer lost", _always(_LOST)),
    Fault("answer cut off", _always({"kind": "cut_body"})),
    Fault("connection reset", _always(_RESET)),
    Fault("500", _always(_DOWN)),
    Fault("500, but done", _always(_DONE_AND_DOWN)),
    Fault("429 per second", _PER_SECOND),
    Fault("429 host's day", _HOST_DAY),
    Fault("429 account's day", _ACCOUNT_DAY),
    Fault("slow token", _always(_SLOW), lambda box: box.zoom.refresh_token()),
    Fault("token expired", None, lambda box: box.expire()),
    Fault("token killed", None, lambda box: box.kill()),
)
VERBS = {"create": "POST", "change": "PATCH", "delete": "DELETE"}


@dataclass
class Row:
    """What one fault did to one verb."""

    verb: str
    fault: str
    rounds: int
    calls: int
    waited: timedelta
    ready: int
    same: bool
    wasted: int = 0


@dataclass
class Outbox:
    """An office, a sandbox and the outbox between them."""

    database: Database
    me: Viewer
    zoom: ZoomClient
    other: ZoomClient
    origin: str
    clock: Clock
    made: int = 0
    rows: list[Row] = field(default_factory=list)

    def ask(self, path: str, body: JSON | None = None) -> JSON:
        data = json.dumps(body).encode() if body is not None else None
        request = Request(f"{self.origin}/sandbox{path}", data=data, headers={"Content-Type": "application/json"})  # noqa: S310
        with urlopen(request, timeout=10) as answer:  # noqa: S310  loopback
            found: JSON = json.load(answer)
        return found

    def expire(self) -> None:
        """Zoom's clock goes on, and ours does not: the token has expired, and we do not know."""
        self.clock.now += timedelta(minutes=61)
        self.clock.slow += timedelta(minutes=61)

    def kill(self) -> None:
        """Another process asks for a token of its own, and Zoom ends ours."""
        self.other.refresh_token()
        self.other.missing_scopes()

    def play(self, verb: str, fault: Fault, rounds: int) -> Row:
        self.clock.next_day()
        calls, waited = 0, timedelta(0)
        for _round in range(rounds):
            self.clock.now += timedelta(minutes=1)
            meeting_id = self.schedule() if verb != "create" else 0
            self.quiet()
            self.zoom.missing_scopes()  # it has a token, as any process that has worked before
            if fault.before:
                fault.before(self)
            if fault.wire:
                self.ask("/faults", {"method": VERBS[verb], "path_prefix": "/v2/"} | fault.wire(self.clock.now))
            before, since = self.calls(), self.clock.now
            self.act(verb, meeting_id)
            self.quiet()
            self.clock.slow = timedelta(0)
            calls += self.calls() - before
            waited += self.clock.now - since
        ready, same = self.compare()
        return Row(verb, fault.name, rounds, calls, waited / rounds, ready, same)

    def calls(self) -> int:
        return int(self.ask("/calls")["total"])

    def act(self, verb: str, meeting_id: int) -> None:
        if verb == "create":
            self.schedule()
            return
        with self.database.transaction() as db:
            meeting, now = db.get_one(Meeting, meeting_id), self.clock.now
            if verb == "delete":
                plan.cancel(db, self.me, meeting_id, version=meeting.version, now=now)
                return
            terms: JSON = {"starts_on": meeting.starts_on, "starts_at": meeting.starts_at, "minutes": meeting.minutes}
            plan.edit(
                db, self.me, meeting_id, version=meeting.version, topic=f"{meeting.topic} lagi", **terms,
                audience=Audience(everyone=True), now=now,
            )  # fmt: skip

    def schedule(self) -> int:
        """Half an hour that nobody else has, so that one host is enough."""
        self.made += 1
        day = date(self.clock.now.year + 1, 1, 1) + timedelta(days=self.made // 20)
        with self.database.transaction() as db:
            return plan.schedule(
                db,
                self.me,
                kind=MeetingKind.SINGLE,
                topic=f"Rapat {self.made}",
                starts_on=day,
                starts_at=time(self.made % 20, 30),
                minutes=30,
                audience=Audience(everyone=True),
                idempotency_key=f"fault-{self.made:06}",
                now=self.clock.now,
            ).id

    def quiet(self) -> None:
        """Let the outbox work, the clock jumping to whatever is due next, until nothing is."""
        unfinished = select(func.min(ZoomTask.due_at)).where(ZoomTask.state.in_(claims.UNFINISHED))
        for _try in range(_TRIES):
            sync.run_due(self.database, self.zoom, now=self.clock.now, host="")
            with self.database.reading() as db:
                due = db.scalar(unfinished)
            if due is None:
                return
            self.clock.now = max(self.clock.now, due) + timedelta(milliseconds=1)

    def compare(self) -> tuple[int, bool]:
        """Return how many are ready here, and whether the sandbox has just those, as they are here."""
        with self.database.reading() as db:
            ours = db.scalars(select(Meeting).where(Meeting.state != MeetingState.CANCELLED)).all()
        wanted = sorted((one.zoom_id or 0, one.topic, one.minutes, one.join_url) for one in ours)
        theirs = self.ask("/meetings")["meetings"]
        there = sorted((one["id"], one["topic"], one["duration"], one["join_url"]) for one in theirs)
        return sum(one.state is MeetingState.READY for one in ours), wanted == there


def run(rounds: int) -> list[Row]:
    """Play every fault against every verb; the first row of each verb is the one without a fault."""
    found: list[Row] = []
    times = Clock(datetime.combine(clock.now().date(), time(1), UTC))
    account = Account(light_per_second=1000, medium_per_second=1000, single_token=True)
    app = create_sandbox(account=account, now=times)
    with bench_office(4, role=Role.OFFICE_HEAD) as made, SandboxServer(app) as sandbox:
        database = made.database()
        facts: JSON = {"account_id": account.account_id, "client_id": account.client_id, "timeout": _SECONDS}
        facts |= {"client_secret": account.client_secret, "base_uri": sandbox.base_uri, "oauth_uri": sandbox.oauth_uri}
        zoom = ZoomClient(**facts, now=lambda: times.now - times.slow)
        with database.reading() as db:
            me = security.session_for(db, made.tokens[0], now=clock.now()).viewer
        box = Outbox(database, me, zoom, ZoomClient(**facts, now=times), sandbox.origin, times)
        hosts.synchronise(database, zoom, preferred="", licensed_at_once=1, now=times.now)
        for verb in VERBS:
            plain = 0
            for fault in FAULTS:
                row = box.play(verb, fault, rounds)
                plain = row.calls if fault.name == "nothing" else plain
                row.wasted = row.calls - plain
                found.append(row)
        database.engine.dispose()
    return found


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args(given).rounds
    logs.configure()  # to stderr, away from the result
    found = run(rounds)
    print("verb    fault               times  calls  wasted  each   waited  as ours")
    for row in found:
        waited = str(row.waited).split(".", maxsplit=1)[0]
        each = row.wasted / row.rounds
        print(
            f"{row.verb:<7} {row.fault:<18} {row.rounds:>6} {row.calls:>6} {row.wasted:>7} {each:>5.1f} {waited:>8}  "
            f"{'yes' if row.same else 'NO'}"
        )
    if not all(row.same for row in found):
        sys.exit(1)


if __name__ == "__main__":
    main()
