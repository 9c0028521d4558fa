"""A day's log as an officer writes it, with and without htmx."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub.models import Account, LogEntry, MarkKind, Role
from tests.conftest import MORNING, TODAY, World, count_queries, plan_range
from tests.test_day_store import mark

HTMX = {"HX-Request": "true"}
YESTERDAY = TODAY - timedelta(days=1)


def _payload(**overrides: str) -> dict[str, str]:
    given = {"text": "Memeriksa berkas KK", "start": "07.20", "end": "07.55", "quantity": "3", "unit": "berkas"}
    return {**given, "idempotency_key": str(uuid4()), **overrides}


def _written(world: World) -> list[Any]:
    with world.database.reading() as db:
        return list(db.execute(sa.select(LogEntry.__table__).order_by(LogEntry.id)))


def _request_of(world: World, username: str, *, by: str = "ben") -> int:
    """Take a request in and lay it on somebody's desk."""
    form = {"service_type": "family_card", "applicant": "Novi T.", "channel": "counter"}
    path = world.client(by).post("/requests", data={**form, "idempotency_key": str(uuid4())}).headers["location"]
    handed = world.client("dewi").post(f"{path}/assign", data={"assignee": world.officer_id(username)})
    assert handed.status_code == 303
    return int(path.rsplit("/", 1)[1])


def test_a_line_sent_again_with_other_words_is_told_and_can_be_added(world: World) -> None:
    ben, form = world.client("ben"), _payload()
    assert ben.post("/worklog", data=form).status_code == 303
    told = ben.post("/worklog", data=form | {"text": "Membalas pesan", "start": "08.00", "end": "08.30"})
    assert told.status_code == 409
    assert 'value="Membalas pesan"' in told.text
    key = re.search(r'name="idempotency_key"\s+value="([^"]+)"', told.text)
    assert key
    other = {"text": "Membalas pesan", "start": "08.00", "end": "08.30", "idempotency_key": key[1]}
    assert ben.post("/worklog", data=form | other).status_code == 303
    assert [row.text for row in _written(world)] == ["Memeriksa berkas KK", "Membalas pesan"]


def test_a_day_is_written_added_up_and_submitted(world: World) -> None:
    ben = world.client("ben")
    page = ben.get("/worklog")
    assert "Senin, 23 November 2026" in page.text
    assert "Belum ada catatan" in page.text
    assert ben.post("/worklog", data=_payload()).headers["location"] == "/worklog"
    ben.post("/worklog", data=_payload(text="Membalas pesan", start="8:00", end="08:25", quantity="", unit=""))
    page = ben.get("/worklog")
    assert "1 jam" in page.text
    assert "dari 7 jam 30 menit" in page.text, "the target is the rule's: 7.30 to 16.00 without an hour"
    assert "3 berkas" in page.text
    assert "Atasan: Dewi Ondang" in page.text
    assert 'action="/worklog/submit"' not in page.text, "one tap asks first"
    asked = ben.get(f"/worklog/submit?date={TODAY}")
    assert "Kirim catatan hari itu ke atasan?" in asked.text
    assert re.search(r"1 jam</b>\s*dari 7 jam 30 menit", asked.text)
    assert "Ya, kirim ke atasan" in asked.text
    done = ben.post("/worklog/submit", data={"date": TODAY.isoformat()})
    assert done.headers["location"] == "/worklog"
    page = ben.get("/worklog")
    assert "Terkirim" in page.text
    assert "terkirim: 1 jam" in page.text
    assert 'id="log-add"' not in page.text
    assert "/edit" not in page.text
    again = ben.post("/worklog/submit", data={})
    assert again.status_code == 303
    assert "sudah dikirim" in ben.get("/worklog").text
    assert ben.get("/worklog/submit").headers["location"] == "/worklog"


