"""Hari ini: nothing is silent about time, and nothing is refused for it."""

import re
from datetime import time, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from staffhub import leave, worklog
from staffhub.leave.asking import Wish
from staffhub.models import Channel, Mark, MarkKind, Office, Posting, RequestState, ServiceType
from staffhub.service_requests import one, steps
from tests.conftest import MORNING, TODAY, World, count_queries, plan_range

HTMX = {"HX-Request": "true"}


def _tap(world: World, who: str, minutes: int, mode: str = "office", **headers: str) -> str:
    """Check in so many minutes after 07.12; return the page that follows."""
    world.at(MORNING + timedelta(minutes=minutes))
    client = world.client(who, **headers)
    answer = client.post("/presence/check-in", data={"mode": mode, "idempotency_key": str(uuid4())})
    return str(answer.text if headers else client.get("/").text)


def _leave(world: World, who: str, minutes: int, **changed: str) -> str:
    """Press what the page offers at that moment, with what its form holds; return what is shown then."""
    world.at(MORNING + timedelta(minutes=minutes))
    client = world.client(who)
    page = client.get("/").text
    form = re.search(r'<form(?:(?!</form>).)*action="/presence/check-out".*?</form>', page, re.DOTALL)
    assert form
    held = dict(re.findall(r'type="hidden"\s+name="(\w+)"\s+value="([^"]*)"', form[0]))
    answer = client.post("/presence/check-out", data=held | changed)
    return str(answer.text if answer.status_code == 200 else client.get("/").text)


def _outs(world: World) -> int:
    with world.database.reading() as db:
        return len(db.scalars(sa.select(Mark.id).where(Mark.kind == MarkKind.CHECK_OUT)).all())


def test_who_is_late_is_told_at_once_in_hours_and_minutes(world: World) -> None:
    page = _tap(world, "ben", 454)
    assert "Anda masuk 7 jam 16 menit setelah jam masuk." in page
    assert "436 menit" not in page
    assert "setelah jam masuk" in _tap(world, "cy", 30, **HTMX), "and in the card that htmx brings"


def test_who_comes_in_time_or_goes_on_field_duty_is_told_nothing(world: World) -> None:
    assert "setelah jam masuk" not in _tap(world, "ben", 18)
    assert "setelah jam masuk" not in _tap(world, "cy", 200, mode="field")


def test_before_the_check_in_the_page_says_how_long_ago_work_began(world: World) -> None:
    assert "Jam masuk Anda 07.30." in world.client("ben").get("/").text
    world.at(MORNING + timedelta(minutes=83))
    page = world.client("ben").get("/").text
    assert "Jam masuk 07.30, sudah lewat 1 jam 5 menit." in page
    assert 'data-now="2026-11-23T08:35:00+08:00"' in page, "the clock runs by the server's time"


def test_leaving_early_is_asked_once_and_never_refused(world: World) -> None:
    _tap(world, "ben", 0)
    asked = _leave(world, "ben", 466)
    assert "Pulang 1 jam 2 menit lebih cepat?" in asked
    assert _outs(world) == 0
    done = _leave(world, "ben", 467, sure="1")
    assert "Presensi pulang tercatat 14.59 WITA" in done
    assert "Anda pulang 1 jam 1 menit sebelum jam pulang." in done
    assert _outs(world) == 1


def test_the_question_holds_the_answer_that_is_pressed_without_scripts(world: World) -> None:
    _tap(world, "ben", 0)
    asked = _leave(world, "ben", 466)
    form = re.search(r'<form(?:(?!</form>).)*name="sure".*?</form>', asked, re.DOTALL)
    assert form
    assert 'method="post"' in form[0]
    held = dict(re.findall(r'type="hidden"\s+name="(\w+)"\s+value="([^"]*)"', form[0]))
    assert world.client("ben").post("/presence/check-out", data=held).status_code == 303
    assert _outs(world) == 1


def test_nobody_is_asked_at_the_end_of_the_day_on_field_duty_or_twice(world: World) -> None:
    _tap(world, "ben", 0)
    assert "Presensi pulang tercatat 16.00 WITA" in _leave(world, "ben", 528)
    _tap(world, "cy", 0, mode="field")
    assert "Presensi pulang tercatat" in _leave(world, "cy", 300)
    late_tab = world.client("ben").post(
        "/presence/check-out", data={"idempotency_key": str(uuid4()), "until": "2026-11-24T16:00:00+08:00"}
    )
    assert late_tab.status_code == 303, "who has left already is not asked whether to leave"
    assert _outs(world) == 2


