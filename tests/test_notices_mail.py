"""E-mail over the wire: to a server that takes it, refuses it, hangs, breaks off or drips."""

import ssl
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub import notify
from staffhub.db import Database
from staffhub.models import Account, MailEnd, Notice, NoticeKind, Officer, TaskState
from staffhub.notify import Mailer, Post
from staffhub.notify.mailer import Outcome
from staffhub.notify.sending import AGAIN, APART, LEASE
from staffhub.notify.telling import GATHER
from staffhub.reports.quiet import quiet_until
from staffhub.settings import Settings, Smtp
from tests import mail_server
from tests.conftest import MORNING, TODAY, plan_range, viewer_of
from tests.test_notices import params

# Monday, 08.30 WITA: Ben's work has begun.
AT_WORK = MORNING + timedelta(hours=1, minutes=18)
DUE = AT_WORK + GATHER


def mailer(port: int, **other: Any) -> Mailer:
    server = {"tls": False, "user": "", "password": "", "sender": "staffhub@contoh.go.id", "host": "127.0.0.1"}
    mine = {name: other.pop(name) for name in list(other) if name in server}
    return Mailer(Smtp(port=port, **server | mine), **{"one_answer": 2.0, "altogether": 4.0} | other)


def letter() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "a@contoh.go.id", "ben@contoh.go.id", "Uji"
    message.set_content("Baris satu\n.titik di awal\n")
    return message


@pytest.fixture
def ben(database: Database) -> int:
    """Ben has an address; return his account."""
    viewer = viewer_of(database, "ben")
    with database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == viewer.officer_id).values(email="ben@contoh.go.id"))
    return viewer.account_id


def tell(database: Database, account_id: int, key: str = "a", *, now: datetime = AT_WORK, **other: Any) -> None:
    kind = other.pop("kind", NoticeKind.CORRECTION_DECIDED)
    facts = {"params": params(kind), "address": "/me/month"} | other
    with database.transaction() as db:
        office_id = db.scalars(sa.select(Account.office_id).where(Account.id == account_id)).one()
        notify.tell(db, office_id=office_id, accounts=[account_id], kind=kind, key=key, now=now, **facts)


def send(database: Database, port: int | None, *, now: datetime = DUE, **other: Any) -> int:
    post = Post(mailer(port, **other), "https://staffhub.contoh.go.id/", "id") if port else None
    return notify.run_due(database, post, quiet=quiet_until, now=now)


def ends(database: Database) -> list[tuple[str, MailEnd | None]]:
    with database.reading() as db:
        return [(row.key, row.mail_end) for row in db.execute(sa.select(Notice).order_by(Notice.id)).scalars()]


def due(database: Database) -> list[datetime]:
    with database.reading() as db:
        return list(db.scalars(sa.select(Notice.due_at).where(Notice.state == TaskState.PENDING).order_by(Notice.id)))


def test_a_letter_says_what_waits_and_where_and_nothing_else(database: Database, ben: int) -> None:
    tell(database, ben)
    post = mail_server.Post()
    with mail_server.serving(post) as port:
        assert send(database, port) == 1
    (found,) = post.letters
    with database.reading() as db:
        number = db.scalars(sa.select(Notice.id)).one()
    assert (found["From"], found["To"]) == ("staffhub@contoh.go.id", "ben@contoh.go.id")
    assert found["Subject"] == "StaffHub: Koreksi Anda untuk 23 November 2026 diterima"
    assert found["Message-ID"] == f"<notice-{number}@staffhub.contoh.go.id>"
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Date"].datetime == DUE
    assert found.get_content_type() == "text/plain"
    assert found.get_content_charset() == "utf-8"
    assert found.get_content().splitlines() == [
        "Koreksi Anda untuk 23 November 2026 diterima.",
        f"https://staffhub.contoh.go.id/notices/{number}",
        "",
        "-- ",
        "Disdukcapil Kabupaten Contoh. Dikirim otomatis oleh StaffHub; balasan tidak dibaca.",
        "",
        "Pemberitahuan mana yang dikirim seperti ini: https://staffhub.contoh.go.id/account#mail",
    ]
    assert ends(database) == [("a", MailEnd.SENT)]


