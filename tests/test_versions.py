"""Nobody's edit is lost in silence: a page that shows an older picture is told, and keeps what was typed."""

from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient

from staffhub import people
from staffhub.db import Database, insert_unless_there, write_over
from staffhub.errors import Conflict
from staffhub.models import AuditEvent, Claim, Holiday, HolidayKind, LogEntry, Posting, Role
from tests.conftest import MORNING, TODAY, World, race
from tests.page_forms import Values, form_of
from tests.test_access import WHO, _belongings

POSTGRES = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


@dataclass(frozen=True)
class Edit:
    """Where the form stands, who sends it, and what two tabs type into it; `typed` must be there after the refusal.

    `after` is the edit that the first tab makes, when it is not the same form.
    """

    page: str
    who: str
    first: dict[str, str] = field(default_factory=dict)
    second: dict[str, str] = field(default_factory=dict)
    typed: str = ""
    after: str = ""


# Every form that changes what stands, with two edits that differ.
EDITS = {
    "/admin/office/letterhead": Edit(
        "/admin/office",
        "hana",
        {"signing_place": "Ratahan"},
        {"paper": "a4", "signing_place": "Amurang"},
        "Amurang",
    ),
    "/admin/office/divisions/{division_id}": Edit(
        "/admin/office", "hana", {"short_name": "Daduk"}, {"short_name": "Dafdukcil"}, "Dafdukcil"
    ),
    "/admin/machines/{machine_id}": Edit(
        "/admin/machines/{machine_id}", "hana", {"name": "Lobi 2"}, {"name": "Lobi 3"}, "Lobi 3"
    ),
    "/admin/rules/{rule_id}/edit": Edit(
        "/admin/rules/{rule_id}/edit", "hana", {"legal_source": "SK 2"}, {"legal_source": "SK 3"}, "SK 3"
    ),
    "/admin/rules/{rule_id}/succeed": Edit(
        "/admin/rules/{rule_id}/succeed",
        "adi",
        {},
        {"legal_source": "SK 4"},
        after="/admin/rules/{rule_id}/edit",
    ),
    "/admin/rules/{rule_id}/end": Edit(
        "/admin/rules/{rule_id}", "hana", {"last": "2027-06-01"}, {"last": "2027-05-01"}, "2027-05-01"
    ),
    "/admin/rules/{rule_id}/withdraw": Edit("/admin/rules/{rule_id}", "hana", after="/admin/rules/{rule_id}/edit"),
    "/leave/{leave_id}/letter": Edit(
        "/leave/{leave_id}", "hana", {"letter_seen_on": "2026-11-20"}, {"letter_seen_on": "2026-11-19"}, "2026-11-19"
    ),
    "/leave/{leave_id}/decline": Edit("/leave/{leave_id}", "dewi", {"reason": "Ramai"}, {"reason": "Kosong"}),
    "/leave/{leave_id}/stand-in": Edit("/leave/{leave_id}", "dewi", {"stand_in": "{tia}"}, {"stand_in": "{ana}"}),
    "/meetings/{meeting_id}/cancel": Edit("/meetings/{meeting_id}/cancel", "ana", after="/meetings/{meeting_id}/edit"),
    "/meetings/{meeting_id}/edit": Edit(
        "/meetings/{meeting_id}/edit", "ana", {"topic": "Dari kantor"}, {"topic": "Dari rumah"}, "Dari rumah"
    ),
    "/meetings/{meeting_id}/dates/{occurrence_id}": Edit(
        "/meetings/{meeting_id}/dates/{occurrence_id}",
        "ana",
        {"agenda": "Arsip dulu"},
        {"time": "10.45", "agenda": "Loket dulu"},
        "Loket dulu",
    ),
    "/meetings/{meeting_id}/dates/{occurrence_id}/cancel": Edit(
        "/meetings/{meeting_id}/dates/{occurrence_id}", "ana", after="/meetings/{meeting_id}/edit"
    ),
    "/orders/{order_id}/officers": Edit(
        "/orders/{order_id}",
        "hana",
        {"reason": "Perlu kadis", "officer": "{dewi}"},
        {"reason": "Ikut juga", "officer": "{dewi}"},
    ),
    "/orders/{order_id}/withdraw": Edit(
        "/orders/{order_id}", "hana", second={"reason": "Ditunda"}, after="/orders/{order_id}/officers"
    ),
    "/people/{officer_id}/edit": Edit(
        "/people/{officer_id}", "hana", {"position": "Analis"}, {"position": "Penyelia"}, "Penyelia"
    ),
    "/people/{officer_id}/role": Edit("/people/{officer_id}", "adi", {"role": "division_head"}, {"role": "hr"}),
    "/requests/{request_id}/assign": Edit(
        "/requests/{request_id}", "ana", {"assignee": "{tia}"}, {"assignee": "{ana}"}
    ),
    "/requests/{request_id}/correct": Edit(
        "/requests/{request_id}/correct", "ana", {"applicant": "Novi Tan"}, {"applicant": "Novi Tam"}, "Novi Tam"
    ),
    "/requests/{request_id}/state": Edit(
        "/requests/{request_id}",
        "ana",
        {"state": "waiting", "note": "KK"},
        {"state": "signing", "note": "Lengkap"},
        "Lengkap",
    ),
    "/requests/{request_id}/urgency": Edit(
        "/requests/{request_id}", "ana", {"urgent": "1", "why": "Sakit"}, {"urgent": "0", "why": "Sembuh"}, "Sembuh"
    ),
    "/requests/services/{service_id}": Edit(
        "/requests/services/{service_id}", "ana", {"papers": "KK asli"}, {"papers": "KK salinan"}, "KK salinan"
    ),
    "/roster/drafts/{division_id}/{month}/cells": Edit(
        "/roster/drafts/{division_id}/{month}", "ana", {"mode": "home"}, {"mode": "field"}
    ),
    "/roster/{officer_id}/week": Edit("/roster/{officer_id}", "hana", {"mon": "home"}, {"mon": "field"}),
    "/worklog/verify/{report_id}": Edit(
        "/worklog/verify/{report_id}",
        "dewi",
        {"decision": "returned", "note": "Lengkapi jumlahnya"},
        {"decision": "verified", "note": "Sudah baik"},
    ),
    "/worklog/{entry_id}/delete": Edit("/worklog/{entry_id}/delete", "ben", after="/worklog/{entry_id}/edit"),
    "/worklog/{entry_id}/edit": Edit(
        "/worklog/{entry_id}/edit", "ben", {"text": "Dari kantor"}, {"text": "Dari rumah"}, "Dari rumah"
    ),
}
# The rest of what is posted, and why no older picture can undo anybody's edit there.
WITHOUT = {
    "/presence/receipts/{code}/note": "adds a note to a mark, once",
    "/presence/scan": "adds a mark, or a proof to one, once",
    "/admin/places": "adds a place; twice is once",
    "/admin/places/{place_id}/end": "ends what stands; twice is once",
    "/roster/repair": "puts people into the office who are at home by then; twice is told",
    "/requests/appointments/batch": "gives slots that are free by then, all or none; twice is once",
    "/requests/appointments/texts": "shows numbers and writes down who looked",
    "/requests/appointments/told": "notes what was sent; twice is once",
    "/requests/appointments/{appointment_id}/confirm": "notes what the citizen answered; twice is once",
    "/requests/appointments/{appointment_id}/came": "tested with the appointments: one step each",
    "/requests/appointments/{appointment_id}/undo": "tested with the appointments: back to what it was; twice is once",
    "/requests/appointments/{appointment_id}/absent": "tested with the appointments: one step each",
    "/requests/appointments/{appointment_id}/cancel": "ends what stands; twice is once",
    "/requests/{request_id}/appointment": "gives a slot that is free by then; twice is once",
    "/requests/hand-on": "locks whatever the officer holds by now, and says how many they were",
    "/requests/take-back": "takes what lies there by then; twice is once",
    "/requests/hand-over": "sends the version of each request; what was changed is left out and named; tested there",
    "/requests/unassigned": "sends the version of the request it shows; tested with the handing over",
    "/requests/services": "adds a service, once for each name",
    "/requests/services/{service_id}/end": "ends what stands; twice is once",
    "/requests/services/{service_id}/offer": "offers what has ended; twice is once",
    "/requests/{request_id}/reopen": "sends the version it showed; a second one is told where it stands",
    "/account/changes": "notes what was read; only newer events count",
    "/meetings/{meeting_id}/minutes": "adds a line, once for each form; the older ones stay",
    "/meetings/{meeting_id}/who": "names whom nobody knew; who is known by then stays as told",
    "/meetings/{meeting_id}/written": "sends the version it showed, 0 for none; tested with the written standups",
    "/meetings/notes/{note_id}/unblock": "sends the version it showed, tested with the written standups",
    "/meetings/items/{item_id}/end": "sends the version it showed, tested with the minutes; done twice is done",
    "/notices/read": "notes what was read, up to the newest that stood there",
    "/notices/{notice_id}/read": "notes that one was read; twice is once",
    "/account/calendars": "makes a new one in place of what stands; the last one counts",
    "/account/calendars/{feed_id}/end": "ends what stands; twice is once",
    "/account/mail": "one's own choice; the last one counts",
    "/account/channel": "one's own choice; the last one counts",
    "/account/reminder": "one's own choice; the last one counts",
    "/account/locale": "one's own choice; the last one counts",
    "/account/password": "asks for the password that stands",
    "/account/sessions/end-others": "ends what stands; twice is once",
    "/account/sessions/{session_id}/end": "ends what stands; twice is once",
    "/admin/rules/new/{kind}": "adds a rule, once for each form; another one of the same days is refused in words",
    "/admin/tokens": "adds a token, once for each name",
    "/admin/tokens/{token_id}/revoke": "ends what stands; twice is once",
    "/admin/zoom/check": "asks Zoom, and notes who its users are",
    "/admin/zoom/retry": "tries again what is agreed; twice is once",
    "/admin/zoom/hosts/{user_id}/take": "says yes or no of one user; twice is once",
    "/admin/zoom/hosts/{user_id}/leave": "says yes or no of one user; twice is once",
    "/admin/zoom/hosts/{user_id}/hand": "hands on what a host still has; twice is once",
    "/admin/zoom/meetings/{meeting_id}/retry": "tries again what is agreed; twice is once",
    "/admin/machines": "adds a machine, once for each name",
    "/admin/machines/{machine_id}/files": "keeps a file, once for what is in it",
    "/admin/machines/{machine_id}/numbers": "sends the version of the machine; tested with the machines",
    "/admin/machines/files/{reading_id}/columns": "answers a question once; who comes second is told",
    "/admin/machines/files/{reading_id}/clock": "answers a question once; who comes second is told",
    "/admin/holidays": "adds a row; a second one of the date is refused in words",
    "/admin/holidays/{holiday_id}/remove": "names the row, which nobody can edit",
    "/attendance/queue": "shows what would be; nothing is stored",
    "/attendance/queue/decide": "sends the last correction of each day that it showed; tested with the queue",
    "/attendance/sign": "sends the turn and the snapshot that it showed; tested with the signing",
    "/attendance/sign/back": "sends the turn and the snapshot that it showed; tested with the signing",
    "/attendance/sign/close": "sends the turn that it showed; tested with the signing",
    "/admin/office/same-wish": "one number; the newest counts, and each is in the audit trail",
    "/attendance/exports": "asks for a file, once for each form",
    "/attendance/start": "sends the date it showed, and changes that one only; tested with the days",
    "/corrections": "adds a fact; the older ones stay",
    "/corrections/proposals/{proposal_id}": "adds a fact, once for each proposal; a day that has its end is left alone",
    "/corrections/{asked_id}/accept": "sends the last step and the facts it showed; tested with the requests",
    "/corrections/{asked_id}/decline": "sends the last step it showed; tested with the requests",
    "/corrections/{asked_id}/pass-on": "sends the last step it showed; tested with the requests",
    "/corrections/{asked_id}/withdraw": "sends the last step it showed; tested with the requests",
    "/leave": "adds a leave, once for each form; the same wish again is the one that stands",
    "/leave/paper": "adds a leave, once for each form; the same one again is the one that stands",
    "/leave/openings": "adds a fact, once for each form; the newest holds and all stay",
    "/leave/delegates": "adds a row, once for each form",
    "/leave/delegates/{delegate_id}/end": "ends what stands; twice is once, and it says so",
    "/leave/{leave_id}/agree": "sends the version; twice is once, tested with the leave",
    "/leave/{leave_id}/grant": "sends the version; twice is once, tested with the leave",
    "/leave/{leave_id}/shorten": "sends the version; twice is once, tested with the leave",
    "/leave/{leave_id}/withdraw": "sends the version; twice is once, tested with the leave",
    "/login": "adds a session",
    "/logout": "ends what stands; twice is once",
    "/orders": "adds an order, once for each form; a second one of its number is refused in words",
    "/orders/{order_id}/officers/take-out": "sends the version; tested with the orders",
    "/orders/{order_id}/shorten": "sends the version; tested with the orders",
    "/presence/roll-call": "sends the version; tested with the roll calls",
    "/admin/outages": "adds a proposal, once for each form; whoever confirms it sends a version",
    "/admin/outages/{outage_id}": "sends the version; tested with the outages",
    "/exemptions": "adds an exemption, once for each form, after its people were shown",
    "/exemptions/{exemption_id}/take-back": "sends the version; tested with the orders",
    "/meetings": "adds a meeting, once for each form",
    "/meetings/{meeting_id}/link": "renews the link that it showed; twice is once, and it says so",
    "/meetings/{meeting_id}/compare": "looks at Zoom and notes what it has",
    "/meetings/{meeting_id}/start": "changes nothing that stands",
    "/meetings/{meeting_id}/adopt": "tested with the drift: it refuses an older picture",
    "/meetings/{meeting_id}/dates/{occurrence_id}/hold": "tested with the series: it refuses an older picture",
    "/meetings/{meeting_id}/host": "tested with the hosts: it refuses an older picture",
    "/meetings/{meeting_id}/retry": "tested with the meetings: it refuses an older picture",
    "/people": "imports a file, behind a lock on everybody in it",
    "/people/{officer_id}/hand-on/people": "moves whoever has this superior by then; twice is once, and it says so",
    "/people/{officer_id}/hand-on/plan": "takes out what is planned by then; twice is once, and it says so",
    "/people/{officer_id}/hand-on/meetings": "gives on what is organised by then; twice is once, and it says so",
    "/people/import": "sends the digest of all that was shown; tested with the import",
    "/people/import/drop": "drops one's own file; twice is once",
    "/people/{officer_id}/postings/{posting_id}/withdraw": "names the posting; twice is once, and it says so",
    "/people/{officer_id}/disable": "ends what stands; twice is once, and it says so",
    "/people/{officer_id}/enable": "opens what is closed; twice is once, and it says so",
    "/people/{officer_id}/reset-password": "the newest one-time password counts, and each is in the audit trail",
    "/presence/check-in": "adds a fact in a place of its own",
    "/presence/check-out": "adds a fact in a place of its own",
    "/presence/late": "adds a fact in a place of its own",
    "/requests": "adds a request, once for each form",
    "/requests/paste": "stores nothing",
    "/requests/import": "stores nothing",
    "/requests/import/take": "adds requests, once for each row of a file",
    "/requests/{request_id}/reveal": "shows a number and writes down who looked",
    "/standups": "adds a meeting, once for each form",
    "/worklog": "adds an entry, once for each form",
    "/worklog/delegates": "adds a row, once for each form",
    "/worklog/delegates/{log_delegate_id}/end": "ends what stands; twice is once, and it says so",
    "/worklog/proposals": "adds lines, each once",
    "/worklog/copy": "adds lines, each once",
    "/worklog/{entry_id}/template": "adds a template, once for these words",
    "/worklog/templates/{template_id}/remove": "drops one; twice is once",
    "/worklog/take-back": "opens the log of the own day; twice is once, and it says so",
    "/worklog/verify": "verifies each as the page showed it, and names whoever was left out",
    "/worklog/submit": "locks the day; twice is once, and it says so",
    "/roster/calls": "calls a person once for a day; who comes second is told, tested with the calls",
    "/roster/calls/{call_id}/accept": "moves it from what it was; who comes second is told, tested with the calls",
    "/roster/calls/{call_id}/decline": "moves it from what it was; who comes second is told, tested with the calls",
    "/roster/calls/{call_id}/withdraw": "moves it from what it was; who comes second is told, tested with the calls",
    "/roster/swaps": "adds a swap, once for each form; the same wish again is the one that stands",
    "/roster/swaps/{swap_id}/accept": "moves it from what it was; who comes second is told, tested with the swaps",
    "/roster/swaps/{swap_id}/decline": "moves it from what it was; who comes second is told, tested with the swaps",
    "/roster/swaps/{swap_id}/undo": "moves it from what it was; who comes second is told, tested with the swaps",
    "/roster/swaps/{swap_id}/withdraw": "moves it from what it was; who comes second is told, tested with the swaps",
    "/roster/drafts/{division_id}/{month}/excuse": "adds a reason to a day, once; who has another one is told",
    "/roster/drafts/{division_id}/{month}/excuse/take-back": "names the reason that was seen; tested with the drafts",
    "/roster/drafts/{division_id}/{month}/import": "stores nothing",
    "/roster/drafts/{division_id}/{month}/import/take": "names the version of the draft; tested with the sheet",
    "/roster/drafts/{division_id}/{month}/publish": "names the version of the draft; tested with the drafts",
    "/roster/drafts/{division_id}/{month}/undo": "names the version of the draft; tested with the drafts",
    "/roster/wishes": "says where one would like to work on a day; the last word counts, and is one's own",
    "/roster/wishes/{day}/remove": "takes an own wish back; twice is once",
    "/roster/letters/{letter_id}/end": "names the version of the letter; tested with the letters",
    "/roster/letters": "adds a letter, once for each form",
    "/roster/runs": "asks for one, once while it is not over",
    "/roster/runs/{run_id}/stop": "asks one to end; twice is once",
    "/roster/runs/{run_id}/take": "names what was chosen of an outcome that never changes; the drafts have versions",
    "/roster/{officer_id}/exceptions": "adds a range, once for each form; what it covers comes back when it goes",
    "/roster/{officer_id}/exceptions/{grant_id}/shorten": "names the range, which nobody can edit; twice is once",
    "/roster/{officer_id}/exceptions/{grant_id}/take-out": "names the range, which nobody can edit; twice is once",
    "/roster/{officer_id}/exceptions/{grant_id}/withdraw": "names the range, which nobody can edit; twice is once",
    "/roster/{officer_id}/week/remove": "names the week and sends the version of all of them; tested with the plan",
}


