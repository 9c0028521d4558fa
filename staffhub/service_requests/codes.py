"""The short code by which a citizen asks how far a request is: the one thing of it that stands in a message."""

from random import SystemRandom

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub.models import ServiceRequest, new_code


def fresh_codes(db: Session, count: int) -> list[str]:
    """Make up codes that no request has yet, in any office; in no order, which would tell one from the other."""
    found: set[str] = set()
    while len(found) < count:
        found |= {new_code() for _ in range(count - len(found))}
        code = ServiceRequest.public_code
        found -= set(db.scalars(select(code).where(code.in_(found))))
    codes = list(found)
    SystemRandom().shuffle(codes)
    return codes
