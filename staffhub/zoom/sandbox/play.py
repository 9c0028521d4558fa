"""The other side, played by hand: come in, leave, rename, move or delete meetings as people do in Zoom, or go down."""

from collections.abc import Callable
from datetime import datetime, timedelta
from html import escape
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse, RedirectResponse

from staffhub.zoom.sandbox import live, meetings
from staffhub.zoom.sandbox.refusals import Refusal, refusal
from staffhub.zoom.sandbox.rules import wire
from staffhub.zoom.sandbox.store import Store
from staffhub.zoom.sandbox.wire import Fault
from staffhub.zoom.shapes import JSON

HERE = "/sandbox/play"
PAGE = """<!doctype html>
<html lang="id">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Zoom sandbox</title>
<h1>Zoom sandbox: sisi lain</h1>
<p>Di sini Anda menjadi orang yang mengubah rapat langsung di Zoom. StaffHub melihatnya paling lama setengah
jam kemudian, atau dengan tombol "Bandingkan dengan Zoom".</p>
<p lang="en">Here you are somebody who changes meetings in Zoom itself.</p>
{rows}
{users}
<form method="post" action="{here}/down"><button>Mati untuk 10 panggilan berikutnya</button></form>
</html>
"""
ROW = """<form method="post" action="{here}/{id}">
<h2>{topic}</h2>
<p>{id}, {when}</p>
<input name="topic" value="{topic}" maxlength="200" aria-label="Judul">
<button name="act" value="rename">Ganti judul</button>
<button name="act" value="later">Undur satu jam</button>
<button name="act" value="skip">Batalkan tanggal berikutnya</button>
<button name="act" value="passcode">Ganti kode sandi</button>
<button name="act" value="delete">Hapus rapat</button>
</form>
{inside}
"""
INSIDE = """<form method="post" action="{here}/{id}/join">
<input name="name" maxlength="64" required aria-label="Nama di Zoom" placeholder="Nama di Zoom">
<input name="email" type="email" maxlength="128" aria-label="E-mail akun Zoom" placeholder="E-mail, kosong: tamu">
<button>Masuk rapat</button>
</form>
<p>Di dalam: {count}. Nama yang masuk dua kali adalah perangkat kedua.</p>
{people}
"""
PERSON = """<form method="post" action="{here}/{id}/leave">
<input type="hidden" name="connection" value="{connection}">{name} {email}
<button>Keluar</button>
</form>
"""
END = """<form method="post" action="{here}/{id}/end"><button>Akhiri untuk semua</button></form>
"""

USER = """<form method="post" action="{here}/users/{id}">
<p>{name} ({email}), {status}
<button name="act" value="{turn}">{turn_name}</button>
<button name="act" value="delete">Hapus pengguna</button></p>
</form>
"""

play = APIRouter(prefix=HERE, default_response_class=HTMLResponse)