@pytest.mark.parametrize(
    "until", ["", "x", "2026-11-23", "2026-11-23T16:00:00", "9" * 300, "0001-01-01T00:00:00+14:00"]
)
def test_a_strange_end_of_the_day_keeps_nobody_from_leaving(world: World, until: str) -> None:
    _tap(world, "ben", 0)
    answer = world.client("ben").post("/presence/check-out", data={"idempotency_key": str(uuid4()), "until": until})
    assert answer.status_code == 303
    assert _outs(world) == 1


def test_after_moves_one_line_tells_the_way_of_the_day(world: World) -> None:
    _tap(world, "ben", 454, mode="home")
    page = _tap(world, "ben", 466, mode="field")
    assert "Masuk 14.46 Rumah, 14.58 Dinas luar." in page
    assert "Masuk 14.46 Rumah, 14.58 Dinas luar, pulang 16.02." in _leave(world, "ben", 530)
    page = _tap(world, "ben", 590)
    assert "Masuk 14.46 Rumah, 14.58 Dinas luar, pulang 16.02, masuk 17.02 Kantor." in page


def test_the_page_costs_at_most_eight_statements_also_when_it_asks(world: World) -> None:
    _tap(world, "ben", 0)
    world.at(MORNING + timedelta(minutes=466))
    client = world.client("ben")
    with count_queries(world.database) as seen:
        client.get("/")
    assert len(seen) <= 8, seen
    with count_queries(world.database) as seen:
        client.post("/presence/check-in", data={"mode": "field", "idempotency_key": str(uuid4())})
    assert len(seen) <= 4, seen


def _needs(world: World, who: str) -> dict[str, tuple[str, str]]:
    """What the page of who leads begins with: address of the action -> what it is, and the action."""
    page = world.client(who).get("/").text
    found = re.search(r'<section class="card" id="needs".*?</section>', page, re.DOTALL)
    assert found
    assert page.index(found[0]) < page.index("presence-card"), "what is to be done comes first"
    lines = re.findall(r'class="btn tight"\s+href="([^"]+)">([^<]+)<span class="vh">: ([^<]+)</span>', found[0])
    assert bool(lines) or "Tidak ada yang menunggu Anda." in found[0]
    return {address.replace("&amp;", "&"): (text, action) for address, action, text in lines}


def _numbers(world: World, who: str) -> dict[str, int]:
    return {address: int(text.split()[0]) for address, (text, _action) in _needs(world, who).items()}


def test_who_leads_begins_with_what_is_out_of_order_and_each_leads_to_exactly_those(world: World) -> None:
    _tap(world, "ben", 30)
    world.at(MORNING + timedelta(minutes=60))
    for who, missing in (("dewi", 6), ("hana", 6), ("ana", 2)):
        own = f"&division={world.viewer('ana').division_id}" if who == "ana" else ""
        found = _numbers(world, who)
        assert found == {f"/board?mode=pending{own}": missing, "/roster/calls": 1 if own else 2}
        for address, number in found.items():
            page = world.client(who).get(address)
            assert page.status_code == 200
            if "pending" in address:
                assert len(re.findall(r'class="person"', page.text)) == number
            if "short" in address:
                assert len(re.findall(r'class="card\s+lack"', page.text)) == number


def test_a_day_that_needs_a_decision_is_counted_and_found_in_the_month(world: World) -> None:
    _tap(world, "ben", 0)
    world.at(MORNING + timedelta(days=1))
    for who in ("hana", "dewi", "ana"):
        with world.database.transaction() as db:
            db.execute(sa.update(Office).values(recorded_from=TODAY + timedelta(days=1)))
        assert _numbers(world, who)["/attendance?show=open"] == 1
        assert "Ben Tumiwa" in world.client(who).get("/attendance?show=open").text


def _requests(world: World) -> None:
    """In ana's bidang one is overdue, an urgent one deferred, one is Ben's; elsewhere one is overdue."""
    head, ben = world.viewer("dewi"), world.officer_id("ben")
    with world.database.transaction() as db:
        db.execute(sa.update(ServiceType).values(service_hours=1))
        told = {"applicant": "Novi T.", "channel": Channel.COUNTER, "urgent_why": "Lansia"}
        friday = MORNING - timedelta(days=3)
        for service, at, urgent in (
            ("family_card", friday, False),
            ("birth_certificate", friday, False),
            ("ektp_recording", MORNING, True),
            ("move_certificate", MORNING, False),
        ):
            given = {"service_type": service, "urgent": urgent, "key": str(uuid4()), "now": at}
            taken = steps.take_in(db, head, **told, **given)
            request = one.request_for(db, head, taken.id, now=at)
            if urgent:
                steps.change_state(db, head, request, state=RequestState.CHECKING, now=at)
                request = one.request_for(db, head, taken.id, now=at)
                steps.change_state(db, head, request, state=RequestState.DEFERRED, now=at)
            if service == "move_certificate":
                steps.assign(db, head, request, assignee_id=ben, now=at)


