"""LKH: the log of a day, a week or a month as files and as text to be copied, for whoever may read it."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Any, cast, get_args
from uuid import uuid4

from fastapi import Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from staffhub import audit, clock, i18n, office
from staffhub.errors import Forbidden, NotFound, Refused
from staffhub.i18n import gettext as _
from staffhub.reports import logbook
from staffhub.reports.documents import lkh, lkh_book, log_summary
from staffhub.reports.logbook import Line, Period, Span, Subject, Summary, Whose, pictures
from staffhub.routes.attendance.asked import PAGE, Month, Page, pager
from staffhub.routes.attendance.exports import file
from staffhub.routes.deps import DB, Me, Now, TakesLong, Trail, day_from, month_from, pages
from staffhub.security import Viewer
from staffhub.web import query, render

router = pages()

# Each kind of file with the end of its name.
KINDS = {"a": ".pdf", "b": "-format-b.pdf", "xlsx": ".xlsx", "csv": "-ekinerja.csv"}

Date = Annotated[str | None, Query(max_length=10)]
AskedSpan = Annotated[str, Query(max_length=10)]
AskedWhose = Annotated[str, Query(alias="whose", max_length=10)]
DivisionId = Annotated[int | None, Query(ge=1, le=2**63 - 1)]
OfficerId = Annotated[int | None, Query(ge=1, le=2**63 - 1)]


def _period(span: str, date: str | None, me: Viewer, now: dt.datetime) -> Period:
    today = clock.local_day(now, me.zone)
    day = day_from(date, today=today)
    if span not in get_args(Span):
        raise Refused(_("Choose a day, a week or a month."))
    return Period.around(cast("Span", span), day)


def _subject(db: Session, me: Viewer, officer: int | None, period: Period) -> Subject:
    me.require("worklog")
    who = officer or me.officer_id
    if who is None:
        raise NotFound(_("Your account belongs to no officer, so it has no log."))
    return logbook.subject(db, me, who, period)


@router.get("/worklog/lkh")
def papers(
    request: Request, db: DB, me: Me, now: Now, span: AskedSpan = "month", date: Date = None, officer: OfficerId = None
) -> Response:
    """What there is of a period, as files and by activity."""
    if officer is None and me.officer_id is None:
        return render(request, "worklog/nobody.html")
    period = _period(span, date, me, now)
    who = _subject(db, me, officer, period)
    return _page(request, db, me, now, period, who)


def _page(request: Request, db: Session, me: Viewer, now: dt.datetime, period: Period, who: Subject) -> Response:
    found = logbook.lines(db, me, who, period)
    today = clock.local_day(now, me.zone)
    done = logbook.activities(found)
    with i18n.in_locale("id"):
        text = logbook.as_text(done)
    following = period.last + dt.timedelta(days=1)
    return render(
        request,
        "logbook/papers.html",
        who=who,
        officer=None if who.id == me.officer_id else who.id,
        period=period,
        today=today,
        before=period.first - dt.timedelta(days=1),
        after=following if following <= today else None,
        entries=len(found),
        minutes=logbook.minutes_of(found),
        days=len({line.date for line in found}),
        unsent=len({line.date for line in found if line.state in {"draft", "returned"}}),
        activities=done,
        text=text,
        kinds=KINDS,
        bidang=_bidang(db, me),
        key=uuid4(),
    )


def _bidang(db: Session, me: Viewer) -> list[office.Bidang]:
    """Return those of which I may have everybody's logs in one file."""
    if not me.may("attendance"):
        return []
    return [one for one in office.divisions(db, me.office_id).values() if me.sees(officer_id=None, division_id=one.id)]


@router.get("/worklog/lkh/file", dependencies=[TakesLong])
def paper(
    request: Request,
    trail: Trail,
    db: DB,
    me: Me,
    now: Now,
    kind: Annotated[str, Query(max_length=10)] = "a",
    span: AskedSpan = "month",
    date: Date = None,
    officer: OfficerId = None,
) -> Response:
    """One file; where nothing was written the page says so, and nobody prints an empty paper."""
    if kind not in KINDS:
        raise Refused(_("The log can be downloaded in form a or b, as xlsx or csv."))
    period = _period(span, date, me, now)
    who = _subject(db, me, officer, period)
    found = logbook.lines(db, me, who, period)
    if not found:
        return _page(request, db, me, now, period, who)
    content = _made(db, me, kind, period, who, found)
    facts: dict[str, Any] = {"first": period.first, "last": period.last, "what": "log"}
    trail.append(lambda writing: audit.record(writing, me, "attendance.exported", "officer", who.id, now=now, **facts))
    return file(lkh.file_name(who, period, KINDS[kind]), content)