def test_every_address_that_takes_a_form_is_in_one_of_the_lists() -> None:
    posted = {path for method, path in WHO if method == "POST"} | {"/login"}
    assert posted == EDITS.keys() | WITHOUT.keys()
    assert EDITS.keys() & WITHOUT.keys() == set()


def _state(world: World) -> list[Any]:
    """What edits could change, but for the marks of when; audit events tell who did what."""
    tables = (
        "leave_request",
        "meeting",
        "officer",
        "account",
        "service_request",
        "request_event",
        "log_entry",
        "week_pattern",
        "rule_set",
        "office",
        "duty_assignment",
        "duty_order_step",
    )
    with world.database.reading() as db:
        return [db.execute(sa.text(f"SELECT * FROM {table} ORDER BY id")).all() for table in tables]  # noqa: S608


def _opened(world: World, edit: Edit, action: str, given: dict[str, Any]) -> tuple[TestClient, Values]:
    client = world.client(edit.who)
    page = client.get(edit.page.format(**given))
    assert page.status_code == 200, edit.page
    values = form_of(page.text, action)
    assert values.get("version"), f"the form of {action} sends no version"
    return client, values


@pytest.mark.parametrize("path", EDITS)
def test_of_two_tabs_the_second_is_told_and_the_first_edit_stands(world: World, path: str) -> None:
    given = _belongings(world) | {name: world.officer_id(name) for name in ("ana", "tia", "dewi")}
    edit, action = EDITS[path], path.format(**given)
    earlier, first_action = EDITS[edit.after or path], (edit.after or path).format(**given)
    one, first = _opened(world, earlier, first_action, given)
    two, second = _opened(world, edit, action, given)
    saved = one.post(first_action, data=first | {key: [text.format(**given)] for key, text in earlier.first.items()})
    assert saved.status_code == 303, saved.text
    stood = _state(world)
    typed = second | {key: [text.format(**given)] for key, text in edit.second.items()}
    for headers in ({}, {"HX-Request": "true"}):
        refused = two.post(action, data=typed, headers=headers)
        assert refused.status_code == 409, path
        assert edit.typed in refused.text
        assert _state(world) == stood, "the first edit stands"