def test_a_name_with_marks_and_a_line_break_stays_one_subject(database: Database, ben: int) -> None:
    odd = params(NoticeKind.LEAVE_ASKED) | {"who": "Zoë Ünal\r\nBcc: semua@contoh.go.id"}
    tell(database, ben, kind=NoticeKind.LEAVE_ASKED, params=odd)
    post = mail_server.Post()
    with mail_server.serving(post) as port:
        send(database, port)
    (found,) = post.letters
    assert found["Subject"].startswith("StaffHub: Zoë Ünal Bcc: semua@contoh.go.id mengajukan cuti")
    assert (found["Bcc"], post.recipients) == (None, ["ben@contoh.go.id"])


def test_a_letter_is_in_the_language_of_its_reader(database: Database, ben: int) -> None:
    with database.transaction() as db:
        db.execute(sa.update(Account).where(Account.id == ben).values(locale="en"))
    tell(database, ben)
    post = mail_server.Post()
    with mail_server.serving(post) as port:
        send(database, port)
    assert post.letters[0]["Subject"] == "StaffHub: Your correction of 23 November 2026 is accepted"


def test_what_comes_up_together_goes_in_one_letter_and_the_next_one_waits_an_hour(database: Database, ben: int) -> None:
    for key in "abc":
        tell(database, ben, key)
    post = mail_server.Post()
    with mail_server.serving(post) as port:
        assert send(database, port, now=AT_WORK) == 0  # it waits for what else comes up
        assert send(database, port) == 1
        tell(database, ben, "d", now=DUE)
        tell(database, ben, "e", now=DUE + timedelta(minutes=20))
        assert send(database, port, now=DUE + timedelta(minutes=30)) == 0
        assert send(database, port, now=DUE + APART + timedelta(minutes=1)) == 1
    assert [found["Subject"] for found in post.letters] == ["StaffHub: 3 pemberitahuan", "StaffHub: 2 pemberitahuan"]
    assert post.letters[0].get_content().count("/notices/") == 3


def test_nothing_is_sent_a_second_time(database: Database, ben: int) -> None:
    tell(database, ben)
    post = mail_server.Post()
    with mail_server.serving(post) as port:
        assert [send(database, port), send(database, port, now=DUE + timedelta(days=2))] == [1, 0]
    assert len(post.letters) == 1


def test_two_processes_send_one_letter(database: Database, ben: int) -> None:
    """The second one claims between the first one's look and its claim."""
    tell(database, ben)
    post = mail_server.Post()
    with mail_server.serving(post) as port:
        done = []

        def quiet(*about: Any) -> datetime | None:
            if not done:
                done.append(1)
                if not database.sqlite:  # SQLite has one writer at a time
                    assert send(database, port) == 1
            return quiet_until(*about)

        ours = Post(mailer(port), "https://x.test", "id")
        tried = notify.run_due(database, ours, quiet=quiet, now=DUE)
    assert (tried, len(post.letters)) == (1 if database.sqlite else 0, 1)


def test_what_was_read_meanwhile_or_is_not_wanted_by_mail_or_has_no_address_is_not_sent(
    database: Database, ben: int
) -> None:
    tell(database, ben, "read")
    tell(database, ben, "unwanted", kind=NoticeKind.ORDER_GIVEN)
    tell(database, viewer_of(database, "cy").account_id, "nowhere")
    with database.transaction() as db:
        db.execute(sa.update(Notice).where(Notice.key == "read").values(read_at=AT_WORK))
        db.execute(sa.update(Account).where(Account.id == ben).values(no_mail_of=["order_given", "of_long_ago"]))
    post = mail_server.Post()
    with mail_server.serving(post) as port:
        assert send(database, port) == 0
    assert dict(ends(database)) == {
        "read": MailEnd.READ, "unwanted": MailEnd.UNWANTED, "nowhere": MailEnd.NO_ADDRESS,
    }  # fmt: skip
    assert post.letters == []


