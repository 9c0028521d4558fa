"""Hari ini: where do I work today, am I checked in, what is on my desk; and the marks themselves."""

from dataclasses import dataclass, replace
from datetime import datetime, time
from itertools import zip_longest
from typing import Annotated, Any, cast
from uuid import uuid4
from zoneinfo import ZoneInfo

from fastapi import Path, Request
from pydantic import BeforeValidator, StringConstraints
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import office, people, presence, service_requests, workdays, worklog
from staffhub.clock import now as moment
from staffhub.dated import short_day
from staffhub.days import DayRecord, State, planned_span
from staffhub.forms import YEARS, Fields, Form, Key, Line
from staffhub.i18n import clock
from staffhub.i18n import gettext as _
from staffhub.meetings import joining, minutes, written
from staffhub.models import MarkKind, MeetingKind, MeetingState, PlanMode, WorkMode
from staffhub.presence import Stamp
from staffhub.reports import asked_words, needs, words
from staffhub.reports.today import today as loaded_today
from staffhub.routes.deps import DB, Me, Now, Posted, pages
from staffhub.security import Viewer, tickets
from staffhub.web import is_fragment, redirect, render

router = pages()


class CheckInFields(Fields):
    mode: WorkMode
    note: Annotated[Line, StringConstraints(max_length=140)] | None = None
    idempotency_key: Key