@pytest.mark.parametrize("path", [path for path, edit in EDITS.items() if edit.typed and "requests" not in path])
def test_whoever_was_told_may_save_over_it_and_who_was_not_may_not(world: World, path: str) -> None:
    """A form shown again for another fault keeps the version it showed: nobody has read of the other edit yet."""
    given = _belongings(world)
    edit, action = EDITS[path], path.format(**given)
    one, first = _opened(world, edit, action, given)
    two, second = _opened(world, edit, action, given)
    assert one.post(action, data=first | {key: [text] for key, text in edit.first.items()}).status_code == 303
    needed = "name" if "people" in path else next(iter(edit.second))
    typed = second | {key: [text] for key, text in edit.second.items()}
    faulty = two.post(action, data=typed | {needed: [""]})
    assert faulty.status_code == 422
    refused = two.post(action, data=form_of(faulty.text, action) | {needed: typed[needed]})
    assert refused.status_code == 409
    over = two.post(action, data=form_of(refused.text, action))
    assert over.status_code == 303, over.text


def test_a_row_is_written_over_only_as_it_was_seen(database: Database, world: World) -> None:
    entry_id = _belongings(world)["entry_id"]
    change = partial(write_over, table=LogEntry, row_id=entry_id, seen=1)
    with pytest.raises(Conflict, match="belum tersimpan"):
        race(database, lambda db: change(db, text="first"), lambda: _in_transaction(database, change, text="second"))
    with database.reading() as db:
        assert db.execute(sa.select(LogEntry.text, LogEntry.version)).one() == ("first", 2)