def test_a_head_is_told_of_requests_in_the_own_scope_only(world: World) -> None:
    desk = {"/roster/calls": 1}
    assert _numbers(world, "dewi") == desk, "before work begins nobody is missing; a desk that nobody will keep is told"
    _requests(world)
    first = {"/requests?due=late": 2, "/requests?state=deferred": 1, "/requests/unassigned": 3} | desk
    assert _numbers(world, "dewi") == first
    late = f"/requests?due=late&division={world.viewer('ana').division_id}"
    assert _numbers(world, "ana") == {late: 1, "/requests?state=deferred": 1, "/requests/unassigned": 2}
    for who, address, own, other in (
        ("ana", late, "0001", ("0002", "0004")),
        ("dewi", "/requests?due=late", "0002", ()),
    ):
        page = world.client(who).get(address).text
        assert f"PM-2611-{own}" in page.partition('id="requests-found"')[2], "the overdue ones of the own scope"
        assert not any(f"PM-2611-{one}" in page.partition('id="requests-found"')[2] for one in ("0003", "0004", *other))
    assert _numbers(world, "hana")["/requests?assignee=none"] == 3, "HR hands nothing out, and is led to no closed door"
    for who, address in (("dewi", "/requests/unassigned"), ("hana", "/requests?assignee=none")):
        assert world.client(who).get(address).status_code == 200
    head, ben = world.viewer("ana"), world.officer_id("ben")
    with world.database.transaction() as db:
        plan_range(db, head, ben, TODAY)
    assert _numbers(world, "ana")["/requests/unassigned"] == 3, "who is on leave does not work on it"
    listed = world.client("dewi").get("/requests").text
    assert listed.index("terlambat") < listed.index("PM-2611-0004")


def test_leave_that_waits_for_a_head_is_told_with_the_page_where_it_is_decided(world: World) -> None:
    asked = Wish("annual", TODAY + timedelta(days=14), TODAY + timedelta(days=14), note="Keluarga")
    ben = world.viewer("ben")
    with world.database.transaction() as db:
        leave.ask(db, ben, asked, key=str(uuid4()), now=world.now)
    assert _needs(world, "dewi")["/leave"] == ("1 permintaan cuti perlu keputusan", "Putuskan")
    assert "/leave" not in _needs(world, "ana"), "nobody named ana as superior"


def test_logs_that_wait_for_whoever_is_above_are_told(world: World) -> None:
    ben, ana = world.viewer("ben"), world.viewer("ana")
    line: dict[str, Any] = {"text": "Memeriksa berkas", "starts": time(8), "ends": time(9), "key": str(uuid4())}
    with world.database.transaction() as db:
        db.execute(sa.update(Posting).where(Posting.officer_id == ben.officer_id).values(superior_id=ana.officer_id))
        worklog.write(db, ben, day=TODAY, now=world.now, **line)
        worklog.submit(db, ben, day=TODAY, now=world.now)
    assert _needs(world, "ana")["/worklog/verify"] == ("1 catatan harian perlu diverifikasi", "Verifikasi")
    assert "/worklog/verify" not in _needs(world, "dewi")
    assert "Ben Tumiwa" in world.client("ana").get("/worklog/verify").text


def test_staff_see_no_office_line_and_those_who_lead_still_check_in_with_one_tap(world: World) -> None:
    assert 'id="needs"' not in world.client("ben").get("/").text
    for who in ("dewi", "hana", "ana"):
        page = world.client(who).get("/").text
        assert re.search(r'class="btn main"\s+name="mode"\s+value="office"', page)
        assert "Anda masuk" in _tap(world, who, 60)


@pytest.mark.parametrize("who", ["dewi", "hana", "ana", "ben"])
def test_the_page_of_who_leads_costs_at_most_eight_statements_too(world: World, who: str) -> None:
    client = world.client(who)
    with count_queries(world.database) as seen:
        page = client.get("/")
    assert len(seen) <= 8, seen
    assert len(page.content) < 20_000