def _moment(text: object) -> datetime | None:
    """What the page wrote down itself; anything else says nothing, so that no check-out is refused for it."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return found if found.tzinfo and found.year in YEARS else None


class CheckOutFields(Fields):
    """`until` is when the day was planned to end, as the page knew it; `sure`: the question was answered; `proved`:
    something stands in for the check-in.
    """

    idempotency_key: Key
    until: Annotated[datetime | None, BeforeValidator(_moment)] = None
    sure: bool = False
    proved: bool = False


class NoteFields(Fields):
    note: Annotated[Line, StringConstraints(max_length=140)]
    idempotency_key: Key


@dataclass(frozen=True)
class Bar:
    """The day as a bar: percent from 07.00 to 17.00, 10 % an hour."""

    plan_x: float
    plan_width: float
    here: list[tuple[float, float]]
    meetings: list[tuple[float, float]]
    now_x: float


def _percent(at: datetime | time) -> float:
    return round(min(100.0, max(0.0, (at.hour * 60 + at.minute - 420) / 6)), 1)


def _bar(plan: workdays.Plan, marks: list[Stamp], met: list[tuple[time, int]], now: datetime) -> Bar | None:
    if plan.hours is None:
        return None
    start, end = _percent(plan.hours.starts), _percent(plan.hours.ends)
    here = []
    for mark, following in zip_longest(marks, marks[1:]):
        if mark.kind is MarkKind.CHECK_IN:
            begin = _percent(mark.at)
            # A page that waited is older than a mark that it shows.
            here.append((begin, max(0, round(_percent(following.at if following else now) - begin, 1))))
    held = [(_percent(starts), round(minutes / 6, 1)) for starts, minutes in met]
    return Bar(start, round(end - start, 1), here, held, _percent(now))


def _until(plan: workdays.Plan, record: DayRecord, now: datetime) -> datetime | None:
    """When the day ends for whoever leaves now; field duty ends where its order says."""
    span = planned_span(now.date(), plan, cast("ZoneInfo", now.tzinfo))
    return span[1] if span and record.state in {State.PRESENT, State.HOME} else None


def _minutes_since(plan: workdays.Plan, now: datetime) -> int:
    """How long ago work began, for whoever has not come yet; 0 before that, and where a duty order says when."""
    if not plan.is_work or plan.hours is None or plan.mode is PlanMode.FIELD:
        return 0
    return max(0, int((now - datetime.combine(now.date(), plan.hours.starts, tzinfo=now.tzinfo)).total_seconds()) // 60)


def _way(marks: list[Stamp]) -> str:
    """Masuk 14.46 Rumah, 14.58 Dinas luar, pulang 16.02."""
    parts, inside = [], False
    for mark in marks:
        at = clock(mark.at)
        if mark.kind is MarkKind.CHECK_OUT:
            parts.append(_("out %(at)s", at=at))
        elif inside:
            parts.append(f"{at} {words.place(mark.mode)}")
        else:
            parts.append(_("in %(at)s %(place)s", at=at, place=words.place(mark.mode)))
        inside = mark.kind is MarkKind.CHECK_IN
    text = ", ".join(parts)
    return text[:1].upper() + text[1:] + "."


def _greeting(local: datetime) -> str:
    if local.hour < 11:  # noqa: PLR2004  pagi, siang, sore, malam as they are said
        return _("Good morning, %(name)s")
    if local.hour < 15:  # noqa: PLR2004
        return _("Good day, %(name)s")
    return _("Good afternoon, %(name)s") if local.hour < 18 else _("Good evening, %(name)s")  # noqa: PLR2004


def _is_ahead(meeting: joining.Invitation) -> bool:
    return meeting.kind is MeetingKind.STANDUP and not meeting.over


def _standup(meeting: joining.Invitation, zone_name: str) -> needs.Need:
    ready = meeting.state is MeetingState.READY
    address = f"/join/{meeting.token}" if ready else f"/meetings/{meeting.id}"
    return needs.standup_need(needs.Standup(meeting.topic, meeting.starts_at, address, ready=ready), zone_name)


def _beginning(request: Request, me: Viewer, local: datetime) -> dict[str, Any]:
    """What stands on every Hari ini; from its ticket on a phone without network measures when it was tapped.

    The ticket is of the moment at which the page is made: a wait before it is no time that the phone measures.
    """
    return {
        "greeting": _greeting(local) % {"name": people.bare_name(me.name).split()[0]},
        "key": str(uuid4()),
        "ticket": tickets.ticket(request.app.state.secret, me.account_id, now=moment()),
        "today": local.date(),
    }


def today_page(
    request: Request,
    db: Session,
    me: Viewer,
    now: datetime,
    *,
    form: Form[CheckInFields] | None = None,
    place_form: Form[NoteFields] | None = None,
    scan_form: Form[Any] | None = None,
    leaving: int = 0,
    status: int = 200,
    toast: str | None = None,
) -> Response:
    """`leaving`: minutes by which somebody is about to leave early, to be asked about."""
    local = now.astimezone(me.zone)
    day = local.date()
    context: dict[str, Any] = {"form": form or Form.blank("check-in"), "invalid": status != 200}  # noqa: PLR2004
    context |= _beginning(request, me, local)
    if me.officer_id is None:
        return render(request, "today/nobody.html", **context)
    context |= {"scan_form": scan_form or Form.blank("scan"), "has_screens": bool(office.places(db, me.office_id))}
    mine = loaded_today(db, me, me.officer_id, now=now)
    plan, record, marks = mine.plan, mine.record, mine.spell.today
    context |= {"open_days": mine.open, "waiting": mine.requests, "say": asked_words, "called": mine.call}
    meetings = joining.today_for(db, me.office_id, me.officer_id, day, now)
    context |= {"blocked": written.blocked_of(db, me), "promised": minutes.open_of(db, me.office_id, me.officer_id)}
    if mine.leading:
        context |= {"leading": mine.leading, "needs": needs.needs_of(me, mine.leading)}
        context["standups"] = [_standup(one, local.tzname() or "") for one in meetings if _is_ahead(one)]
    else:
        entries = worklog.entries_of(db, me, day)
        context |= {
            "leading": None,
            "requests": service_requests.open_for(db, me.office_id, me.officer_id),
            "entries": entries,
            "minutes": worklog.minutes_of(entries),
        }
    return render(
        request,
        "today/index.html",
        block="presence_card",
        status=status,
        toast=toast,
        **context,
        plan=plan,
        record=record,
        marks=marks,
        way=_way(marks) if len(marks) > 1 else "",
        until=_until(plan, record, local),
        leaving=leaving,
        overdue=_minutes_since(plan, local),
        placeless=next((mark for mark in reversed(marks) if mark.mode is WorkMode.FIELD and not mark.note), None),
        place_form=place_form or Form.blank("place"),
        left_open=mine.spell.left_open,
        last=marks[-1] if marks else None,
        bar=_bar(plan, marks, [(one.starts_at, one.minutes) for one in meetings], local),
        meetings=meetings,
    )


@router.get("/")
def today(request: Request, db: DB, me: Me, now: Now) -> Response:
    return today_page(request, db, me, now)


def said_of(stamp: Stamp, zone_name: str) -> str:
    at = f"{clock(stamp.at)} {zone_name}"
    if not stamp.first:
        return _("Already recorded at %(at)s, nothing was changed. Receipt %(code)s.", at=at, code=stamp.code)
    if stamp.alone:
        return _(
            "Check-out recorded at %(at)s. Receipt %(code)s. There is no check-in on this day: HR will look at it.",
            at=at,
            code=stamp.code,
        )
    if stamp.kind is MarkKind.CHECK_OUT and stamp.day != stamp.at.date():
        day = short_day(stamp.day)
        return _("Check-out recorded at %(at)s for %(day)s. Receipt %(code)s.", at=at, day=day, code=stamp.code)
    if stamp.kind is MarkKind.CHECK_OUT:
        return _("Check-out recorded at %(at)s. Receipt %(code)s.", at=at, code=stamp.code)
    if stamp.moved:
        return _("Your move is recorded at %(at)s. Receipt %(code)s.", at=at, code=stamp.code)
    return _("Check-in recorded at %(at)s. Receipt %(code)s.", at=at, code=stamp.code)


def answer(request: Request, db: Session, me: Viewer, now: datetime, said: str) -> Response:
    # Only htmx reads the page back here: a plain form follows the redirect once the mark is stored.
    if is_fragment(request):
        return today_page(request, db, me, now, toast=said)
    return redirect(request, "/", said=said)


@router.post("/presence/check-in")
def check_in(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form = Form.parse(CheckInFields, posted, name="check-in")
    if form.data is None:
        return today_page(request, db, me, now, form=form, status=422)
    given = form.data
    stamp = presence.check_in(
        db, me, mode=given.mode, note=given.note or "", idempotency_key=given.idempotency_key, now=now
    )
    return answer(request, db, me, now, said_of(stamp, str(stamp.at.tzname())))


@router.post("/presence/check-out")
def check_out(request: Request, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    form = Form.parse(CheckOutFields, posted, name="check-out")
    if form.data is None:
        return today_page(request, db, me, now, status=422)
    # Asked once, by what the page knew: the office does not wait for three statements at four o'clock.
    left = (form.data.until or now) - now
    early = -(-int(left.total_seconds()) // 60)
    asks = early > 0 and not form.data.sure
    if asks and (form.data.proved or presence.is_inside(db, me, now=now)):
        return today_page(request, db, me, now, leaving=early)
    stamp = presence.check_out(db, me, idempotency_key=form.data.idempotency_key, now=now)
    if form.data.proved:
        stamp = replace(stamp, alone=False)
    return answer(request, db, me, now, said_of(stamp, str(stamp.at.tzname())))


Code = Annotated[str, Path(max_length=12)]


@router.post("/presence/receipts/{code}/note")
def add_note(request: Request, code: Code, posted: Posted, db: DB, me: Me, now: Now) -> Response:
    mark = presence.own_mark(db, me, code)
    form = Form.parse(NoteFields, posted, name="place")
    if form.data is None:
        return today_page(request, db, me, now, place_form=form, status=422)
    presence.add_note(db, me, mark, note=form.data.note, idempotency_key=form.data.idempotency_key, now=now)
    said = _("Noted: %(note)s.", note=form.data.note.rstrip("."))
    if is_fragment(request):
        return today_page(request, db, me, now, toast=said)
    return redirect(request, "/", said=said)


@router.get("/presence/receipts/{code}")
def receipt(request: Request, code: Code, db: DB, me: Me) -> Response:
    found = presence.receipt_for(db, me, code)
    has_screens = bool(office.places(db, me.office_id))
    return render(request, "today/receipt.html", receipt=found, has_screens=has_screens)