def _store(request: Request) -> Store:
    """Return the store, for a form of this page only: another site must not press its buttons."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise refusal(403, 300, "Not from another site.")
    store: Store = request.app.state.store
    return store


@play.get("")
async def show(request: Request) -> HTMLResponse:
    store = _store(request)
    rows = (
        ROW.format(
            here=HERE,
            id=one["id"],
            topic=escape(one["topic"]),
            when=escape(_when(one, store.now())),
            inside=inside(store, str(one["id"])),
        )
        for one in store.meetings.values()
    )
    users = "".join(_user(user) for user in store.users)
    return HTMLResponse(PAGE.format(here=HERE, rows="".join(rows) or "<p>Belum ada rapat.</p>", users=users))


def _user(user: JSON) -> str:
    active = user["status"] == "active"
    return USER.format(
        here=HERE,
        id=escape(user["id"]),
        name=escape(user["display_name"]),
        email=escape(user["email"]),
        status="aktif" if active else "nonaktif",
        turn="deactivate" if active else "activate",
        turn_name="Nonaktifkan" if active else "Aktifkan",
    )


@play.post("/users/{id}")
async def press_user(request: Request, id: str, act: Annotated[str, Form()]) -> RedirectResponse:
    store = _store(request)
    if store.user_or_none(id):
        store.change_user(id, act)
    return RedirectResponse(HERE, 303)


def inside(store: Store, id: str) -> str:
    """Return who is in a meeting now, each with the way out, and the way in."""
    there = store.live.get(id, {"people": {}})["people"]
    people = "".join(
        PERSON.format(
            here=HERE, id=id, connection=number, name=escape(one["user_name"]), email=escape(one["email"] or "(tamu)")
        )
        for number, one in there.items()
    )
    end = END.format(here=HERE, id=id) if there else ""
    return INSIDE.format(here=HERE, id=id, count=len(there), people=people + end)


@play.post("/{id}/join")
async def join(
    request: Request,
    id: str,
    name: Annotated[str, Form(max_length=64)],
    email: Annotated[str, Form(max_length=128)] = "",
) -> RedirectResponse:
    """Come in, as an officer or a guest; who comes in twice has a second device."""
    return await _done(request, lambda store: live.join(store, id, name.strip() or "?", email.strip()))


@play.post("/{id}/leave")
async def leave(request: Request, id: str, connection: Annotated[str, Form()]) -> RedirectResponse:
    return await _done(request, lambda store: live.leave(store, id, connection))


@play.post("/{id}/end")
async def end(request: Request, id: str) -> RedirectResponse:
    return await _done(request, lambda store: live.end(store, id))


async def _done(request: Request, act: Callable[[Store], object]) -> RedirectResponse:
    """Do it, and come back once those who are told of it have been told."""
    store = _store(request)
    try:
        act(store)
    except Refusal as refused:
        if refused.status != 404:  # noqa: PLR2004  two presses at once: it is gone already
            raise
    if store.hooks:
        await run_in_threadpool(store.hooks.settle)
    return RedirectResponse(HERE, 303)


@play.post("/down")
async def go_down(request: Request) -> RedirectResponse:
    _store(request)
    request.app.state.faults.waiting.append(Fault(kind="status", path_prefix="/v2", status=503, body="down", times=10))
    return RedirectResponse(HERE, 303)


@play.post("/{id}")
async def press(
    request: Request, id: str, act: Annotated[str, Form()], topic: Annotated[str, Form()] = ""
) -> RedirectResponse:
    return await _done(request, lambda store: _ACTS[act](store, id, topic) if act in _ACTS else None)


def _next(store: Store, id: str) -> JSON:
    """Return the next date of a series, or the meeting itself."""
    meeting = store.meeting(id)
    now = wire(store.now())
    ahead = [row for row in meeting.get("occurrences", []) if row["status"] == "available" and row["start_time"] > now]
    return ahead[0] if ahead else meeting


def _when(meeting: JSON, now: datetime) -> str:
    dates = [row for row in meeting.get("occurrences", []) if row["status"] == "available"]
    ahead = [row["start_time"] for row in dates if row["start_time"] > wire(now)]
    return f"{len(ahead)} tanggal lagi, berikutnya {ahead[0]}" if ahead else str(meeting["start_time"])


def _later(store: Store, id: str, _topic: str) -> None:
    row = _next(store, id)
    later = datetime.fromisoformat(row["start_time"]) + timedelta(hours=1)
    meetings.update(store, id, {"start_time": wire(later)}, row.get("occurrence_id", ""))


def _skip(store: Store, id: str, _topic: str) -> None:
    if occurrence_id := _next(store, id).get("occurrence_id", ""):
        meetings.delete(store, id, occurrence_id)


def _rename(store: Store, id: str, topic: str) -> None:
    meetings.update(store, id, {"topic": topic}, "")


def _new_passcode(store: Store, id: str, _topic: str) -> None:
    meetings.update(store, id, {"password": meetings.passcode()}, "")


def _delete(store: Store, id: str, _topic: str) -> None:
    meetings.delete(store, id, "")


_ACTS: dict[str, Callable[[Store, str, str], None]] = {
    "rename": _rename,
    "later": _later,
    "skip": _skip,
    "passcode": _new_passcode,
    "delete": _delete,
}