def test_an_empty_day_is_not_asked_about_and_a_locked_one_offers_no_tap(world: World) -> None:
    ben = world.client("ben")
    _request_of(world, "ben")
    assert ben.get(f"/worklog/submit?date={YESTERDAY}").headers["location"] == f"/worklog?date={YESTERDAY}"
    assert ben.get("/worklog/submit?date=kemarin").status_code == 422
    assert "Satu ketukan memulai catatan" in ben.get("/worklog").text
    ben.post("/worklog", data=_payload())
    ben.post("/worklog/submit", data={})
    assert "Satu ketukan" not in ben.get("/worklog").text


def test_a_locked_day_answers_with_a_conflict_in_clear_words(world: World) -> None:
    ben = world.client("ben")
    ben.post("/worklog", data=_payload())
    entry = _written(world)[0].id
    ben.post("/worklog/submit", data={})
    for answer in (
        ben.post("/worklog", data=_payload()),
        ben.get(f"/worklog/{entry}/edit"),
        ben.post(f"/worklog/{entry}/edit", data=_payload()),
        ben.post(f"/worklog/{entry}/delete"),
    ):
        assert answer.status_code == 409
        assert "terkunci" in answer.text
    assert len(_written(world)) == 1


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("text", ""),
        ("text", "x" * 201),
        ("text", "KK 7107015501900001"),
        ("start", "pagi"),
        ("start", "25.00"),
        ("end", "07.20"),
        ("end", "07.00"),
        ("quantity", "-1"),
        ("quantity", "10000"),
        ("quantity", "dua"),
        ("unit", "u" * 25),
        ("date", "2026-11-24"),
    ],
)
def test_what_is_wrong_is_said_and_what_was_typed_is_kept(world: World, field: str, typed: str) -> None:
    answer = world.client("ben").post("/worklog", data=_payload(**{field: typed}))
    assert answer.status_code == 422
    assert re.search(r'role="alert"', answer.text)
    if field != "date":
        assert f'id="log-{field}-error"' in answer.text
    if field != "text":
        assert 'value="Memeriksa berkas KK"' in answer.text
    assert _written(world) == []


def test_the_quick_form_of_the_start_page_needs_only_text_and_times(world: World) -> None:
    ben = world.client("ben")
    assert ben.post("/worklog", data={"text": "Rapat", "start": "09.00", "end": "09.30"}).status_code == 303
    row = _written(world)[0]
    assert (row.date, row.text, row.quantity, row.unit) == (TODAY, "Rapat", None, "")


def test_an_earlier_day_is_written_by_form_or_by_address_and_a_later_one_is_refused(world: World) -> None:
    ben = world.client("ben")
    first = ben.post("/worklog", data=_payload(date=YESTERDAY.isoformat()))
    second = ben.post(f"/worklog?date={YESTERDAY}", data=_payload(start="08.00", end="09.00"))
    assert first.headers["location"] == second.headers["location"] == f"/worklog?date={YESTERDAY}"
    assert [row.date for row in _written(world)] == [YESTERDAY, YESTERDAY]
    assert "Minggu, 22 November 2026" in ben.get(f"/worklog?date={YESTERDAY}").text
    for address in ("/worklog?date=2026-11-24", "/worklog?date=1999-01-01", "/worklog?date=kemarin"):
        assert ben.get(address).status_code == 422
    for typed in ("kemarin", YESTERDAY.isoformat()):
        assert ben.post("/worklog", data=_payload(date=typed, end="x")).status_code == 422
    assert ben.post("/worklog/submit", data={"date": "kemarin"}).status_code == 422
    assert ben.post("/worklog/submit", data={"date": "2026-11-21"}).status_code == 422


def test_a_day_off_has_no_target_and_the_working_day_before_is_offered(world: World) -> None:
    page = world.client("ben").get(f"/worklog?date={YESTERDAY}")
    assert "<meter" not in page.text
    assert 'href="/worklog?date=2026-11-20"' in page.text
    viewer = world.viewer("ben")
    with world.database.transaction() as db:
        plan_range(db, viewer, viewer.officer_id, TODAY, note="Cuti tahunan")
    page = world.client("ben").get("/worklog")
    assert "<meter" not in page.text, "no work is expected on leave"
    assert "Cuti tahunan" in page.text


