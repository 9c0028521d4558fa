"""Keys of programs: made once, shown once, revoked, and never more than their scopes."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from staffhub.db import Database, digest
from staffhub.errors import Forbidden, NotFound, NotSignedIn, Refused
from staffhub.models import ApiToken, AuditEvent, Channel, RequestEvent, ServiceRequest, TokenScope
from staffhub.security import PERMISSIONS, Viewer, tokens
from staffhub.service_requests import one, steps
from tests.conftest import MORNING, TODAY, World, race, viewer_of

READ, WRITE = TokenScope.REQUESTS_READ, TokenScope.REQUESTS_WRITE


def _made(database: Database, *scopes: TokenScope, name: str = "Aplikasi Contoh", **facts: object) -> tokens.Made:
    adi = viewer_of(database, "adi")
    with database.transaction() as db:
        wish = {"last_day": None, "now": MORNING} | facts
        return tokens.make(db, adi, name=name, scopes=scopes or (READ,), **wish)  # type: ignore[arg-type]


def _program(database: Database, *scopes: TokenScope) -> Viewer:
    secret = _made(database, *scopes).secret
    with database.reading() as db:
        return tokens.bearer(db, secret, now=MORNING).viewer


def test_a_secret_is_kept_nowhere_and_only_its_digest_finds_it(database: Database) -> None:
    made = _made(database)
    assert re.fullmatch("staffhub_[A-Za-z0-9_-]{43}", made.secret)
    with database.reading() as db:
        row = db.scalars(sa.select(ApiToken)).one()
        assert (row.digest, row.tail) == (digest(made.secret), made.secret[-4:])
        event = db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == "token.made")).one()
        assert made.secret not in str(event.facts)
        assert row.digest not in str(event.facts)
        assert tokens.bearer(db, made.secret, now=MORNING).viewer.name == "Aplikasi Contoh"
        for wrong in ("", "staffhub_", made.secret[:-1], made.secret + "x", row.digest):
            with pytest.raises(NotSignedIn):
                tokens.bearer(db, wrong, now=MORNING)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_program_may_what_its_scopes_say_and_nothing_else(database: Database) -> None:
    program = _program(database, READ, TokenScope.OFFICERS_READ)
    assert {one for one in PERMISSIONS if program.may(one)} == {"requests", "people"}
    assert program.sees(officer_id=1, division_id=2)
    assert (program.officer_id, program.author) == (None, None)
    tokens.require(program, READ)
    with pytest.raises(tokens.MissingScope, match="requests:write"):
        tokens.require(program, WRITE)


def test_a_token_ends_by_itself_after_its_last_day_and_at_once_when_revoked(database: Database) -> None:
    adi, oka = viewer_of(database, "adi"), viewer_of(database, "oka")
    lasting, until = _made(database), _made(database, name="Uji coba", last_day=TODAY)
    late = MORNING + timedelta(hours=16, minutes=47)  # 23.59 WITA
    with database.transaction() as db:
        assert tokens.bearer(db, until.secret, now=late).viewer.name == "Uji coba"
        with pytest.raises(NotSignedIn):
            tokens.bearer(db, until.secret, now=late + timedelta(minutes=1))
        with pytest.raises(Forbidden):
            tokens.revoke(db, oka, lasting.id, now=MORNING)
        with pytest.raises(NotFound):
            tokens.revoke(db, adi, 999, now=MORNING)
        for later in (1, 2):  # twice is once
            assert tokens.revoke(db, adi, lasting.id, now=MORNING + timedelta(minutes=later)) == "Aplikasi Contoh"
        with pytest.raises(NotSignedIn):
            tokens.bearer(db, lasting.secret, now=MORNING)
        listed = {one.name: one for one in tokens.listing(db, adi, now=late + timedelta(minutes=1))}
        assert not listed["Uji coba"].works
        assert listed["Aplikasi Contoh"].revoked_at == MORNING + timedelta(minutes=1)
        assert len(db.scalars(sa.select(AuditEvent.id).where(AuditEvent.verb == "token.revoked")).all()) == 1


def test_two_presses_at_once_make_one_token(database: Database) -> None:
    adi = viewer_of(database, "adi")
    wish = {"name": "Aplikasi", "scopes": [READ], "last_day": None, "now": MORNING}

    def again() -> None:
        with database.transaction() as db:
            tokens.make(db, adi, **wish)  # type: ignore[arg-type]

    with pytest.raises(Refused, match=r"token|Token"):
        race(database, lambda db: tokens.make(db, adi, **wish), again)  # type: ignore[arg-type]
    with database.reading() as db:
        assert len(db.scalars(sa.select(ApiToken.id)).all()) == 1


def test_its_use_is_noted_once_an_hour(database: Database) -> None:
    made = _made(database)
    with database.transaction() as db:
        assert tokens.bearer(db, made.secret, now=MORNING).stale
        tokens.touch(db, made.id, now=MORNING)
        hour = MORNING + timedelta(hours=1)
        assert not tokens.bearer(db, made.secret, now=hour).stale
        assert tokens.bearer(db, made.secret, now=hour + timedelta(seconds=1)).stale
        tokens.touch(db, made.id, now=hour)  # another call saw it late
        assert db.scalar(sa.select(ApiToken.used_at)) == MORNING


def test_what_a_program_did_is_said_to_be_done_by_it_and_by_nobody(database: Database) -> None:
    program, ana = _program(database, WRITE), viewer_of(database, "ana")
    wish = {"applicant": "Novi T.", "channel": Channel.APP, "key": "api:1", "now": MORNING}
    with database.transaction() as db:
        services = {row.code for row in db.execute(sa.text("SELECT code FROM service_type"))}
        wish["service_type"] = min(services)
        taken = steps.take_in(db, program, **wish)  # type: ignore[arg-type]
        row = db.get_one(ServiceRequest, taken.id)
        assert row.created_by is None
        assert program.program
        first = db.scalars(sa.select(RequestEvent).order_by(RequestEvent.id)).first()
        assert first
        assert (first.officer_id, first.token_id) == (None, program.program.token_id)
        event = db.scalars(sa.select(AuditEvent).where(AuditEvent.verb == "request.taken_in")).one()
        assert event.actor_id is None
        assert event.facts["program"] == {"token": program.program.token_id, "name": "Aplikasi Contoh"}
        found = one.request_for(db, ana, taken.id, now=MORNING)
        assert {step.officer for step in one.history(db, ana, found)} == {"Aplikasi Contoh"}


def test_an_administrator_makes_one_sees_its_secret_once_and_revokes_it(world: World) -> None:
    adi = world.client("adi")
    empty = adi.post("/admin/tokens", data={"name": "", "last_day": "2026-11-01"})
    assert empty.status_code == 422
    past = adi.post("/admin/tokens", data={"name": "Aplikasi", "scopes": "requests:read", "last_day": "2026-11-01"})
    assert past.status_code == 422
    assert "Hari itu sudah lewat" in past.text
    nik = adi.post("/admin/tokens", data={"name": "7107014505900001", "scopes": "requests:read"})
    assert nik.status_code == 422
    wish = {"name": "Aplikasi Si Contoh", "scopes": ["requests:read", "requests:write"]}
    shown = adi.post("/admin/tokens", data=wish)
    assert shown.status_code == 200
    assert shown.headers["cache-control"] == "no-store"
    (secret,) = set(re.findall(r"staffhub_[A-Za-z0-9_-]{43}", shown.text))
    assert secret not in adi.get("/admin/tokens").text
    again = adi.post("/admin/tokens", data=wish)
    assert again.status_code == 422
    assert secret not in again.text
    assert "tidak ditampilkan dua kali" in again.text
    page = adi.get("/admin/tokens").text
    assert "Aplikasi Si Contoh" in page
    assert "belum pernah dipakai" in page
    with world.database.reading() as db:
        id_ = db.scalars(sa.select(ApiToken.id)).one()
    revoked = adi.post(f"/admin/tokens/{id_}/revoke")
    assert revoked.headers["location"] == "/admin/tokens"
    assert "dicabut Sen, 23 Nov" in adi.get("/admin/tokens").text
