"""What a process does before anybody asks: the first of the morning would wait a second for it."""

import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from staffhub import clock, deadlines, i18n, security, service_requests
from staffhub.connections import POOL
from staffhub.db import Database, undo
from staffhub.errors import NotSignedIn
from staffhub.i18n import gettext as _
from staffhub.models import Account, Officer, Posting, posting_on
from staffhub.reports.today import today
from staffhub.web import environment

log = structlog.get_logger(__name__)

_OFFICES = 100  # a regency has some 60
_SECONDS = 10.0  # after which the start goes on, whatever was read


def compile_pages() -> None:
    """Compile templates and catalogues."""
    for locale in i18n.LOCALES:
        with i18n.in_locale(locale):
            _("Today")
    for name in environment().list_templates():
        environment().get_template(name)


def read_first_pages(database: Database) -> None:
    """Read Hari ini over each connection that is kept: one of each role, who ask for other things, and one an office.

    Building the statements takes longer than asking, and PostgreSQL learns them for each connection; each page is read
    twice, since what comes back is prepared. Nobody sees the pages and nothing is written; whatever is wrong with one,
    whoever asks is told, and the start goes on.
    """
    deadlines.begin(deadlines.WORK)
    end = time.monotonic() + _SECONDS
    try:
        with ExitStack() as stack:
            first = stack.enter_context(database.reading())
            roles, offices = (_one_of_each(first, what) for what in (Posting.role, Posting.office_id))
            readers = [first, *(stack.enter_context(database.reading()) for _more in range(_worth_reading(first) - 1))]
            for number, db in enumerate(readers):
                for account_id in [*roles, *offices[number :: len(readers)]] * 2:
                    if time.monotonic() < end:
                        _read(db, account_id)
    except Exception:
        log.exception("first_pages_unread")


def _worth_reading(db: Session) -> int:
    """Return over how many connections: SQLite learns nothing for one, nor does PostgreSQL behind a pooler."""
    return POOL if getattr(db.connection().connection.driver_connection, "prepare_threshold", None) else 1


def _one_of_each(db: Session, what: Any) -> Sequence[int]:
    """Return an account of each role, or of each office, of whoever is posted today; closed ones are left out."""
    one = select(func.min(Account.id)).join(Officer, Officer.id == Account.officer_id)
    today_here = one.join(Posting, posting_on(clock.now().date())).where(Account.disabled_at.is_(None))
    return db.scalars(today_here.group_by(what).limit(_OFFICES)).all()


def _read(db: Session, account_id: int) -> None:
    now = clock.now()
    try:
        with suppress(NotSignedIn):  # as every request begins
            security.session_for(db, "nobody's", now=now)
        me = security.viewer_for(db, account_id, now=now)
        if me is not None and me.officer_id is not None:
            today(db, me, me.officer_id, now=now)
            service_requests.open_for(db, me.office_id, me.officer_id)  # by the working time of the office
    except Exception:
        log.exception("first_page_unread")
        undo(db)
