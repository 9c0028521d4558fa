"""One person's month on paper: a line for each day, with plan, times, minutes, letter and what does not fit."""

from datetime import date
from typing import Any

from babel.dates import format_date
from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import i18n, office, people, signing
from staffhub.days import DayRecord, State
from staffhub.i18n import current_locale
from staffhub.i18n import gettext as _
from staffhub.models import Officer, Posting, posting_on
from staffhub.reports import words
from staffhub.reports.documents import letterhead, lines, press
from staffhub.reports.documents.signed import Change, SignedDays, of_papers
from staffhub.reports.documents.words import changed_header, changed_row, clocked, month, off_hours, reads
from staffhub.reports.recap import OwnMonth
from staffhub.security import Viewer
from staffhub.signing import Day, Papers

_AHEAD = frozenset({State.PLANNED, State.PENDING})


def person_pdf(db: Session, me: Viewer, own: OwnMonth) -> bytes:
    return press.pdf("person", person_data(db, me, own))


def file_name(own: OwnMonth) -> str:
    """presensi-2026-11-ben-tumiwa.pdf."""
    name = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in own.officer.name.casefold())
    return f"presensi-{own.first:%Y-%m}-{'-'.join(part for part in name.split('-') if part)[:60]}.pdf"


def person_data(db: Session, me: Viewer, own: OwnMonth) -> dict[str, Any]:
    facts = office.facts(db, me.office_id)
    papers = signing.snapshot_of(db, me.office_id, own.first)
    kept = None
    if papers and papers.month.signed_at:
        kept = of_papers(db, me, papers, own.first, officer=own.officer.id)
    mine = own.officer.id == me.officer_id or me.may("attendance.numbers")
    number = people.shown_number(own.officer.number) if mine else people.masked_number(own.officer.number)
    content = letterhead.dressed(
        facts,
        _("Attendance sheet, %(month)s", month=month(own.first)),
        about=[
            [_("Name"), own.officer.name],
            [_("Staff number"), number],
            [_("Position"), own.officer.position],
            [_("Division"), own.officer.division or _("Leadership")],
            [_("Employment"), words.employment(own.officer.employment_type)],
        ],
        header=[
            _("Date"),
            _("Plan"),
            _("In"),
            _("Out"),
            _("Minutes"),
            _("Code"),
            _("Remarks"),
        ],
        rows=_signed_rows(kept) if kept else [_row(record) for record in own.records],
        totals=_signed_totals(kept) if kept else _totals(own),
        changed=[changed_header(), *(changed_row(one) for one in kept.changes)] if kept and kept.changes else [],
        seal=lines.seal(papers, facts) if kept else _draft(own, papers),
        signers=_signers(db, own, facts.signing_place, number),
    )
    content["words"] |= {"changed": _("What the supplements changed")}
    return content


def _draft(own: OwnMonth, papers: Papers | None) -> str:
    said = (
        _("The month is closed and waits for the signature of the head.") if papers else _("The month is not signed.")
    )
    return _("As the days read on %(day)s.", day=i18n.day(own.today)) + " " + said


def _signed_rows(kept: SignedDays) -> list[dict[str, Any]]:
    """Lay the parts of whoever moved in the month over each other: a day was spent in one of them."""
    parts = [part for _name, _short, found in kept.groups for part in found]
    rows = []
    for place, when in enumerate(kept.dates):
        day = next((told for part in parts if (told := part.days[place]) is not None), None)
        change = kept.changed.get((parts[0].officer_id, when)) if parts else None
        rows.append(_signed_row(when, day or {}, change))
    return rows


def _signed_row(when: date, day: Day, change: Change | None) -> dict[str, Any]:
    told = _("supplement %(n)s, before: %(before)s", n=change.number, before=reads(change.before)) if change else ""
    code = day.get("code", "")
    return {
        "cells": [
            format_date(when, "EEE, d MMM", locale=current_locale()),
            words.place(day["mode"]) if day.get("mode") else "",
            clocked(day.get("first")),
            clocked(day.get("last")),
            str(day.get("worked") or ""),
            code,
            "; ".join(part for part in (off_hours(day), words.sources(day.get("findings", ())), told) if part),
        ],
        "free": code == "L",
    }


def _signed_totals(kept: SignedDays) -> list[list[str]]:
    """Count by the letters of the recap, the day off left out; what is nothing is not told."""
    rows = [lines.signed_row(part, "") for _name, _short, parts in kept.groups for part in parts]
    letters = [letter for letter in lines.LETTERS if letter != "L"]
    counted = [(f"{letter}, {lines.meaning(letter)}", sum(row.count(letter) for row in rows)) for letter in letters]
    minutes = [(_("Worked"), "worked"), (_("Late"), "late"), (_("Left early"), "early")]
    summed = [(name, sum(getattr(row, key) for row in rows)) for name, key in minutes]
    told = [[name, words.number(count)] for name, count in counted if count]
    return told + [[name, words.duration(count)] for name, count in summed if count]


def _row(record: DayRecord) -> dict[str, Any]:
    ahead = record.state in _AHEAD
    return {
        "cells": [
            format_date(record.day, "EEE, d MMM", locale=current_locale()),
            words.place(record.plan.mode),
            words.moment(record.first, record.day) if record.first else "",
            words.moment(record.last, record.day) if record.last else "",
            str(record.worked or ""),
            "" if ahead else record.code,
            words.remarks(record),
        ],
        "free": record.state is State.DAY_OFF,
    }


def _totals(own: OwnMonth) -> list[list[str]]:
    """Say what there is of each; what is nothing is left out."""
    told = own.totals
    days = [
        (_("Days present"), told.present),
        (_("of them from home"), told.home),
        (_("Days of field duty"), told.field),
        (_("Days late or left early"), told.off_hours),
        (_("Days of leave"), told.leave),
        (_("Days absent without notice"), told.absent),
    ]
    minutes = [(_("Worked"), told.worked), (_("Late"), told.late), (_("Left early"), told.early)]
    counted = [[name, words.number(count)] for name, count in days if count]
    return counted + [[name, words.duration(count)] for name, count in minutes if count]


def _signers(db: Session, own: OwnMonth, place: str, number: str) -> list[dict[str, str]]:
    """The superior as of the last day of the month, and the person."""
    last = own.records[-1].day
    day = i18n.day(min(own.today, last))
    superior_id = select(Posting.superior_id).select_from(Officer).join(Posting, posting_on(last))
    mine = superior_id.where(Officer.id == own.officer.id).scalar_subquery()
    columns = select(Officer.name, Posting.position).select_from(Officer).join(Posting, posting_on(last))
    name, position = next((tuple(row) for row in db.execute(columns.where(Officer.id == mine))), ("", ""))
    superior = {"above": _("Direct superior,"), "title": position, "name": name, "number": ""}
    shown = _("NIP %(number)s", number=number) if number[:1].isdigit() else number
    above = f"{place}, {day}" if place else day
    return [superior, {"above": above, "title": own.officer.position, "name": own.officer.name, "number": shown}]
