"""Telling people: who is told, once, and in whose words."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub import i18n, notify, scheduler
from staffhub.db import Database
from staffhub.models import Account, Notice, NoticeKind, Officer, Role, TaskState
from staffhub.notify import Subject
from staffhub.notify.wording import PARAMS
from tests.conftest import MORNING, TODAY, race, viewer_of

SPAN = {"first": date(2026, 12, 1), "last": date(2026, 12, 3)}
EXAMPLES: dict[str, Any] = {
    **SPAN,
    "half": None,
    "who": "Ben Tumiwa",
    "day": TODAY,
    "until": date(2026, 11, 27),
    "time": time(15, 15),
    "month": date(2026, 11, 1),
    "of": None,
    "number": "800/123",
    "name": "rekap-2026-11.xlsx",
    "count": 2,
    "topic": "Apel pagi",
    "desk": "PIAK",
    "threshold": 3,
    "note": None,
    "days": [date(2026, 11, 24), date(2026, 11, 26)],
    "other": "Tia Lumintang",
    "back": date(2026, 11, 26),
}
WHATS = {
    NoticeKind.LEAVE_DECIDED: ("approved", "declined", "shortened", "entered", "forwarded"),
    NoticeKind.LEAVE_CHANGED: ("withdrawn", "shortened"),
    NoticeKind.CORRECTION_DECIDED: ("accepted", "declined", "forwarded", "entered"),
    NoticeKind.THRESHOLD_NEAR: ("absences", "in_a_row", "minutes"),
    NoticeKind.ORDER_CHANGED: ("changed", "ended"),
    NoticeKind.EXEMPTION: ("given", "ended"),
    NoticeKind.EXPORT_READY: ("ready", "failed"),
    NoticeKind.LOG_RETURNED: ("returned", "reopened"),
    NoticeKind.DUTY_SWAP_CHANGED: ("accepted", "declined", "withdrawn", "applied", "undone"),
    NoticeKind.DUTY_CALL_CHANGED: ("accepted", "declined", "withdrawn"),
    NoticeKind.MEETING_CHANGED: (
        "cancelled",
        "moved",
        "held",
        "agenda",
        "link",
        "calendar",
        "dates",
        "gone",
        "theirs",
        "changed",
        "ended",
        "crowded",
        "invited",
        "left_out",
    ),
}


def params(kind: NoticeKind, **other: Any) -> dict[str, Any]:
    facts = {**EXAMPLES, "what": WHATS.get(kind, ("",))[0], **other}
    return {name: facts[name] for name in PARAMS[kind]}


def tell(database: Database, *, now: datetime = MORNING, **other: Any) -> int:
    """Tell Ana of a leave, unless something else is asked for."""
    viewer = viewer_of(database, "ana")
    kind = other.pop("kind", NoticeKind.LEAVE_ASKED)
    facts = {"accounts": [viewer.account_id], "address": "/leave/12", "key": "leave:12:asked", "params": params(kind)}
    with database.transaction() as db:
        return notify.tell(db, office_id=viewer.office_id, kind=kind, now=now, **facts | other)


def told(database: Database) -> list[str]:
    """Whoever has a notice, by username, in the order in which they came."""
    with database.reading() as db:
        names = sa.select(Account.username).join(Notice, Notice.account_id == Account.id).order_by(Notice.id)
        return list(db.scalars(names))


def test_a_notice_waits_for_its_reader_with_its_facts_as_json(database: Database) -> None:
    assert tell(database, subject=Subject("leave_request", 12)) == 1
    with database.reading() as db:
        (row,) = db.scalars(sa.select(Notice))
        assert row.params == {"who": "Ben Tumiwa", "first": "2026-12-01", "last": "2026-12-03", "half": None}
        assert (row.address, row.read_at, row.mail_end, row.state) == ("/leave/12", None, None, "pending")
        assert (row.subject, row.subject_id, row.created_at) == ("leave_request", 12, MORNING)


def test_the_same_is_told_once_and_something_else_of_the_same_person_again(database: Database) -> None:
    assert [tell(database), tell(database), tell(database, key="leave:12:again")] == [1, 0, 1]


def test_of_two_who_tell_the_same_at_once_one_does(database: Database) -> None:
    viewer = viewer_of(database, "ana")

    def first(db: Any) -> None:
        facts = {"kind": NoticeKind.LEAVE_ASKED, "params": params(NoticeKind.LEAVE_ASKED), "address": "/leave/12"}
        where = {"office_id": viewer.office_id, "accounts": [viewer.account_id]}
        notify.tell(db, **where, **facts, key="leave:12:asked", now=MORNING)

    assert race(database, first, lambda: tell(database)) == 0
    assert told(database) == ["ana"]


def test_officers_and_roles_are_told_through_their_accounts_and_nobody_twice(database: Database) -> None:
    hana, ben = viewer_of(database, "hana"), viewer_of(database, "ben")
    assert tell(database, accounts=[hana.account_id], officers=[ben.officer_id], roles=[Role.HR, Role.OFFICE_HEAD]) == 3
    assert sorted(told(database)) == ["ben", "dewi", "hana"]


def test_whoever_did_it_is_told_nothing(database: Database) -> None:
    hana = viewer_of(database, "hana")
    assert tell(database, accounts=[], roles=[Role.HR, Role.OFFICE_HEAD], by=hana.account_id) == 1
    assert told(database) == ["dewi"]


def test_nobody_is_told_who_has_left_whose_account_is_closed_or_who_is_of_another_office(database: Database) -> None:
    ben, cy, oka = (viewer_of(database, name) for name in ("ben", "cy", "oka"))
    with database.transaction() as db:
        gone = {"active_to": TODAY - timedelta(days=1)}
        db.execute(sa.update(Officer).where(Officer.id == ben.officer_id).values(**gone))
        db.execute(sa.update(Account).where(Account.id == cy.account_id).values(disabled_at=MORNING))
    assert tell(database, accounts=[ben.account_id, cy.account_id, oka.account_id]) == 0


def test_somebody_yet_to_come_and_an_account_without_an_officer_are_told(database: Database) -> None:
    ben, adi = viewer_of(database, "ben"), viewer_of(database, "adi")
    with database.transaction() as db:
        later = {"active_from": TODAY + timedelta(days=3)}
        db.execute(sa.update(Officer).where(Officer.id == ben.officer_id).values(**later))
        nobody = {"officer_id": None, "role": Role.ADMIN}
        db.execute(sa.update(Account).where(Account.id == adi.account_id).values(**nobody))
    assert tell(database, accounts=[ben.account_id], roles=[Role.ADMIN]) == 2
    assert sorted(told(database)) == ["adi", "ben"]


def test_a_change_that_is_rolled_back_tells_nobody(database: Database) -> None:
    viewer = viewer_of(database, "ana")
    with pytest.raises(RuntimeError, match="undone"), database.transaction() as db:
        facts = {"kind": NoticeKind.MONTH_TO_SIGN, "params": params(NoticeKind.MONTH_TO_SIGN), "address": "/"}
        notify.tell(db, office_id=viewer.office_id, accounts=[viewer.account_id], key="m", now=MORNING, **facts)
        raise RuntimeError("undone")
    assert told(database) == []


def test_a_notice_without_all_of_its_facts_is_a_mistake_of_ours(database: Database) -> None:
    with pytest.raises(ValueError, match="last"):
        tell(database, params={"who": "Ben", "first": TODAY, "half": None})
    with pytest.raises(ValueError, match="reason"):
        tell(database, params=params(NoticeKind.LEAVE_ASKED) | {"reason": "sakit"})
    with pytest.raises(KeyError, match="perhaps"):
        decided = NoticeKind.LEAVE_DECIDED
        tell(database, kind=decided, params=params(decided, what="perhaps"))
    assert told(database) == []


def test_what_was_decided_is_over_for_everybody_who_was_asked(database: Database) -> None:
    about = Subject("leave_request", 12)
    tell(database, accounts=[], roles=[Role.HR, Role.OFFICE_HEAD], subject=about)
    tell(database, key="leave:13:asked", subject=Subject("leave_request", 13))
    tell(database, key="leave:12:decided", kind=NoticeKind.LEAVE_DECIDED,
         params=params(NoticeKind.LEAVE_DECIDED), subject=about)  # fmt: skip
    with database.transaction() as db:
        assert notify.over(db, about, [NoticeKind.LEAVE_ASKED], now=MORNING) == 2
        assert notify.over(db, about, [NoticeKind.LEAVE_ASKED], now=MORNING) == 0
    with database.reading() as db:
        unread = db.scalars(sa.select(Notice.key).where(Notice.read_at.is_(None)).order_by(Notice.id)).all()
        assert unread == ["leave:13:asked", "leave:12:decided"]


@pytest.mark.parametrize(
    ("kind", "what"), [(kind, what) for kind in NoticeKind for what in WHATS.get(kind, ("",))], ids=str
)
@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_every_kind_is_one_whole_sentence_in_both_languages(locale: str, kind: NoticeKind, what: str) -> None:
    stored = notify.as_json(params(kind, what=what))
    with i18n.in_locale(locale):
        said = notify.headline(kind, stored)
    assert said.endswith(".")
    assert "%(" not in said
    assert "2026-" not in said.replace("rekap-2026-11.xlsx", "")


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_every_kind_has_a_name_of_its_own_to_be_chosen_by(locale: str) -> None:
    with i18n.in_locale(locale):
        assert len({notify.kind_name(kind) for kind in NoticeKind}) == len(NoticeKind)


def test_a_notice_is_worded_in_the_language_of_its_reader() -> None:
    stored = notify.as_json(params(NoticeKind.CORRECTION_WAITING))
    with i18n.in_locale("id"):
        said = "Ben Tumiwa mengajukan koreksi untuk 23 November 2026; putuskan paling lambat 27 November 2026."
        assert notify.headline(NoticeKind.CORRECTION_WAITING, stored) == said
        one_day = notify.as_json(params(NoticeKind.LEAVE_ASKED, last=SPAN["first"]))
        assert notify.headline(NoticeKind.LEAVE_ASKED, one_day) == "Ben Tumiwa mengajukan cuti: 1 Desember 2026."
        half = one_day | {"half": "morning"}
        assert notify.headline(NoticeKind.LEAVE_ASKED, half) == (
            "Ben Tumiwa mengajukan cuti: 1 Desember 2026, setengah hari, pagi."
        )
        del one_day["half"]
        assert notify.headline(NoticeKind.LEAVE_ASKED, one_day).endswith("1 Desember 2026."), "from before"
        near = notify.as_json(params(NoticeKind.THRESHOLD_NEAR, who=None))
        assert notify.headline(NoticeKind.THRESHOLD_NEAR, near) == (
            "Anda: 2 hari tanpa keterangan tahun ini. Pada 3 ada ketentuan kantor yang berlaku."
        )
        sign = notify.as_json(params(NoticeKind.MONTH_TO_SIGN, of="Bidang Dafduk"))
        assert notify.headline(NoticeKind.MONTH_TO_SIGN, sign) == (
            "Rekap November 2026 menunggu tanda tangan Anda (Bidang Dafduk)."
        )
    with i18n.in_locale("en"):
        said = "Ben Tumiwa asks to correct 23 November 2026; decide until 27 November 2026."
        assert notify.headline(NoticeKind.CORRECTION_WAITING, stored) == said
        half_past = notify.as_json(params(NoticeKind.CHECKOUT_PROPOSED))
        assert "15:15" in notify.headline(NoticeKind.CHECKOUT_PROPOSED, half_past)


def test_old_notices_go_but_for_what_still_asks_something_or_waits_for_its_letter(database: Database) -> None:
    later = MORNING + timedelta(days=181)
    tell(database, key="asks")
    tell(database, key="asked and read")
    tell(database, key="told", kind=NoticeKind.ORDER_GIVEN)
    tell(database, key="letter waits", kind=NoticeKind.ORDER_GIVEN)
    tell(database, key="new", kind=NoticeKind.ORDER_GIVEN, now=later - timedelta(days=2))
    with database.transaction() as db:
        ended = sa.update(Notice).where(Notice.key != "letter waits")
        db.execute(ended.values(state=TaskState.DONE))
        db.execute(sa.update(Notice).where(Notice.key == "asked and read").values(read_at=MORNING))
    work = scheduler.Work(database=database, zoom=None, zoom_host="", notice_days=180)
    daily = next(verb for name, _every, verb in scheduler.JOBS if name == "daily")
    for _twice in range(2):
        daily(work, later)
    with database.reading() as db:
        assert set(db.scalars(sa.select(Notice.key))) == {"asks", "letter waits", "new"}
