"""The reference for calls of programs: a request comes as JSON and is stored once, and nothing else at all.

No token, no number that counts on, no history, no audit, no answer that is said again. Written as anyone would.
"""

import os
import threading
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import FastAPI, Header
from pydantic import BaseModel
from sqlalchemy.exc import IntegrityError

from bench.floor import make_engine

metadata = sa.MetaData()
requests = sa.Table(
    "request",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("service_type", sa.String(40), nullable=False),
    sa.Column("applicant", sa.String(60), nullable=False),
    sa.Column("phone", sa.String(24), nullable=False),
    sa.Column("at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("key", sa.String(255), nullable=False, unique=True),
)


class NewRequest(BaseModel):
    service_type: str
    applicant: str
    phone: str


engine = make_engine(os.environ["FLOOR_DATABASE"])
lock = threading.Lock()  # SQLite has one writer; waiting here is fair, polling the file is not
app = FastAPI(openapi_url=None)
metadata.create_all(engine)


@app.get("/healthz")
def healthz() -> str:
    return "ok"


@app.post("/api/v1/requests", status_code=201)
def take_in(body: NewRequest, idempotency_key: Annotated[str, Header()]) -> NewRequest:
    row = body.model_dump() | {"at": datetime.now(UTC), "key": idempotency_key}
    try:
        with lock if engine.dialect.name == "sqlite" else nullcontext(), engine.begin() as db:
            db.execute(requests.insert(), row)
    except IntegrityError:
        pass  # the same call again: it is stored already
    return body