def test_without_a_mail_server_nothing_waits_for_one(database: Database, ben: int) -> None:
    tell(database, ben)
    assert send(database, None) == 0
    assert ends(database) == [("a", MailEnd.NOT_SET_UP)]
    post = mail_server.Post()
    with mail_server.serving(post) as port:  # set up later, it does not send what is old
        assert send(database, port, now=DUE + timedelta(days=1)) == 0


def test_on_a_leave_letters_wait_until_the_morning_after_it_and_go_together(database: Database, ben: int) -> None:
    viewer = viewer_of(database, "ben")
    with database.transaction() as db:  # Monday to Thursday
        plan_range(db, viewer, viewer.officer_id, TODAY, TODAY + timedelta(days=3))
    tell(database, ben, "a")
    tell(database, ben, "b", now=AT_WORK + timedelta(days=2))
    friday = MORNING + timedelta(days=4, minutes=18)  # 07.30 WITA
    post = mail_server.Post()
    with mail_server.serving(post) as port:
        assert [send(database, port), send(database, port, now=DUE + timedelta(days=2))] == [0, 0]
        assert due(database) == [friday, friday]
        assert send(database, port, now=friday - timedelta(seconds=1)) == 0
        assert send(database, port, now=friday) == 1
    assert post.letters[0]["Subject"] == "StaffHub: 2 pemberitahuan"


def test_before_work_begins_and_over_the_weekend_nobody_is_disturbed(database: Database, ben: int) -> None:
    viewer = viewer_of(database, "ben")

    def until(at: datetime) -> datetime | None:
        with database.reading() as db:
            return quiet_until(db, viewer.office_id, viewer.officer_id or 0, at)

    begins = MORNING + timedelta(minutes=18)
    assert until(MORNING) == begins
    assert until(begins) is None
    assert until(begins + timedelta(hours=12)) is None
    assert until(begins + timedelta(days=5)) == begins + timedelta(days=7)
    with database.transaction() as db:
        plan_range(db, viewer, viewer.officer_id, TODAY, TODAY + timedelta(days=90))
    assert until(begins) == begins + timedelta(days=31)  # looked at again then


@pytest.mark.parametrize(
    ("answer", "end", "state"),
    [
        ("550 5.7.1 no", MailEnd.REFUSED, TaskState.FAILED),
        ("451 4.3.0 later", None, TaskState.PENDING),
        ("drop", MailEnd.UNCLEAR, TaskState.FAILED),
    ],
)
def test_how_the_answer_to_a_letter_ends_it(
    database: Database, ben: int, answer: str, end: MailEnd | None, state: TaskState
) -> None:
    tell(database, ben)
    post = mail_server.Post(answer, "250 OK")
    with mail_server.serving(post) as port:
        assert send(database, port) == 1
        with database.reading() as db:
            assert db.execute(sa.select(Notice.mail_end, Notice.state)).one() == (end, state)
        again = send(database, port, now=DUE + timedelta(minutes=AGAIN[0], seconds=30))
    assert again == (state is TaskState.PENDING)
    assert len(post.letters) == (0 if end is MailEnd.REFUSED else 1)  # what was dropped had arrived: it comes once


def test_an_address_that_does_not_exist_is_the_end_of_its_letter_and_of_no_other(database: Database, ben: int) -> None:
    tia = viewer_of(database, "tia")
    with database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == tia.officer_id).values(email="nobody@contoh.go.id"))
    tell(database, tia.account_id, "t")
    tell(database, ben, "b")
    post = mail_server.Post()
    with mail_server.serving(post) as port:
        assert send(database, port) == 2
    assert ends(database) == [("t", MailEnd.REFUSED), ("b", MailEnd.SENT)]


