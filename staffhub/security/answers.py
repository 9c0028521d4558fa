"""What a program was answered to a call with a key: said again, word for word, when the call comes again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, delete, insert, select
from sqlalchemy.orm import Session

from staffhub.db import digest, lock_row, rows
from staffhub.errors import Conflict
from staffhub.i18n import gettext as _
from staffhub.models import ApiAnswer, ApiToken
from staffhub.security.access import Program

KEPT_FOR = timedelta(days=7)


# Built once, as whatever every call asks for.
_BEFORE = select(ApiAnswer.asked, ApiAnswer.status, ApiAnswer.headers, ApiAnswer.body).where(
    ApiAnswer.token_id == bindparam("token"), ApiAnswer.key == bindparam("key")
)
_KEEP = insert(cast("Table", ApiAnswer.__table__))


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Call:
    """A call that is to be done once: `key` as it was sent, `asked` all that it asks for."""

    program: Program
    key: str
    asked: str

    @property
    def name(self) -> str:
        """Return the call's name among all forms and programs: no form's key has a colon, no two tokens share one."""
        return f"api:{digest(str(self.program.token_id), self.key)[:60]}"


class KeyReused(Conflict):
    """The key belongs to another call."""


def before(db: Session, call: Call) -> Answer | None:
    """Return what the call was answered before; KeyReused when its key was sent with something else.

    Calls of one program that bear keys go one after the other, so that of two at once the second finds the first.
    """
    lock_row(db, ApiToken, call.program.token_id)
    row = rows(db, _BEFORE, token=call.program.token_id, key=digest(call.key)).one_or_none()
    if row is None:
        return None
    if row.asked != digest(call.asked):
        raise KeyReused(_("This key was sent before with another call. Each new call needs a key of its own."))
    return Answer(row.status, row.headers, row.body)


def keep(db: Session, call: Call, answer: Answer, *, now: datetime) -> Answer:
    said = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
    whose = {"token_id": call.program.token_id, "key": digest(call.key), "asked": digest(call.asked)}
    db.execute(_KEEP, {**whose, **said, "at": now})
    return answer


def forget_answers(db: Session, *, now: datetime) -> None:
    """Drop what nobody sends again by now; a request that was taken in keeps its key all the same."""
    db.execute(delete(ApiAnswer).where(ApiAnswer.at <= now - KEPT_FOR))
