"""The short code by which a citizen asks how far a request is: the one thing of it that stands in a message."""

from random import SystemRandom

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub.db import rows
from staffhub.models import ServiceRequest, new_code

_GIVEN = select(ServiceRequest.public_code).where(ServiceRequest.public_code.in_(bindparam("codes", expanding=True)))


def fresh_codes(db: Session, count: int) -> list[str]:
    """Make up codes that no request has yet, in any office; in no order, which would tell one from the other."""
    found: set[str] = set()
    while len(found) < count:
        found |= {new_code() for _ in range(count - len(found))}
        found -= set(rows(db, _GIVEN, codes=list(found)).scalars())
    codes = list(found)
    SystemRandom().shuffle(codes)
    return codes
