"""Passwords, limits of guessing, sessions; without HTTP."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub import security
from staffhub.db import Database, digest
from staffhub.errors import NotSignedIn, Refused, TooMany
from staffhub.models import (
    Account,
    AuditEvent,
    Division,
    Officer,
    Posting,
    Role,
    SignInAttempt,
    UserSession,
    is_in_service,
    posting_on,
    serves,
)
from staffhub.security import (
    IDLE_DAYS,
    LIMIT_ADDRESS,
    LIMIT_NAME,
    LIMIT_PAIR,
    ONE_TIME_DAYS,
    SESSION_DAYS,
    WINDOW,
    Viewer,
    WebSession,
    within_reach,
)
from staffhub.security.access import SCOPES
from tests.conftest import MORNING, PASSWORD, PASSWORD_HASH, open_session, session_of, viewer_of

_POSTED = sa.select(Officer.id).join(Posting, posting_on(date(2026, 11, 23)))
MINUTE = timedelta(minutes=1)
# User name, name, number, telephone, office.
ABOUT = ("ben.tumiwa", "Ben Yosua Tumiwa", "199004112015031002", "0812 3456 7890", "Disdukcapil Kabupaten Contoh")


def _try(
    database: Database,
    username: str = "ben",
    *,
    address: str = "10.0.0.1",
    device: str | None = None,
    right: bool = False,
    now: datetime = MORNING,
) -> str | None:
    with database.transaction() as db:
        attempt_id, account = security.begin_sign_in(
            db, username=username, address=address, device=device, key=b"k", now=now
        )
        if not right:
            return None
        assert account
        return security.finish_sign_in(db, attempt_id, account, device=device or "new", user_agent="x", now=now)


def _refused(database: Database, *args: Any, **facts: Any) -> bool:
    try:
        _try(database, *args, **facts)
    except TooMany as error:
        return error.retry_after == WINDOW.total_seconds()
    return False


def _session(database: Database, token: str, *, now: datetime = MORNING) -> WebSession:
    with database.reading() as db:
        return security.session_for(db, token, now=now)


def _viewer(database: Database, token: str) -> Viewer:
    return _session(database, token).viewer


def _is_dead(database: Database, token: str, *, now: datetime = MORNING) -> bool:
    try:
        _session(database, token, now=now)
    except NotSignedIn:
        return True
    return False


@pytest.mark.parametrize(
    "password",
    [
        "pendek7",
        "a" * 8,
        "abababab",
        "        ",
        "password",
        "PASSWORD",
        "ｐａｓｓｗｏｒｄ",
        "Password!2026",
        "dukcapil-2026",
        "ben-tumiwa",
        "Ben.Tumiwa99",
        "23456789",
        "9876543210",
        "x" * 130 + "y" * 127,
        "dragon2026!",
        "P4ssw0rd",
        "m0nk3y!!!",
        "1loveyou",
        "4dm1n-2026",
        "s4y4ngku99",
        "Sulawesi Utara 1",
        "bismillah123",
        "contohDUKCAPIL",
        "Tumiwa-Ben-1990",
        "yosuatumiwa",
        "11041990",
        "1990-04-11",
        "199004112015031002",
        "081234567890",
        "17081945",
        "asdfghjkl",
        "manamana",
        "mnopqrst",
    ],
)
def test_a_password_that_is_short_common_or_the_own_name_is_refused(password: str) -> None:
    with pytest.raises(Refused) as refused:
        security.check_new_password(password, about=ABOUT)
    assert refused.value.field == "new"


@pytest.mark.parametrize(
    "password",
    [
        "sepeda-1",
        "ombak4perahu",
        "7 kucing di pasar",
        "Xk9#12345678",
        "kopi susu gula aren",
        "xy" + "z" * 254,
        "пароль-длинный",
        "🔑" * 3 + "kunci",
    ],
)
def test_any_other_password_may_be_chosen_without_rules_of_composition(password: str) -> None:
    stored = security.hash_password(password)
    security.check_new_password(password, about=ABOUT)
    assert security.password_fits(password, stored)


def test_passwords_are_kept_as_argon2id_of_at_least_the_recommended_cost() -> None:
    assert PASSWORD_HASH.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert security.hash_password("x") != security.hash_password("x")  # salted


def test_a_password_fits_exactly_or_not_at_all() -> None:
    assert security.password_fits(PASSWORD, PASSWORD_HASH)
    for other in (PASSWORD.upper(), PASSWORD + " ", PASSWORD[:-1], "", "\x00", PASSWORD + "\x00", PASSWORD * 9000):
        assert not security.password_fits(other, PASSWORD_HASH)
    # One keyboard sends é as one sign, another as two.
    assert security.password_fits("cafe\u0301-pagi", security.hash_password("caf\u00e9-pagi"))


def test_an_unknown_name_costs_the_same_hash_as_a_known_one(monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    verify = type(security.passwords._hasher).verify

    def count(self: Any, password: str, stored: str) -> bool:
        checked.append(stored)
        return verify(self, password, stored)

    monkeypatch.setattr(type(security.passwords._hasher), "verify", count)
    assert not security.password_fits("salah", None)
    assert not security.password_fits("salah", PASSWORD_HASH)
    parameters = [stored.rpartition("$")[0].rpartition("$")[0] for stored in checked]
    assert len(parameters) == 2
    assert parameters[0] == parameters[1]


def test_a_one_time_password_is_long_legible_and_never_the_same() -> None:
    made = {security.one_time_password() for _n in range(200)}
    assert len(made) == 200
    assert all(len(one) == 14 and not set(one) & set("0o1lI") for one in made)


def test_five_wrong_passwords_for_a_name_from_an_address_are_the_limit(database: Database) -> None:
    assert [_refused(database) for _n in range(LIMIT_PAIR + 1)] == [False] * LIMIT_PAIR + [True]
    assert not _refused(database, "tia")
    assert not _refused(database, address="10.0.0.2")
    assert not _refused(database, now=MORNING + WINDOW), "the limit is soft: it ends by itself"


def test_a_name_has_a_limit_over_all_addresses_and_an_address_over_all_names(database: Database) -> None:
    answers = [_refused(database, address=f"10.0.1.{n}") for n in range(LIMIT_NAME + 1)]
    assert answers == [False] * LIMIT_NAME + [True]
    later = MORNING + WINDOW
    answers = [_refused(database, f"nobody{n}", now=later) for n in range(LIMIT_ADDRESS + 1)]
    assert answers == [False] * LIMIT_ADDRESS + [True]


def test_all_names_and_addresses_together_have_a_limit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security.sessions, "LIMIT_ALL", 7)
    answers = [_refused(database, f"nobody{n}", address=f"10.0.2.{n}") for n in range(8)]
    assert answers == [False] * 7 + [True]


def test_a_device_once_used_is_not_locked_out_by_strangers(database: Database) -> None:
    _try(database, "dewi", device="phone", right=True)
    while not _refused(database, "dewi"):
        pass
    for number in range(LIMIT_NAME):
        _refused(database, "dewi", address=f"10.0.3.{number}")
    assert _refused(database, "dewi", address="10.0.4.1")
    assert _refused(database, "dewi", device="of somebody else")
    assert _try(database, "dewi", device="phone", right=True)


def test_guessing_on_a_known_device_has_its_own_limit_for_each_name(database: Database) -> None:
    for username in ("ben", "tia"):
        _try(database, username, device="shared PC", right=True)
    answers = [_refused(database, device="shared PC") for _n in range(LIMIT_PAIR + 1)]
    assert answers == [False] * LIMIT_PAIR + [True]
    assert _try(database, "tia", device="shared PC", right=True), "a colleague at the same PC is not held up"


def test_200_right_sign_ins_from_one_address_hold_nobody_up_while_wrong_ones_are_counted(database: Database) -> None:
    for number in range(200):
        assert _try(database, "ben" if number % 2 else "tia", right=True)
        if number < LIMIT_PAIR:
            assert not _refused(database, "cy")
    assert _refused(database, "cy")


def test_guesses_that_arrive_together_are_all_counted(database: Database) -> None:
    together = threading.Barrier(12)

    def guess(_number: int) -> bool:
        together.wait()
        return _refused(database)

    with ThreadPoolExecutor(12) as threads:
        assert sorted(threads.map(guess, range(12))) == [False] * LIMIT_PAIR + [True] * (12 - LIMIT_PAIR)


def test_the_addresses_of_one_ipv6_customer_count_as_one(database: Database) -> None:
    for number in range(LIMIT_PAIR):
        assert not _refused(database, address=f"2001:db8:1:2::{number + 1:x}")
    assert _refused(database, address="2001:db8:1:2:ffff::1")
    assert not _refused(database, address="2001:db8:1:3::1")
    assert not _refused(database, address="not an address")


def test_what_is_kept_of_a_try_names_neither_person_nor_address(database: Database) -> None:
    _try(database)
    with database.reading() as db:
        row = db.execute(sa.select(SignInAttempt.__table__)).one()
    assert "ben" not in str(row)
    assert "10.0.0.1" not in str(row)
    assert row.username_hash != digest("ben"), "keyed: nobody can try names against it"


def test_each_sign_in_has_a_new_session_and_ends_the_one_the_browser_came_with(database: Database) -> None:
    first = open_session(database, "ben")
    with database.transaction() as db:
        attempt_id, account = security.begin_sign_in(db, username="tia", address="", device=None, key=b"", now=MORNING)
        assert account
        second = security.finish_sign_in(
            db, attempt_id, account, device="d", user_agent="x" * 500, now=MORNING, previous=first
        )
    assert first != second
    assert len(second) >= 43, "256 bits"
    assert _is_dead(database, first)
    assert _viewer(database, second).name == "Tia Lumintang"
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).where(UserSession.token_hash == second)) == 0, "only its hash"


def test_a_session_ends_when_it_expires_idles_is_ended_or_its_account_is_disabled(database: Database) -> None:
    token = open_session(database, "ben")
    idle = timedelta(days=IDLE_DAYS)
    assert not _is_dead(database, token, now=MORNING + idle - MINUTE)
    assert _is_dead(database, token, now=MORNING + idle)
    here = _session(database, token)
    for day in range(SESSION_DAYS):
        with database.transaction() as db:
            security.touch_session(db, here.id, now=MORNING + timedelta(days=day))
    assert not _is_dead(database, token, now=MORNING + timedelta(days=SESSION_DAYS) - MINUTE)
    assert _is_dead(database, token, now=MORNING + timedelta(days=SESSION_DAYS)), "used or not"
    with database.transaction() as db:
        security.end_session(db, here.viewer, here.id, now=MORNING)
    assert _is_dead(database, token)
    other = open_session(database, "tia")
    with database.transaction() as db:
        db.execute(sa.update(Account).where(Account.username == "tia").values(disabled_at=MORNING))
    assert _is_dead(database, other)
    assert _is_dead(database, "")
    assert _is_dead(database, "unknown")


def test_a_session_is_noted_as_used_only_twice_a_day(database: Database) -> None:
    here = session_of(database, "ben")
    assert not security.is_stale(here, MORNING + timedelta(hours=12))
    assert security.is_stale(here, MORNING + timedelta(hours=12, minutes=1))


def test_nobody_ends_the_session_of_somebody_else(database: Database) -> None:
    token = open_session(database, "tia")
    tia, ben = _session(database, token), viewer_of(database, "ben")
    with database.transaction() as db:
        security.end_session(db, ben, tia.id, now=MORNING)
    assert not _is_dead(database, token)
    with database.reading() as db:
        assert not db.scalar(sa.select(sa.func.count()).where(AuditEvent.verb == "session.ended"))


def test_a_new_password_ends_every_other_session_and_is_told_in_the_trail(database: Database) -> None:
    here, there = open_session(database, "ben"), open_session(database, "ben")
    stranger = open_session(database, "tia")
    with database.transaction() as db:
        security.set_password(db, _session(database, here), "hash", now=MORNING)
    assert (_is_dead(database, here), _is_dead(database, there), _is_dead(database, stranger)) == (False, True, False)
    with database.reading() as db:
        row = db.execute(sa.select(Account).where(Account.username == "ben")).scalar_one()
        assert (row.password_hash, row.must_change_password, row.one_time_until) == ("hash", False, None)
        assert "hash" not in str(db.scalars(sa.select(AuditEvent.facts)).all())


def test_a_change_of_access_ends_all_sessions_of_the_account(database: Database) -> None:
    tokens = [open_session(database, "ben") for _n in range(2)]
    me = _viewer(database, tokens[0])
    with database.transaction() as db:
        security.end_other_sessions(db, me.account_id, keep=None, now=MORNING)
    assert [_is_dead(database, token) for token in tokens] == [True, True]


def test_tries_are_forgotten_after_a_day_and_sessions_a_month_after_their_end(database: Database) -> None:
    token = open_session(database, "ben")
    _try(database)
    ended = session_of(database, "tia")
    with database.transaction() as db:
        security.end_session(db, ended.viewer, ended.id, now=MORNING)

    def left(now: datetime) -> tuple[int, int]:
        with database.transaction() as db:
            security.forget_old(db, now=now)
            tries = db.scalar(sa.select(sa.func.count()).select_from(SignInAttempt))
            return tries or 0, db.scalar(sa.select(sa.func.count()).select_from(UserSession)) or 0

    assert left(MORNING + timedelta(hours=24)) == (3, 2)
    assert left(MORNING + timedelta(hours=24, minutes=1)) == (0, 2)
    assert left(MORNING + timedelta(days=30, minutes=1)) == (0, 1), "the one that was ended"
    assert _is_dead(database, token, now=MORNING + timedelta(days=SESSION_DAYS))
    assert left(MORNING + timedelta(days=SESSION_DAYS + 30, minutes=1)) == (0, 0)


def test_what_is_not_named_in_the_matrix_is_allowed_to_nobody(database: Database) -> None:
    with pytest.raises(KeyError):
        viewer_of(database, "adi").may("everything")
    assert set(SCOPES) == set(Role)
    assert ONE_TIME_DAYS < SESSION_DAYS


@pytest.mark.parametrize("username", ["dewi", "ana", "ben", "hana", "adi"])
def test_a_list_holds_exactly_the_officers_whom_the_viewer_sees(database: Database, username: str) -> None:
    me = viewer_of(database, username)
    alone = replace(me, officer_id=None, division_id=None)
    with database.reading() as db:
        everybody = db.execute(_POSTED.add_columns(Posting.division_id)).all()
        for viewer in (me, alone):
            listed = set(db.scalars(_POSTED.where(viewer.within(Officer.id, Posting.division_id))))
            reached = _POSTED.where(within_reach(viewer.scope, Officer.id, Posting.division_id))
            assert listed == set(db.scalars(reached, viewer.reach))
            assert listed == {
                one.id for one in everybody if viewer.sees(officer_id=one.id, division_id=one.division_id)
            }
            divisions = set(db.scalars(sa.select(Division.id).where(viewer.within(None, Division.id))))
            every = db.scalars(sa.select(Division.id)).all()
            assert divisions == {one for one in every if viewer.sees(officer_id=None, division_id=one)}


def test_somebody_serves_from_the_first_day_to_the_last_and_in_a_range_that_touches_them(database: Database) -> None:
    first, last = date(2026, 11, 10), date(2026, 11, 20)
    with database.transaction() as db:
        ben = db.scalar(sa.select(Account.officer_id).where(Account.username == "ben"))
        db.execute(sa.update(Officer).where(Officer.id == ben).values(active_from=first, active_to=last))
        day = timedelta(days=1)
        for asked in (first - day, first, last, last + day, date.max):
            listed = ben in db.scalars(sa.select(Officer.id).where(serves(asked, asked)))
            assert listed == is_in_service(first, last, asked) == (first <= asked <= last)
        touching = [(first - day, first), (last, last + day), (first - day, last + day)]
        apart = [(first - day, first - day), (last + day, date.max)]
        found = [ben in db.scalars(sa.select(Officer.id).where(serves(*span))) for span in (*touching, *apart)]
    assert found == [True, True, True, False, False]
    assert is_in_service(first, None, date.max)
