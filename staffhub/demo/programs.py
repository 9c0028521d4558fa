"""The office's own app has a token already, with a secret that everybody knows: of the demo alone."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub.db import digest
from staffhub.models import Account, ApiToken, TokenScope
from staffhub.security.tokens import PREFIX

NAME = "Aplikasi Contoh"


def secret(password: str) -> str:
    """Return what the demo's app sends: whoever knows the password of the demo's accounts knows it."""
    return f"{PREFIX}demo-{password}"


def write(db: Session, office_id: int, *, password: str, now: datetime) -> None:
    admin = db.scalars(select(Account.id).where(Account.office_id == office_id, Account.username == "admin")).one()
    told = secret(password)
    row = ApiToken(
        office_id=office_id,
        name=NAME,
        scopes=[scope.value for scope in TokenScope if scope is not TokenScope.OFFICERS_NUMBERS],
        digest=digest(told),
        tail=told[-4:],
        created_by=admin,
        created_at=now,
    )
    db.add(row)
    db.flush()