def _in_transaction(database: Database, verb: Any, *args: Any, **facts: Any) -> Any:
    with database.transaction() as db:
        return verb(db, *args, **facts)


def test_two_edits_of_one_officer_at_the_same_moment_lose_neither_in_silence(world: World) -> None:
    ben = world.officer_id("ben")
    hana, adi = world.client("hana"), world.viewer("adi")
    action = f"/people/{ben}/edit"
    typed = form_of(hana.get(f"/people/{ben}").text, action) | {"position": ["Penyelia"]}

    def promote(db: Any) -> None:
        person = people.editable_officer(db, adi, ben, now=MORNING)
        people.change_role(db, adi, person, role=Role.DIVISION_HEAD, now=MORNING)

    answer = race(world.database, promote, lambda: hana.post(action, data=typed))
    assert answer.status_code == 409
    assert "Penyelia" in answer.text
    with world.database.reading() as db:
        assert db.scalar(sa.select(Posting.position).where(Posting.officer_id == ben)) == "Pengelola data"


def test_an_import_waits_for_an_edit_and_tells_what_it_really_replaced(world: World) -> None:
    """Whoever looked at the page before the import is told as well."""
    ben, hana, adi = world.officer_id("ben"), world.viewer("hana"), world.viewer("adi")
    client, action = world.client("hana"), f"/people/{ben}/edit"
    typed = form_of(client.get(f"/people/{ben}").text, action) | {"position": ["Penyelia"]}
    head, row = "nama,NIP,jenis pegawai,jabatan,bidang,atasan,email,telepon,username,peran", "PNS,Kepala loket"
    text = f"{head}\nBen Tumiwa,{3:018},{row},Pendaftaran Penduduk,Dewi Ondang,,,ben,pegawai\n"
    register = people.read_register(text.encode(), "pegawai.csv")

    def edit(db: Any) -> None:
        person = people.editable_officer(db, hana, ben, now=MORNING)
        db.execute(sa.update(Posting).where(Posting.officer_id == person.officer_id).values(position="Analis"))

    def bring_in() -> people.ImportReport:
        office = adi.office_id
        return people.import_register(world.database, office, register, actor=adi, skip_bad=False, now=MORNING)

    report = race(world.database, edit, bring_in)
    assert (report.bad, report.changed) == ([], 1)
    with world.database.reading() as db:
        told = db.scalars(sa.select(AuditEvent.facts).where(AuditEvent.verb == "officer.changed")).one()
    assert told["changes"] == {"position": ["Analis", "Kepala loket"]}
    assert client.post(action, data=typed).status_code == 409


