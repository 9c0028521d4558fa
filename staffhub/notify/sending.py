"""The letters that wait: claim what waits for one person, hand it to a server, write down how it ended.

None is sent twice. Whoever dies between the server's word and our commit, or never hears that word, leaves it
unclear, and it stays with that: on the list of its reader the notice stands in any case, so that a letter that was lost
costs little, and one that comes again and again costs the trust in all of them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, cast

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from staffhub import clock, office
from staffhub.db import Database
from staffhub.models import Account, MailEnd, Notice, NoticeKind, Officer, TaskState
from staffhub.notify import letters
from staffhub.notify.courier import Courier
from staffhub.notify.letters import About
from staffhub.notify.mailer import ALTOGETHER, Mailer, Outcome

# Longer than a letter may take; after it whoever had it counts as dead.
LEASE = timedelta(seconds=3 * ALTOGETHER)
# Nobody gets more than one letter in so long a time: what comes in meanwhile goes together.
APART = timedelta(hours=1)
# When a server did not take it: again after so many minutes, and then no more.
AGAIN = (1, 5, 15, 60, 180, 360, 720, 1440)
# `quiet(db, office_id, officer_id, now)`: until when a person is left alone, or None.
Quiet = Callable[[Session, int, int, datetime], datetime | None]


@dataclass(frozen=True)
class Post:
    """How letters go out. `locale` is the language of whoever has chosen none."""

    mailer: Mailer | None
    base_url: str
    locale: str
    courier: Courier | None = None


@dataclass(frozen=True)
class _Letter:
    ids: list[int]
    send: Callable[[], Outcome]
    attempts: int
    ticket: datetime


def run_due(database: Database, post: Post | None, *, quiet: Quiet, now: datetime) -> int:
    """Send what is due, one person at a time; return how many letters were tried.

    A server that is away is not asked for everybody: the next tick tries again with somebody else's.
    """
    if not _is_due(database, now):
        return 0
    with database.transaction() as db:
        _give_up_the_dead(db, now)
        if post is None:
            _end(db, [Notice.state == TaskState.PENDING], MailEnd.NOT_SET_UP, now)
            return 0
    started, tried = clock.now(), 0
    while (reader := _next_reader(database, now)) is not None:
        with database.transaction() as db:
            letter = _claim(db, post, reader, quiet=quiet, now=now + (clock.now() - started))
        if letter is None:
            continue
        outcome = letter.send()
        tried += 1
        with database.transaction() as db:
            _settle(db, letter, outcome, now + (clock.now() - started))
        if outcome is Outcome.AWAY:
            break
    return tried


def _is_due(database: Database, now: datetime) -> bool:
    waiting = select(Notice.id).where(Notice.state == TaskState.PENDING, Notice.due_at <= now)
    died = select(Notice.id).where(Notice.state == TaskState.CLAIMED, Notice.lease_until < now)
    with database.reading() as db:
        return any(db.scalar(some.limit(1)) is not None for some in (waiting, died))


def _next_reader(database: Database, now: datetime) -> int | None:
    due = select(Notice.account_id).where(Notice.state == TaskState.PENDING, Notice.due_at <= now)
    with database.reading() as db:
        return db.scalar(due.order_by(Notice.due_at, Notice.id).limit(1))


def _give_up_the_dead(db: Session, now: datetime) -> None:
    died = [Notice.state == TaskState.CLAIMED, Notice.lease_until < now]
    _end(db, died, MailEnd.UNCLEAR, now, state=TaskState.FAILED)


def _end(db: Session, which: Sequence[Any], end: MailEnd, now: datetime, *, state: TaskState = TaskState.DONE) -> None:
    ended = {"state": state, "mail_end": end, "finished_at": now, "lease_until": None}
    db.execute(update(Notice).where(*which).values(**ended))


def _claim(db: Session, post: Post, account_id: int, *, quiet: Quiet, now: datetime) -> _Letter | None:
    """Take what waits for one person, or put it off; what needs no letter ends here."""
    mine = [Notice.account_id == account_id, Notice.state == TaskState.PENDING, Notice.due_at <= now]
    reader = _reader(db, account_id)
    _end(db, [*mine, Notice.read_at.is_not(None)], MailEnd.READ, now)
    _end(db, [*mine, Notice.kind.in_(reader.unwanted)], MailEnd.UNWANTED, now)
    if not _reaches(post, reader):
        _end(db, mine, MailEnd.NO_ADDRESS, now)
        return None
    if later := _put_off(db, reader, quiet, now):
        db.execute(update(Notice).where(*mine).values(due_at=later))
        return None
    until = now + LEASE
    taken = update(Notice).where(*mine)
    taken = taken.values(state=TaskState.CLAIMED, lease_until=until, attempts=Notice.attempts + 1)
    columns = (Notice.id, Notice.kind, Notice.params, Notice.attempts)
    found = sorted(db.execute(taken.returning(*columns)).all())
    if not found:  # another process was quicker
        return None
    about = [About(row.id, row.kind, row.params) for row in found]
    name = office.facts(db, reader.office_id).name
    letter = letters.write(about, locale=reader.locale or post.locale, office=name, base_url=post.base_url)
    send = _way(post, reader, letter, now)
    return _Letter([one.id for one in about], send, max(row.attempts for row in found), until)


@dataclass(frozen=True)
class _Reader:
    account_id: int
    office_id: int
    officer_id: int | None
    email: str
    channel_to: str
    locale: str | None
    unwanted: list[NoticeKind]


def _reader(db: Session, account_id: int) -> _Reader:
    columns = (Account.office_id, Account.officer_id, Officer.email)
    chosen = (Account.channel_to, Account.locale, Account.no_mail_of)
    row = db.execute(
        select(*columns, *chosen).outerjoin(Officer, Officer.id == Account.officer_id).where(Account.id == account_id)
    ).one()
    known = set(NoticeKind)
    unwanted = [NoticeKind(kind) for kind in row.no_mail_of or () if kind in known]
    reached = (row.email or "", row.channel_to or "")
    return _Reader(account_id, row.office_id, row.officer_id, *reached, row.locale, unwanted)


def _reaches(post: Post, reader: _Reader) -> bool:
    return bool((post.courier and reader.channel_to) or (post.mailer and reader.email))


def _way(post: Post, reader: _Reader, letter: letters.Letter, now: datetime) -> Callable[[], Outcome]:
    """The channel for whoever has chosen it, and then no e-mail: nothing comes twice."""
    if post.courier and reader.channel_to:
        return partial(post.courier.send, reader.channel_to, letter.subject, letter.body)
    mailer = cast("Mailer", post.mailer)  # see `_reaches`
    return partial(mailer.send, letters.as_email(letter, to=reader.email, sender=mailer.server.sender, now=now))


def _put_off(db: Session, reader: _Reader, quiet: Quiet, now: datetime) -> datetime | None:
    """Return until when this person gets no letter: on a leave, a holiday, or shortly after the last one."""
    silent = quiet(db, reader.office_id, reader.officer_id, now) if reader.officer_id is not None else None
    if silent:
        return silent
    sent = (Notice.account_id == reader.account_id, Notice.mail_end == MailEnd.SENT)
    last = db.scalar(select(func.max(Notice.finished_at)).where(*sent))
    return last + APART if last is not None and last + APART > now else None


def _settle(db: Session, letter: _Letter, outcome: Outcome, now: datetime) -> None:
    """Write down how it ended, unless the lease is over: then it has been given up already."""
    mine = [Notice.id.in_(letter.ids), Notice.state == TaskState.CLAIMED, Notice.lease_until == letter.ticket]
    if outcome is Outcome.SENT:
        _end(db, mine, MailEnd.SENT, now)
    elif outcome in _LAST:
        _end(db, mine, _LAST[outcome], now, state=TaskState.FAILED)
    elif letter.attempts > len(AGAIN):
        _end(db, mine, MailEnd.TOO_OLD, now, state=TaskState.FAILED)
    else:
        later = now + timedelta(minutes=AGAIN[letter.attempts - 1])
        again = {"state": TaskState.PENDING, "due_at": later, "lease_until": None}
        db.execute(update(Notice).where(*mine).values(**again))


_LAST = {Outcome.REFUSED: MailEnd.REFUSED, Outcome.UNCLEAR: MailEnd.UNCLEAR}
