"""The rule book as it stands: every row of the office, the readable and the wrong ones, for who keeps it."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub.errors import NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.models import RuleKind, RuleSet
from staffhub.security import Viewer
from staffhub.workdays.kinds import Values, read
from staffhub.workdays.rules import groups_of


@dataclass(frozen=True)
class RuleLine:
    """A row as the pages show it; `problem` says why it is left out, and nothing stands for its values then.

    `stored` is what lies in the table, from which a form is filled.
    """

    id: int
    kind: RuleKind
    subject: str
    groups: list[str]
    valid_from: date
    valid_to: date | None
    legal_source: str
    owner: str
    confirmed: bool
    version: int
    stored: dict[str, Any]
    values: Values | None
    problem: str
    replaces_id: int | None

    def state(self, day: date) -> str:
        """Return "now", "future" or "past"; "proposed" is what nobody vouches for yet."""
        if not self.confirmed:
            return "proposed"
        if self.valid_from > day:
            return "future"
        return "past" if self.valid_to and self.valid_to < day else "now"

    def has_begun(self, day: date) -> bool:
        """Whether it holds, or has held: from then on it is never changed, only ended and succeeded."""
        return self.state(day) in {"now", "past"}


_COLUMNS = (
    RuleSet.id,
    sa.cast(RuleSet.kind, sa.String).label("kind"),
    RuleSet.subject,
    RuleSet.groups,
    RuleSet.valid_from,
    RuleSet.valid_to,
    RuleSet.legal_source,
    RuleSet.owner,
    RuleSet.confirmed,
    RuleSet.version,
    RuleSet.values,
    RuleSet.replaces_id,
)


def rules_of(db: Session, me: Viewer) -> list[RuleLine]:
    """Return every row, the newest of its kind and subject first."""
    me.require("rules")
    rows = db.execute(
        select(*_COLUMNS)
        .where(RuleSet.office_id == me.office_id)
        .order_by(RuleSet.kind, RuleSet.subject, RuleSet.valid_from.desc(), RuleSet.id)
    )
    return [_line(row) for row in rows]


def rule_for(db: Session, me: Viewer, rule_id: int) -> RuleLine:
    me.require("rules")
    row = db.execute(select(*_COLUMNS).where(RuleSet.office_id == me.office_id, RuleSet.id == rule_id)).one_or_none()
    if row is None:
        raise NotFound(_("This rule is not there any more."))
    return _line(row)


def _line(row: Any) -> RuleLine:
    kind, values, problem = RuleKind(row.kind), None, ""
    try:
        groups_of(row.groups)
        values = read(kind, row.values)
    except Refused as wrong:
        problem = wrong.message
    return RuleLine(
        id=row.id,
        kind=kind,
        subject=row.subject,
        groups=[str(name) for name in row.groups] if isinstance(row.groups, list) else [],
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        legal_source=row.legal_source,
        owner=row.owner,
        confirmed=row.confirmed,
        version=row.version,
        stored=row.values if isinstance(row.values, dict) else {},
        values=values,
        problem=problem,
        replaces_id=row.replaces_id,
    )
