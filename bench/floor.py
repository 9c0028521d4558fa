"""The reference floor: the smallest honest program that does a morning's work, to compare StaffHub with.

Session look-up, cross-site check, a page with a table of 200 rows, a check-in that is stored once. Nothing else: no
permissions, plan, calendar, audit or translation. Written as anyone would write it, neither slowed down nor tuned.
"""

import hashlib
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import uuid4

import sqlalchemy as sa
from fastapi import Depends, FastAPI, Form, HTTPException, Request
from fastapi.templating import Jinja2Templates
from jinja2 import DictLoader, Environment
from sqlalchemy import event, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

metadata = sa.MetaData()
people = sa.Table(
    "person",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("name", sa.String(120), nullable=False),
)
sessions = sa.Table(
    "session",
    metadata,
    sa.Column("token_hash", sa.String(64), primary_key=True),
    sa.Column("person_id", sa.ForeignKey("person.id"), nullable=False),
    sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
)
marks = sa.Table(
    "mark",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("person_id", sa.ForeignKey("person.id"), nullable=False),
    sa.Column("mode", sa.String(10), nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("key", sa.String(64), nullable=False),
    sa.UniqueConstraint("person_id", "key"),
    sa.Index("mark_of_person", "person_id", "at"),
)

PAGE = """<!doctype html>
<html lang="id">
<head><meta charset="utf-8"><title>Hari ini</title></head>
<body>
<h1>Selamat pagi, {{ name }}</h1>
<p>{% if mine %}Masuk {{ mine.at.strftime("%H.%M") }}, {{ mine.mode }}{% else %}Belum masuk{% endif %}</p>
<form method="post" action="/presence/check-in">
<input type="hidden" name="idempotency_key" value="{{ key }}">
<button name="mode" value="office">Kantor</button>
<button name="mode" value="home">Rumah</button>
</form>
<table>
<tr><th>Nama</th><th>Tempat</th><th>Jam</th></tr>
{% for row in rows %}
<tr><td>{{ row.name }}</td><td>{{ row.mode }}</td><td>{{ row.at.strftime("%H.%M") }}</td></tr>
{% endfor %}
</table>
</body>
</html>
"""
templates = Jinja2Templates(env=Environment(loader=DictLoader({"page.html": PAGE}), autoescape=True))

WHO = (
    sa.select(people.c.id, people.c.name)
    .join(sessions, sessions.c.person_id == people.c.id)
    .where(sessions.c.token_hash == sa.bindparam("token"), sessions.c.expires_at > sa.bindparam("now"))
)
MINE = (
    sa.select(marks.c.mode, marks.c.at)
    .where(marks.c.person_id == sa.bindparam("person"), marks.c.at > sa.bindparam("since"))
    .order_by(marks.c.id.desc())
    .limit(1)
)
LATEST = (
    sa.select(people.c.name, marks.c.mode, marks.c.at)
    .join(people, people.c.id == marks.c.person_id)
    .order_by(marks.c.id.desc())
    .limit(200)
)


def make_engine(url: str) -> sa.Engine:
    engine = sa.create_engine(url)
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: object) -> None:
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")

    return engine


engine = make_engine(os.environ["FLOOR_DATABASE"])
lock = threading.Lock()  # SQLite has one writer; waiting here is fair, polling the file is not
app = FastAPI(openapi_url=None)


def reading() -> Iterator[Session]:
    with Session(engine) as db:
        yield db


@contextmanager
def writing() -> Iterator[Session]:
    with lock if engine.dialect.name == "sqlite" else nullcontext(), Session(engine) as db, db.begin():
        yield db


def signed_in(db: Session, request: Request) -> Any:
    token = hashlib.sha256(request.cookies.get("staffhub_session", "").encode()).hexdigest()
    person = db.execute(WHO, {"token": token, "now": datetime.now(UTC)}).first()
    if person is None:
        raise HTTPException(401)
    return person


def same_site(request: Request) -> None:
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin", "").partition("://")[2]
    if site not in {"same-origin", "none"} and origin != request.headers.get("host"):
        raise HTTPException(403)


@app.get("/healthz")
def healthz() -> str:
    return "ok"


@app.get("/")
def today(request: Request, db: Annotated[Session, Depends(reading)]) -> Response:
    me = signed_in(db, request)
    mine = db.execute(MINE, {"person": me.id, "since": datetime.now(UTC) - timedelta(hours=12)}).first()
    rows = db.execute(LATEST).all()
    return templates.TemplateResponse(
        request, "page.html", {"name": me.name, "mine": mine, "rows": rows, "key": str(uuid4())}
    )


@app.post("/presence/check-in", dependencies=[Depends(same_site)])
def check_in(request: Request, mode: Annotated[str, Form()], idempotency_key: Annotated[str, Form()]) -> Response:
    try:
        with writing() as db:
            me = signed_in(db, request)
            mark = {"person_id": me.id, "mode": mode, "at": datetime.now(UTC), "key": idempotency_key}
            db.execute(insert(marks), mark)
    except IntegrityError:
        pass  # the same form again: it is stored already
    return RedirectResponse("/", status_code=303)


def fill(tokens: list[str]) -> None:
    """Sign one person in for each token, and leave the marks of yesterday."""
    metadata.create_all(engine)
    later, everybody = datetime.now(UTC).replace(year=datetime.now(UTC).year + 1), range(1, len(tokens) + 1)
    hashes = [hashlib.sha256(token.encode()).hexdigest() for token in tokens]
    with engine.begin() as db:
        db.execute(people.insert(), [{"id": n, "name": f"Pegawai {n:04}"} for n in everybody])
        signed = [{"token_hash": hashes[n - 1], "person_id": n, "expires_at": later} for n in everybody]
        db.execute(sessions.insert(), signed)
        past = {"mode": "office", "at": datetime.now(UTC), "key": "yesterday"}
        db.execute(marks.insert(), [past | {"person_id": n} for n in everybody])


if __name__ == "__main__":
    from bench.office import token_of

    fill([token_of(n) for n in range(int(sys.argv[1]))])