def test_one_tap_on_a_request_leads_to_the_form_with_its_words_and_stores_nothing(world: World) -> None:
    request_id, ben = _request_of(world, "ben"), world.client("ben")
    page = ben.get("/worklog")
    assert "Kartu keluarga (KK), Novi T." in page.text
    assert f'href="/worklog?request_id={request_id}#log-add"' in page.text
    asked = ben.post("/worklog", data={"request_id": str(request_id)})
    assert asked.headers["location"] == f"/worklog?request_id={request_id}#log-add"
    form = ben.get(asked.headers["location"]).text
    assert 'value="Kartu keluarga (KK), Novi T., PM-2611-0001"' in form
    assert 'value="07.10"' in form
    assert re.search(rf'<option value="{request_id}" selected', form)
    assert _written(world) == []


@pytest.mark.parametrize(("length", "ends"), [("15", "07.25"), ("30", "07.40"), ("60", "08.10")])
def test_a_press_on_a_length_says_when_it_ended(world: World, length: str, ends: str) -> None:
    request_id, ben = _request_of(world, "ben"), world.client("ben")
    given = _payload(text="KK Novi T.", start="710", end="", length=length, request_id=str(request_id))
    assert ben.post("/worklog", data=given).status_code == 303
    row = _written(world)[0]
    assert (f"{row.ends:%H.%M}", row.service_request_id) == (ends, request_id)
    assert f"07.10 – {ends}" in ben.get("/worklog").text


def test_without_an_end_and_without_a_length_the_form_asks_for_one(world: World) -> None:
    ben = world.client("ben")
    answer = ben.post("/worklog", data=_payload(end="", start="800"))
    assert answer.status_code == 422
    assert "Tulis jam selesainya" in answer.text
    assert 'value="08.00"' in answer.text, "what was typed comes back as it was understood"
    assert ben.post("/worklog", data=_payload(length="600")).status_code == 422
    assert _written(world) == []


def test_on_an_earlier_day_a_tap_leads_to_the_form_with_the_request_chosen(world: World) -> None:
    request_id, ben = _request_of(world, "ben"), world.client("ben")
    page = ben.get(f"/worklog?date={YESTERDAY}&request_id={request_id}")
    assert re.search(rf'<option value="{request_id}" selected', page.text)
    asked = ben.post(f"/worklog?date={YESTERDAY}", data={"request_id": request_id})
    assert asked.headers["location"] == f"/worklog?date={YESTERDAY}&request_id={request_id}#log-add"
    assert _written(world) == []


def test_a_doubtful_sum_is_said_before_sending_and_sent_when_the_person_stands_by_it(world: World) -> None:
    ben = world.client("ben")
    for _n in range(4):
        ben.post("/worklog", data=_payload(start="07.30", end="16.00"))
    asked = ben.get("/worklog/submit").text
    assert "Apakah ini benar?" in asked
    assert "34 jam" in asked
    assert "lebih lama daripada satu hari" in asked
    assert "07.30 – 16.00 dan 07.30 – 16.00" in asked
    shown = re.search(r'name="minutes" value="(\d+)"', asked)
    assert shown
    ben.post("/worklog", data=_payload(start="17.00", end="18.00"))
    late = ben.post("/worklog/submit", data={"minutes": shown[1]})
    assert late.headers["location"] == f"/worklog/submit?date={TODAY}", "another tab added an entry: asked again"
    assert "sudah berubah" in ben.get(late.headers["location"]).text
    assert ben.post("/worklog/submit", data={"minutes": "2100"}).headers["location"] == "/worklog"
    assert "Terkirim" in ben.get("/worklog").text


def test_a_day_without_doubts_is_asked_about_in_one_line(world: World) -> None:
    ben = world.client("ben")
    ben.post("/worklog", data=_payload())
    assert "Apakah ini benar?" not in ben.get("/worklog/submit").text


def test_a_night_is_written_with_its_end_on_the_next_day(world: World) -> None:
    ben = world.client("ben")
    assert ben.post("/worklog", data=_payload(start="22", end="6")).status_code == 303
    page = ben.get("/worklog").text
    assert "22.00 – 06.00 (hari berikutnya)" in page
    assert "8 jam" in page
    assert world.client("ana").get(f"/attendance/{world.officer_id('ben')}/{TODAY}").status_code == 200


