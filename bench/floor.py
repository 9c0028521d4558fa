"""The bare minimum to compare with: one FastAPI handler, one SQLite insert, committed with synchronous=FULL."""

import os
from typing import Annotated

import sqlalchemy as sa
from fastapi import FastAPI, Form
from sqlalchemy import event

engine = sa.create_engine(os.environ["FLOOR_DATABASE"], connect_args={"timeout": 10})
marks = sa.Table(
    "mark",
    sa.MetaData(),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("mode", sa.String(10)),
    sa.Column("key", sa.String(64), unique=True),
)


@event.listens_for(engine, "connect")
def _prepare(connection: object, _record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")  # type: ignore[attr-defined]
    connection.execute("PRAGMA synchronous=FULL")  # type: ignore[attr-defined]


marks.metadata.create_all(engine)
app = FastAPI(openapi_url=None)


@app.get("/healthz")
def healthz() -> str:
    return "ok"


@app.post("/presence/check-in", status_code=303)
def check_in(mode: Annotated[str, Form()], idempotency_key: Annotated[str, Form()]) -> None:
    with engine.begin() as connection:
        connection.execute(marks.insert(), {"mode": mode, "key": idempotency_key})