def _made(db: Session, me: Viewer, kind: str, period: Period, who: Subject, found: Sequence[Line]) -> bytes:
    if kind == "csv":
        return lkh_book.activities_csv(logbook.activities(found))
    if kind == "xlsx":
        return lkh_book.lkh_xlsx(db, me, who, period, found)
    return lkh.lkh_pdf(db, me, who, period, found, "b" if kind == "b" else "a")


def _whose(db: Session, me: Viewer, whose: str, officer: int | None, now: dt.datetime) -> tuple[Whose, bool]:
    """Return whose month is shown, and whether there is anybody else's: a head begins with the people."""
    has_people = logbook.has_people(db, me, clock.local_day(now, me.zone))
    if whose not in {"", *get_args(Whose)}:
        raise Refused(_("Choose your own month or that of your people."))
    if whose == "people" and not has_people:
        raise Forbidden(_("You have no people whose logs you may read."))
    first = "people" if me.may("attendance") or officer else "me"
    return cast("Whose", whose or first), has_people


def _summary(
    db: Session,
    me: Viewer,
    now: dt.datetime,
    month: str | None,
    whose: Whose,
    officer: int | None,
    division: int | None,
) -> Summary:
    """Count one month; of one person only where it may be read."""
    first = month_from(month, today=clock.local_day(now, me.zone))
    if officer is not None:
        logbook.subject(db, me, officer, Period.around("month", first))
        whose = "people" if officer != me.officer_id else "me"
    return logbook.summary(db, me, first, whose, officer=officer, division=division)


@router.get("/worklog/summary")
def summary(
    request: Request,
    db: DB,
    me: Me,
    now: Now,
    month: Month = None,
    whose: AskedWhose = "",
    officer: OfficerId = None,
    division: DivisionId = None,
    page: Page = 1,
) -> Response:
    """A month of logs, counted: mine, that of my people, or of one of them."""
    me.require("worklog")
    shown, has_people = _whose(db, me, whose, officer, now)
    if shown == "me" and me.officer_id is None:
        return render(request, "worklog/nobody.html")
    found = _summary(db, me, now, month, shown, officer, division)
    asked = {"month": f"{found.first:%Y-%m}", "whose": shown, "officer": officer, "division": division}
    before, after = found.first - dt.timedelta(days=1), clock.month_days(found.first)[-1] + dt.timedelta(days=1)

    def here(**other: object) -> str:
        return query("/worklog/summary", **(asked | other))

    begin = (page - 1) * PAGE
    people = found.people[begin : begin + PAGE]
    return render(
        request,
        "logbook/summary.html",
        found=found,
        people=people,
        pager=pager(begin + 1, begin + len(people), len(found.people), page, here),
        asked=asked,
        alone=found.alone,
        shown=shown,
        officer=officer,
        division=division,
        has_people=has_people,
        before=before,
        before_url=here(month=f"{before:%Y-%m}"),
        after=after,
        after_url=here(month=f"{after:%Y-%m}"),
        today=clock.local_day(now, me.zone),
        works=pictures.of_works(found),
        parts=pictures.of_parts(found) if len(found.parts) > 1 else None,
        shortened=pictures.shortened,
        counted=logbook.counted,
    )


@router.get("/worklog/summary/file", dependencies=[TakesLong])
def summary_file(
    trail: Trail,
    db: DB,
    me: Me,
    now: Now,
    month: Month = None,
    whose: AskedWhose = "",
    officer: OfficerId = None,
    division: DivisionId = None,
) -> Response:
    me.require("worklog")
    shown, _has_people = _whose(db, me, whose, officer, now)
    with i18n.in_locale("id"):  # as all papers of the log
        found = _summary(db, me, now, month, shown, officer, division)
    facts: dict[str, Any] = {"month": found.first, "what": "summary"}
    trail.append(
        lambda writing: audit.record(writing, me, "attendance.exported", "office", me.office_id, now=now, **facts)
    )
    return file(log_summary.file_name(found), log_summary.summary_xlsx(found))