def test_after_a_log_is_sent_no_button_leads_to_a_page_without_a_form(world: World) -> None:
    ben = world.client("ben")
    request_id = _request_of(world, "ben")
    ben.post("/worklog", data=_payload())
    assert 'href="/worklog#log-add"' in ben.get("/").text
    ben.post("/worklog/submit", data={})
    today = ben.get("/").text
    assert "#log-add" not in today
    assert "Sudah dikirim" in today
    page = ben.get("/worklog").text
    assert "#log-add" not in page
    assert f"request_id={request_id}" not in page


def test_a_request_of_somebody_else_starts_nothing(world: World) -> None:
    hers = _request_of(world, "tia", by="tia")
    assert world.client("ben").post("/worklog", data={"request_id": hers}).status_code == 403
    assert world.client("ben").post("/worklog", data={"request_id": 999}).status_code == 404
    assert world.client("ben").get(f"/worklog?request_id={hers}").status_code == 403
    assert world.client("ben").get("/worklog?request_id=999").status_code == 404
    assert world.client("ben").post("/worklog", data={"request_id": "x"}).status_code == 422
    assert world.client("ben").post("/worklog", data=_payload(request_id=str(hers))).status_code == 403
    assert _written(world) == []


def test_an_entry_is_edited_on_its_page(world: World) -> None:
    ben = world.client("ben")
    ben.post("/worklog", data=_payload())
    entry = _written(world)[0].id
    page = ben.get(f"/worklog/{entry}/edit")
    assert 'value="07.20"' in page.text
    assert "hx-post" not in page.text, "its target is not on this page"
    bad = ben.post(f"/worklog/{entry}/edit", data=_payload(end="07.00", text="Lain"))
    assert (bad.status_code, 'value="Lain"' in bad.text) == (422, True)
    worse = ben.post(f"/worklog/{entry}/edit", data=_payload(end="x", text="Lain"))
    assert (worse.status_code, 'value="Lain"' in worse.text) == (422, True)
    good = ben.post(f"/worklog/{entry}/edit", data=_payload(text="Lain", version="1"))
    assert good.headers["location"] == "/worklog"
    stale = ben.post(f"/worklog/{entry}/edit", data=_payload(text="Ketiga", version="1"))
    assert (stale.status_code, 'value="Ketiga"' in stale.text) == (409, True)
    assert re.search(r'name="version"\s+value="2"', stale.text), "having read why, one may save over it"
    assert _written(world)[0].text == "Lain"


def test_with_htmx_the_form_replaces_the_row_and_the_day_comes_back(world: World) -> None:
    ben = world.client("ben")
    ben.post("/worklog", data=_payload())
    entry = _written(world)[0].id
    form = ben.get(f"/worklog/{entry}/edit", headers=HTMX)
    assert form.text.strip().startswith(f'<li id="entry-{entry}"')
    assert "<html" not in form.text
    bad = ben.post(f"/worklog/{entry}/edit", data=_payload(end="07.00"), headers=HTMX)
    assert bad.status_code == 422
    assert bad.text.strip().startswith(f'<li id="entry-{entry}"')
    good = ben.post(f"/worklog/{entry}/edit", data=_payload(end="08.20", version="1"), headers=HTMX)
    assert good.headers["hx-retarget"] == "#log-card"
    assert "1 jam" in good.text
    assert re.search(r'id="log-state"[^>]*hx-swap-oob="true"', good.text, re.DOTALL)
    added = ben.post("/worklog", data=_payload(start="09.00", end="09.10"), headers=HTMX)
    assert "<html" not in added.text
    assert [added.text.count(f'id="{name}"') for name in ("log-add", "log-card", "log-state", "toasts")] == [1, 1, 1, 1]
    assert "1 jam 10 menit" in added.text
    refused = ben.post("/worklog", data=_payload(end="x"), headers=HTMX)
    assert (refused.status_code, 'id="log-card"' in refused.text) == (422, False)
    toasts = re.search(r'id="toasts"[^>]*hx-swap-oob="innerHTML"[^>]*>(.*?)</div>', refused.text, re.DOTALL)
    assert toasts, "what was said of the entry before goes when this one is refused"
    assert toasts[1].strip() == ""
    assert "log-card" in ben.get("/worklog", headers=HTMX).text


