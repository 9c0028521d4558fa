"""The print of a duty order, on one page."""

import re
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from staffhub import i18n, office
from staffhub.i18n import gettext as _
from staffhub.models import Duty
from staffhub.orders.people import named
from staffhub.orders.reading import Order
from staffhub.people import shown_number
from staffhub.reports.documents.letterhead import dressed


def file_name(order: Order) -> str:
    return f"surat-tugas-{re.sub(r'[^A-Za-z0-9]+', '-', order.number).strip('-').lower() or order.id}.pdf"


def of(db: Session, office_id: int, order: Order, *, today: date) -> dict[str, Any]:
    """Return what the page says: those who go by now, with their full numbers, and who signed."""
    facts = office.facts(db, office_id)
    signer = named(db, office_id, order.issued, [order.signed_by]) if order.signed_by else []
    going = order.going or order.members
    return dressed(
        facts,
        _("Duty order"),
        number=_("Number: %(number)s", number=order.number),
        withdrawn=_withdrawn(order, facts.zone) if order.state(today) == "withdrawn" else "",
        basis=[_("Basis"), order.basis] if order.basis else None,
        heading=_("The following are ordered:"),
        columns=[_("No."), _("Name"), _("Employee number"), _("Position")],
        people=[[str(n), one.name, shown_number(one.number), one.position] for n, one in enumerate(going, 1)],
        lines=[
            [_("Purpose"), order.purpose],
            [_("Kind of duty"), {Duty.FIELD: _("Field duty"), Duty.STUDY: _("Study or training")}[order.duty]],
            [_("Place"), order.place],
            [_("Dates"), _dates(order)],
        ],
        closing=_("This order is to be carried out with full responsibility, and its result reported."),
        signature={
            "above": ", ".join(part for part in (facts.signing_place, i18n.day(order.issued)) if part),
            "title": order.signer_position,
            "name": order.signer_name,
            "number": _("NIP %(number)s", number=shown_number(signer[0].number)) if signer else "",
        },
    )


def _withdrawn(order: Order, zone: ZoneInfo) -> str:
    """A print that is passed on says by itself that it holds no longer, and since when."""
    if not order.steps:
        return _("WITHDRAWN")
    return _("WITHDRAWN on %(day)s", day=i18n.day(order.steps[-1].at.astimezone(zone).date()))


def _dates(order: Order) -> str:
    if order.first == order.last:
        return i18n.day(order.first)
    days = (order.last - order.first).days + 1
    span = _("%(first)s to %(last)s", first=i18n.day(order.first), last=i18n.day(order.last))
    return f"{span} ({i18n.ngettext('%(num)s day', '%(num)s days', days)})"
