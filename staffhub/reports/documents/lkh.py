"""The log on paper (LKH), in the two forms that offices ask for; in Indonesian, whoever prints it.

A is a list of what was done with two signatures, B a table with times, output, evidence and what became of each day.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime
from functools import partial
from itertools import groupby
from typing import Any, Literal

from babel.dates import format_date
from sqlalchemy.orm import Session

from staffhub import i18n, office, people
from staffhub.i18n import gettext as _
from staffhub.office import OfficeFacts
from staffhub.reports import logbook, words
from staffhub.reports.documents import press
from staffhub.reports.documents.letterhead import dressed
from staffhub.reports.documents.words import month
from staffhub.reports.logbook import Line, Part, Period, Subject, minutes_of, spelled, superiors
from staffhub.security import Viewer

Form = Literal["a", "b"]


def lkh_pdf(db: Session, me: Viewer, who: Subject, period: Period, found: Sequence[Line], form: Form) -> bytes:
    with i18n.in_locale("id"):
        return press.pdf("lkh", lkh_data(office.facts(db, me.office_id), who, period, found, form))


def file_name(who: Subject, period: Period, ending: str) -> str:
    """lkh-2026-11-ben-tumiwa.pdf; of a day lkh-2026-11-23-..., of a week lkh-minggu-2026-11-23-..."""
    when = f"{period.first:%Y-%m}" if period.span == "month" else period.first.isoformat()
    week = "minggu-" if period.span == "week" else ""
    plain = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in who.name.casefold())
    name = "-".join(part for part in plain.split("-") if part)[:60].strip("-")
    return f"lkh-{week}{when}-{name or who.id}{ending}"


def title_of(period: Period) -> str:
    if period.span == "month":
        return _("Daily work report (LKH), %(month)s", month=month(period.first))
    days = spelled(period.first, period.last)
    if period.span == "day":
        days = str(format_date(period.first, "EEEE, d MMMM y", locale=i18n.current_locale()))
    return _("Daily work report (LKH), %(days)s", days=days)


def bidang_pdf(db: Session, me: Viewer, division_id: int, period: Period, form: Form) -> Callable[[], bytes]:
    """Read the days of a bidang that were sent or verified; what comes back prints them, one person after the other."""
    everybody = logbook.of_bidang(db, me, division_id, period)
    found = logbook.sent_lines(db, me, everybody, period)
    facts = office.facts(db, me.office_id)
    with i18n.in_locale("id"):
        people = [_person(facts, who, period, found[who.id], form) for who in everybody if who.id in found]
        missing = [who.name for who in everybody if who.id not in found]
        data = _dressed(facts, period, form, people, missing)
    return partial(press.pdf, "lkh", data)


def lkh_data(facts: OfficeFacts, who: Subject, period: Period, found: Sequence[Line], form: Form) -> dict[str, Any]:
    return _dressed(facts, period, form, [_person(facts, who, period, found, form)])


def _dressed(
    facts: OfficeFacts, period: Period, form: Form, people: Sequence[Mapping[str, Any]], missing: Sequence[str] = ()
) -> dict[str, Any]:
    return dressed(
        facts,
        title_of(period),
        form=form,
        header=_header_a() if form == "a" else _header_b(),
        people=people,
        missing={"said": _("No day of this month was sent by:"), "names": missing},
    )


def _person(facts: OfficeFacts, who: Subject, period: Period, found: Sequence[Line], form: Form) -> dict[str, Any]:
    last = who.parts[-1] if who.parts else None
    total = minutes_of(found)
    return {
        "about": [
            [_("Name"), who.name],
            [_("Staff number"), number_of(who, who.number)],
            [_("Position"), (last and last.position) or "-"],
            [_("Work unit"), ", ".join(part for part in (last and last.division, facts.name) if part)],
        ],
        "rows": list(_rows_a(found) if form == "a" else _rows_b(found, facts)),
        "total": _("Total: %(time)s (%(minutes)s minutes)", time=words.duration(total), minutes=total),
        "notes": [*_notes(who), *(_unsent(found) if form == "a" else ())],
        "signers": _signers(who, facts, found[-1].date if found else period.last),
    }


def number_of(who: Subject, number: str) -> str:
    return people.shown_number(number) if who.full else people.masked_number(number)


def _header_a() -> list[str]:
    return [_("No."), _("Day"), _("Date"), _("Task or activity"), _("Volume"), _("Unit of volume")]


def _rows_a(found: Sequence[Line]) -> Iterator[list[str]]:
    """The day is said once; a reader of the next page finds it again with its first row there."""
    for number, line in enumerate(found, 1):
        weekday = str(format_date(line.date, "EEEE", locale=i18n.current_locale()))
        volume = "" if line.quantity is None else str(line.quantity)
        yield [str(number), weekday, _dated(line.date), line.text, volume, line.unit if volume else ""]


def _header_b() -> list[str]:
    return [
        _("No."),
        _("Date"),
        _("Activity"),
        _("Start"),
        _("End"),
        _("Duration (minutes)"),
        _("Description"),
        _("Output"),
        _("Unit of volume"),
        _("File or evidence"),
        _("Status"),
        _("Score"),
        _("Remarks of the day"),
        _("Verifier"),
        _("Total minutes"),
    ]


def _rows_b(found: Sequence[Line], facts: OfficeFacts) -> Iterator[list[str]]:
    """The total of a day stands in its last row; the score is left for whoever gives one."""
    totals: dict[date, int] = {}
    for number, line in enumerate(found, 1):
        totals[line.date] = totals.get(line.date, 0) + line.minutes
        ends_day = number == len(found) or found[number].date != line.date
        volume = "" if line.quantity is None else str(line.quantity)
        yield [
            str(number),
            _dated(line.date),
            line.text,
            i18n.clock(line.starts),
            _ends(line),
            str(line.minutes),
            described(line),
            volume,
            line.unit if volume else "",
            line.link,
            state_of(line),
            "",
            _remark(line, facts) if ends_day else "",
            _verifier(line, facts) if ends_day else "",
            str(totals[line.date]) if ends_day else "",
        ]


def _ends(line: Line) -> str:
    at = i18n.clock(line.ends)
    return _("%(time)s +1 day", time=at) if line.past_midnight else at


def described(line: Line) -> str:
    """What the entry is linked to."""
    if line.service:
        return f"{line.service}, {line.request}" if line.request else line.service
    return _("Meeting: %(topic)s", topic=line.topic) if line.topic else ""


def state_of(line: Line) -> str:
    return {
        "draft": _("Not sent"),
        "sent": _("In process"),
        "returned": _("Returned"),
        "verified": _("Log accepted"),
    }[line.state]


def _remark(line: Line, facts: OfficeFacts) -> str:
    """When the day was sent, and what the superior said to it."""
    if line.state == "draft" or line.submitted_at is None:
        return ""
    at = _at(line.submitted_at, facts)
    sent = _("Sent late, %(at)s", at=at) if line.late else _("Sent %(at)s", at=at)
    return ". ".join(part for part in (sent, line.remark) if part)


def _verifier(line: Line, facts: OfficeFacts) -> str:
    if line.state != "verified" or line.verified_at is None:
        return ""
    return ", ".join(part for part in (line.verifier, _at(line.verified_at, facts)) if part)


def _at(at: datetime, facts: OfficeFacts) -> str:
    local = at.astimezone(facts.zone)
    return f"{_dated(local.date())} {i18n.clock(local)}"


def _dated(day: date) -> str:
    return str(format_date(day, "dd-MM-y", locale=i18n.current_locale()))


def _notes(who: Subject) -> list[str]:
    """Say under whom each part of the period was, where the superior changed in it."""
    under = superiors(who.parts)
    if len(under) < 2:  # noqa: PLR2004  before and after
        return []
    nobody = _("nobody is named")
    said = (f"{spelled(part.first, part.last)}: {part.superior or nobody}" for part in under)
    return [_("The direct superior changed within this report. %(under)s.", under="; ".join(said))]


def _unsent(found: Sequence[Line]) -> list[str]:
    """Form A has no column for what became of a day: name those that are with their officer."""
    dates = sorted({line.date for line in found if line.state in {"draft", "returned"}})
    months = [list(days) for _month, days in groupby(dates, key=lambda day: (day.year, day.month))]
    said = (", ".join([*(str(day.day) for day in days[:-1]), i18n.day(days[-1])]) for days in months)
    return [_("Not sent to the superior yet: %(days)s.", days="; ".join(said))] if dates else []


def _signers(who: Subject, facts: OfficeFacts, day: date) -> list[dict[str, str]]:
    last = who.parts[-1] if who.parts else None
    above = ", ".join(part for part in (facts.signing_place, i18n.day(day)) if part)
    return [_superior(who, last), _signer(above, last.position if last else "", who.name, number_of(who, who.number))]


def _superior(who: Subject, part: Part | None) -> dict[str, str]:
    if part is None or not part.superior:
        return _signer(_("Seen by,"), _("Direct superior"), "", "")
    number = number_of(who, part.superior_number)
    return _signer(_("Seen by,"), part.superior_position or _("Direct superior"), part.superior, number)


def _signer(above: str, position: str, name: str, number: str) -> dict[str, str]:
    shown = _("NIP %(number)s", number=number) if number[:1].isdigit() or number[:1] == "•" else number
    return {"above": above, "title": position, "name": name, "number": shown}
