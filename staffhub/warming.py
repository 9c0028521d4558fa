"""What a process does before anybody asks: the first of the morning would wait a second for it."""

from contextlib import ExitStack

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from staffhub import clock, deadlines, i18n, security
from staffhub.connections import POOL
from staffhub.db import Database
from staffhub.i18n import gettext as _
from staffhub.models import Account, Posting
from staffhub.reports.today import today
from staffhub.web import environment

log = structlog.get_logger(__name__)

_OFFICES = 100  # a regency has some 60


def compile_pages() -> None:
    """Compile templates and catalogues."""
    for locale in i18n.LOCALES:
        with i18n.in_locale(locale):
            _("Today")
    for name in environment().list_templates():
        environment().get_template(name)


def read_first_pages(database: Database) -> None:
    """Read Hari ini over each connection that is kept: one of each role, who ask for other things, and one an office.

    Building the statements takes longer than asking, and what a connection asks first PostgreSQL has to learn for it.
    Nobody sees the pages and nothing is written; whatever is wrong there, whoever asks is told, and others are served.
    """
    deadlines.begin(deadlines.WORK)
    served = Account.officer_id == Posting.officer_id
    one = select(func.min(Account.id)).join(Posting, served)
    try:
        with ExitStack() as stack:
            readers = [stack.enter_context(database.reading()) for _connection in range(POOL)]
            roles = readers[0].scalars(one.group_by(Posting.role)).all()
            offices = readers[0].scalars(one.group_by(Posting.office_id).limit(_OFFICES)).all()
            for number, db in enumerate(readers):
                for account_id in (*roles, *offices[number::POOL]):
                    _read(db, account_id)
    except Exception:
        log.exception("first_pages_unread")


def _read(db: Session, account_id: int) -> None:
    now = clock.now()
    me = security.viewer_for(db, account_id, now=now)
    if me is not None and me.officer_id is not None:
        today(db, me, me.officer_id, now=now)