def test_a_server_that_is_away_is_tried_again_ever_more_rarely_and_then_no_more(database: Database, ben: int) -> None:
    tell(database, ben)
    nobody, now = mail_server.free_port(), DUE
    for minutes in AGAIN:
        assert send(database, nobody, now=now) == 1
        assert due(database)[0] - now - timedelta(minutes=minutes) < timedelta(seconds=10)
        now = max(due(database)[0], AT_WORK) + timedelta(seconds=1)
        if silent := _quiet(database, now):
            now = silent
    assert send(database, nobody, now=now) == 1
    assert ends(database) == [("a", MailEnd.TOO_OLD)]


def _quiet(database: Database, now: datetime) -> datetime | None:
    ben = viewer_of(database, "ben", now=now)
    with database.reading() as db:
        return quiet_until(db, ben.office_id, ben.officer_id or 0, now)


def test_a_server_that_is_away_is_not_asked_once_for_everybody(database: Database, ben: int) -> None:
    tia = viewer_of(database, "tia")
    with database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.id == tia.officer_id).values(email="tia@contoh.go.id"))
    tell(database, ben, "b")
    tell(database, tia.account_id, "t")
    nobody = mail_server.free_port()
    assert [send(database, nobody), send(database, nobody)] == [1, 1]
    assert [key for key, end in ends(database) if end is None] == ["b", "t"]


def test_whoever_died_with_a_letter_in_hand_leaves_it_unclear_and_it_is_not_sent_again(
    database: Database, ben: int
) -> None:
    tell(database, ben)
    with database.transaction() as db:
        held = {"state": TaskState.CLAIMED, "lease_until": DUE + LEASE, "attempts": 1}
        db.execute(sa.update(Notice).values(**held))
    post = mail_server.Post()
    with mail_server.serving(post) as port:
        assert send(database, port, now=DUE + LEASE) == 0
        assert ends(database) == [("a", None)]
        assert send(database, port, now=DUE + LEASE + timedelta(seconds=1)) == 0
    assert (ends(database), post.letters) == ([("a", MailEnd.UNCLEAR)], [])


def test_a_letter_starts_lines_with_dots_as_it_was_written() -> None:
    post = mail_server.Post()
    with mail_server.serving(post) as port:
        assert mailer(port).send(letter()) is Outcome.SENT
    assert post.letters[0].get_content().splitlines() == ["Baris satu", ".titik di awal"]