def _holiday(office_id: int) -> Holiday:
    return Holiday(office_id=office_id, date=TODAY, name="Hari jadi", kind=HolidayKind.LOCAL, source="Perbup")


@POSTGRES
def test_a_unique_violation_that_no_verb_foresaw_is_a_conflict_in_words(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last line of defence: a verb that looks first and then inserts, and somebody was quicker in between."""
    office_id, client = world.viewer("hana").office_id, world.client("hana")

    def careless(db: Any, me: Any, **_facts: Any) -> bool:
        db.add(_holiday(me.office_id))
        db.flush()
        return True

    monkeypatch.setattr("staffhub.workdays.add_holiday", careless)
    typed = {"date": TODAY.isoformat(), "name": "Hari jadi", "kind": "local", "source": "Perbup"}
    for headers, note in (({}, "<h1"), ({"HX-Request": "true"}, "note")):
        with world.database.transaction() as db:
            db.execute(sa.delete(Holiday).where(Holiday.date == TODAY))
        answer = race(
            world.database,
            lambda db: db.add(_holiday(office_id)),
            lambda headers=headers: client.post("/admin/holidays", data=typed, headers=headers),  # type: ignore[misc]
        )
        assert answer.status_code == 409
        assert "baru saja disimpan" in answer.text
        assert note in answer.text
        assert "duplicate key" not in answer.text
        assert answer.headers.get("hx-retarget") == ("#toasts" if headers else None)


def test_a_row_whose_owner_was_removed_meanwhile_is_a_conflict_in_words(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def careless(db: Any, _me: Any, **_facts: Any) -> bool:
        db.add(_holiday(4711))
        db.flush()
        return True

    monkeypatch.setattr("staffhub.workdays.add_holiday", careless)
    typed = {"date": TODAY.isoformat(), "name": "Hari jadi", "kind": "local", "source": "Perbup"}
    client = world.client("hana", **{"Accept-Language": "id"})
    answer = client.post("/admin/holidays", data=typed)
    assert (answer.status_code, "baru saja dihapus" in answer.text) == (409, True)


def test_a_value_that_a_check_refuses_stays_a_fault_of_ours(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(db: Any, me: Any, **_facts: Any) -> bool:
        db.execute(sa.insert(Holiday).values(office_id=me.office_id, date=TODAY, name="x", kind=None, source="x"))
        return True

    monkeypatch.setattr("staffhub.workdays.add_holiday", careless)
    typed = {"date": TODAY.isoformat(), "name": "Hari jadi", "kind": "local", "source": "Perbup"}
    assert world.client("hana").post("/admin/holidays", data=typed).status_code == 500


@POSTGRES
def test_of_two_inserts_of_one_unique_row_the_second_waits_and_then_is_not_there(database: Database) -> None:
    values = {"job": "j", "slot": str(uuid4()), "lease_until": MORNING}
    went_in = race(
        database,
        lambda db: insert_unless_there(db, Claim, values),
        lambda: _in_transaction(database, insert_unless_there, Claim, values),
    )
    assert went_in is False
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Claim)) == 1
        assert db.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) is not None