def test_an_entry_is_removed_after_a_question(world: World) -> None:
    ben = world.client("ben")
    ben.post("/worklog", data=_payload())
    path = f"/worklog/{_written(world)[0].id}/delete"
    assert "Hapus catatan ini?" in ben.get(path).text
    assert len(_written(world)) == 1
    assert ben.post(path).headers["location"] == "/worklog"
    assert _written(world) == []
    assert ben.post(path).status_code == 404


def test_overlapping_entries_are_warned_of_not_refused(world: World) -> None:
    ben = world.client("ben")
    ben.post("/worklog", data=_payload())
    assert "bertumpuk" not in ben.get("/worklog").text
    ben.post("/worklog", data=_payload(start="07.50", end="08.00"))
    page = ben.get("/worklog")
    assert "bertumpuk" in page.text
    assert "07.20 – 07.55 dan 07.50 – 08.00" in page.text
    assert "45 menit" in page.text


def test_the_sum_stands_beside_the_hours_of_the_marks(world: World) -> None:
    ben = world.client("ben")
    ben.post("/worklog", data=_payload())
    assert "Hadir menurut presensi" not in ben.get("/worklog").text, "without a mark nothing is said"
    officer_id = world.officer_id("ben")
    with world.database.transaction() as db:
        db.add(mark(officer_id, TODAY, attempted_at=MORNING - timedelta(hours=1)))
        db.add(mark(officer_id, TODAY, turn=2, kind=MarkKind.CHECK_OUT, mode=None, attempted_at=MORNING))
    assert "Hadir menurut presensi: 1 jam<" in ben.get("/worklog").text


def test_what_the_day_proposes_follows_what_was_written(world: World) -> None:
    ben = world.client("ben")
    request_id = _request_of(world, "ben")
    assert 'id="log-proposals"' in ben.get("/worklog").text
    told = ben.post("/worklog", data=_payload(request_id=request_id), headers={"HX-Request": "true"}).text
    assert re.search(r'id="log-helps"[^>]+hx-swap-oob="true"', told)
    assert 'id="log-proposals"' not in told, "the request has its own line now"


def test_a_log_is_its_officers_own(world: World) -> None:
    world.client("ben").post("/worklog", data=_payload())
    entry = _written(world)[0].id
    for name, status in [("ana", 403), ("tia", 403), ("oka", 404), (None, 303)]:
        other = world.client(name)
        assert other.get(f"/worklog/{entry}/edit").status_code == status
        assert other.get(f"/worklog/{entry}/delete").status_code == status
        assert other.post(f"/worklog/{entry}/edit", data=_payload()).status_code == status
        assert other.post(f"/worklog/{entry}/delete").status_code == status
    assert "Memeriksa berkas KK" not in world.client("tia").get("/worklog").text


def test_an_account_without_an_officer_has_a_page_and_no_form(world: World) -> None:
    with world.database.transaction() as db:
        db.execute(sa.update(Account).where(Account.username == "adi").values(officer_id=None, role=Role.ADMIN))
    adi = world.client("adi")
    page = adi.get("/worklog")
    assert page.status_code == 200
    assert 'name="text"' not in page.text
    assert adi.post("/worklog", data=_payload()).status_code == 403
    assert adi.post("/worklog", data={"request_id": 1}).status_code == 403
    assert adi.post("/worklog/submit", data={}).status_code == 403


def test_the_page_stays_within_eight_statements(world: World) -> None:
    ben = world.client("ben")
    for n in range(6):
        _request_of(world, "ben")
        ben.post("/worklog", data=_payload(start=f"{n + 8:02}.00", end=f"{n + 8:02}.30"))
    with count_queries(world.database) as queries:
        assert ben.get("/worklog").status_code == 200
    assert len(queries) <= 8, queries