@pytest.mark.parametrize(
    ("said", "outcome"),
    [
        ((b"",), Outcome.AWAY),
        ((b"554 no\r\n",), Outcome.AWAY),
        ((b"220 hi\r\n", b"250 hi\r\n", b"550 blocked\r\n"), Outcome.REFUSED),
        ((b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"450 full\r\n"), Outcome.AGAIN),
        ((b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"), Outcome.UNCLEAR),
        ((b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"???\r\n"), Outcome.AWAY),
    ],
)
def test_a_server_that_falls_silent_or_answers_strangely_becomes_an_outcome(
    said: tuple[bytes, ...], outcome: Outcome
) -> None:
    with mail_server.raw(*said) as port:
        assert mailer(port, one_answer=0.3).send(letter()) is outcome


def test_a_server_that_drips_is_cut_off() -> None:
    with mail_server.raw(b"220", every=0.05, drip=True) as port:
        assert mailer(port, one_answer=5.0, altogether=0.5).send(letter()) is Outcome.AWAY


def test_a_server_that_hangs_with_the_whole_letter_leaves_it_unclear() -> None:
    post = mail_server.Post("hang")
    with mail_server.serving(post) as port:
        assert mailer(port, one_answer=0.5).send(letter()) is Outcome.UNCLEAR


def test_signing_in_needs_an_encrypted_line_to_the_server_that_was_meant(tmp_path: Path) -> None:
    theirs, ours = mail_server.certificate(tmp_path, "localhost")
    post = mail_server.Post()
    options = {"tls_context": theirs, "require_starttls": True, "authenticator": post.sign_in, "auth_required": True}
    named = {"host": "localhost", "user": "staffhub", "password": "rahasia"}
    with mail_server.serving(post, **options) as port:
        assert mailer(port, context=ours, **named).send(letter()) is Outcome.SENT
        assert mailer(port, context=ours, **named | {"password": "salah"}).send(letter()) is Outcome.AWAY
        assert mailer(port, **named).send(letter()) is Outcome.AWAY  # nobody vouches for that certificate
        assert mailer(port, context=ours, **named | {"host": "127.0.0.1"}).send(letter()) is Outcome.AWAY
    assert (post.signed_in, post.encrypted, len(post.letters)) == (["staffhub"], [True], 1)


def test_a_server_that_begins_with_tls(tmp_path: Path) -> None:
    theirs, ours = mail_server.certificate(tmp_path, "localhost")
    post = mail_server.Post()
    with mail_server.serving(post, ssl_context=theirs) as port:
        assert mailer(port, context=ours, host="localhost", tls=True).send(letter()) is Outcome.SENT
        assert mailer(port, host="localhost", tls=True).send(letter()) is Outcome.AWAY
    assert len(post.letters) == 1


def test_nothing_goes_over_a_network_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another machine that offers no STARTTLS gets nothing; this very machine may."""
    post = mail_server.Post()
    with mail_server.serving(post) as port:
        assert mailer(port, host="127.0.0.1").send(letter()) is Outcome.SENT
        assert mailer(port, host="localhost.localdomain").send(letter()) is Outcome.AWAY
    assert len(post.letters) == 1


def test_an_address_that_no_server_can_read_is_refused() -> None:
    message = letter()
    message.replace_header("To", "bën@contoh.go.id")
    with mail_server.serving(mail_server.Post()) as port:
        assert mailer(port).send(message) is Outcome.REFUSED


@pytest.mark.parametrize(
    ("address", "server"),
    [
        ("", None),
        ("smtp://mail.contoh.go.id", Smtp("mail.contoh.go.id", 587, False, "", "", "staffhub@office.test")),
        ("smtps://a%40b.id:p%2Fq@mail.id", Smtp("mail.id", 465, True, "a@b.id", "p/q", "a@b.id")),
        ("smtp://u:p@mail.id:2525?from=sdm@b.id", Smtp("mail.id", 2525, False, "u", "p", "sdm@b.id")),
    ],
)
def test_the_setting_names_server_sign_in_and_sender(address: str, server: Smtp | None) -> None:
    assert Settings(smtp_url=address, base_url="https://office.test").smtp == server


@pytest.mark.parametrize(
    "wrong", ["mail.id", "http://mail.id", "smtp://", "smtp://mail.id:x", "smtp://h/path", "smtp://h?from=nobody"]
)
def test_a_wrong_setting_stops_the_start_and_says_how_it_is_written(wrong: str) -> None:
    with pytest.raises(ValueError, match="smtp://user:password@"):
        Settings(smtp_url=wrong)


def test_the_password_of_the_mail_server_stands_in_no_text_of_the_settings() -> None:
    assert "rahasia" not in repr(Settings(smtp_url="smtp://u:rahasia@mail.id"))


def test_what_stands_in_the_log_names_nobody(capfd: pytest.CaptureFixture[str]) -> None:
    assert isinstance(ssl.create_default_context(), ssl.SSLContext)
    message = letter()
    message.replace_header("To", "nobody@contoh.go.id")
    with mail_server.serving(mail_server.Post()) as port:
        assert mailer(port).send(message) is Outcome.REFUSED
    said = "".join(capfd.readouterr())
    assert "mail_not_sent" in said
    assert "contoh.go.id" not in said
