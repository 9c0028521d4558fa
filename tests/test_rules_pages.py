"""The rule book as HR uses it: what holds, in which words, and its forms without any script."""

import re
from datetime import date, time, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from staffhub.models import AuditEvent, RuleKind, RuleSet
from staffhub.workdays import calendar
from tests.conftest import TODAY, World, count_from, count_queries
from tests.page_forms import Values, form_of

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
USUAL = {
    **{f"{day}_{part}": text for day in ("mon", "tue", "wed", "thu") for part, text in
       (("starts", "730"), ("ends", "16.00"), ("break", "60"))},
    "fri_starts": "07:30", "fri_ends": "1630", "fri_break": "90", "legal_source": "SE Bupati 1/2026",
}  # fmt: skip


def _rule(world: World, kind: RuleKind, subject: str = "", *, confirmed: bool = True) -> RuleSet:
    """Return the first row of a kind and subject of Hana's office."""
    with world.database.reading() as db:
        found = sa.select(RuleSet).where(
            RuleSet.office_id == 1, RuleSet.kind == kind, RuleSet.subject == subject, RuleSet.confirmed.is_(confirmed)
        )
        return db.scalars(found.order_by(RuleSet.id)).first()  # type: ignore[return-value]


def _count(world: World) -> int:
    with world.database.reading() as db:
        return db.scalar(sa.select(sa.func.count(RuleSet.id)).where(RuleSet.office_id == 1)) or 0


def _typed(client: Any, page: str, action: str = "", **typed: Any) -> Values:
    opened = client.get(page)
    assert opened.status_code == 200, opened.text
    return form_of(opened.text, action or page) | {name: [text] for name, text in typed.items()}


def _errors(text: str) -> dict[str, str]:
    found = re.findall(r'<p class="error" id="\w+-([\w]+)-error" role="alert">.*?</svg>([^<]+)', text, re.DOTALL)
    return {name: said.strip() for name, said in found}


def test_hr_opens_the_book_and_others_do_not(world: World) -> None:
    hana = world.client("hana")
    with count_queries(world.database) as seen:
        page = hana.get("/admin/rules")
    assert len(seen) <= 8
    assert len(page.content) < 60_000
    for text in ("Perpres 21/2023", "Senin sampai Kamis 07.30 – 16.00, Jumat 07.30 – 16.30",
                 "37 jam 30 menit; yang diminta: 37 jam 30 menit", "belum dikonfirmasi",
                 "Cuti tahunan: PNS", "12 hari kerja", "PP 94/2021", "Jam khusus"):  # fmt: skip
        assert text in page.text, text
    for name in ("ana", "ben", "dewi"):
        assert world.client(name).get("/admin/rules").status_code == 403
    assert 'href="/admin/rules"' in hana.get("/").text
    assert "/admin/rules" in hana.get("/admin/office").text


def test_every_kind_has_a_form_and_every_row_a_page(world: World) -> None:
    hana = world.client("hana")
    for kind in RuleKind:
        page = hana.get(f"/admin/rules/new/{kind.value}")
        assert page.status_code == 200, kind
        assert len(page.content) < 60_000, kind
    assert hana.get("/admin/rules/new/nothing").status_code == 404
    with world.database.reading() as db:
        rows = db.execute(sa.select(RuleSet.id, RuleSet.confirmed).where(RuleSet.office_id == 1)).all()
    for row in rows:
        assert hana.get(f"/admin/rules/{row.id}").status_code == 200
        assert hana.get(f"/admin/rules/{row.id}/{'succeed' if row.confirmed else 'edit'}").status_code == 200
    assert world.client("oka").get(f"/admin/rules/{rows[0].id}").status_code == 404


def test_a_schedule_is_typed_as_people_write_times_and_replayed_once(world: World) -> None:
    hana, page = world.client("hana"), "/admin/rules/new/work_hours"
    ramadan = USUAL | {"subject": "special", "valid_from": "2027-02-08", "valid_to": "2027-03-09",
                       "asked_hours": "32", "asked_minutes": "30"}  # fmt: skip
    typed = _typed(hana, page, **ramadan)
    first, again = hana.post(page, data=typed), hana.post(page, data=typed)
    assert (first.status_code, again.status_code) == (303, 303), _errors(first.text)
    assert first.headers["location"] == again.headers["location"]
    shown = hana.get(first.headers["location"]).text
    assert "5 jam lebih dari yang diminta" in shown, "warned, not refused"
    assert hana.post(page, data=typed | {"tolerance": ["10"]}).status_code == 409, "the same form with other words"
    with world.database.reading() as db:
        hours = calendar(db, 1).hours(date(2027, 2, 8))
    assert hours is not None
    assert (hours.minutes, _rule(world, RuleKind.WORK_HOURS, "special").values["fri"]) == (450, ["07.30", "16.30", 90])


@pytest.mark.parametrize(
    ("typed", "field", "part"),
    [
        ({"mon_starts": "17.00"}, "mon_ends", "setelah"),
        ({"mon_starts": "pagi"}, "mon_starts", "15.58"),
        ({"mon_ends": ""}, "mon_ends", "Isi"),
        ({"tue_break": "600"}, "tue_break", "Istirahat"),
        ({"tue_break": "-1"}, "tue_break", "paling kecil"),
        ({"windows_3_mark": "check_in", "windows_3_starts": "9", "windows_3_ends": "10"}, "windows_3_starts", "07.30"),
        ({"windows_0_mark": "check_out", "windows_0_starts": "9", "windows_0_ends": "8"}, "windows_0_ends", "setelah"),
        ({"windows_0_mark": "roll_call", "windows_0_starts": "7", "windows_0_ends": "8"}, "windows_0_name", "nama"),
        (
            {"windows_0_mark": "check_in", "windows_0_starts": "7", "windows_0_ends": "8", "windows_0_days": "sat"},
            "windows_0_days", "libur",
        ),
        ({"valid_to": "2020-01-01"}, "valid_to", "awal"),
        ({"subject": "special"}, "valid_to", "hari terakhir"),
        ({"subject": "anything"}, "subject", "daftar"),
        ({"legal_source": ""}, "legal_source", "Isi"),
        ({"asked_hours": "999"}, "asked_hours", "10080"),
        ({"groups": "pns", "tolerance": "9999"}, "tolerance", "240"),
        ({}, "valid_from", "sudah berlaku"),
        *(({f"{day}_{part}": "" for day in ("mon", "tue", "wed", "thu", "fri") for part in ("starts", "ends", "break")},
           "mon_starts", "satu hari"),),
    ],
)  # fmt: skip
@SQLITE
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_stored(
    world: World, typed: dict[str, str], field: str, part: str
) -> None:
    hana, page, before = world.client("hana"), "/admin/rules/new/work_hours", _count(world)
    refused = hana.post(page, data=_typed(hana, page, **(USUAL | typed)))
    assert refused.status_code == 422
    errors = _errors(refused.text)
    assert list(errors) == [field]
    assert part in errors[field]
    assert _count(world) == before
    if field != "legal_source":
        assert "SE Bupati 1/2026" in refused.text, "what was typed is kept"


@SQLITE
def test_a_fault_writes_times_as_the_language_does(world: World) -> None:
    hana, page = world.client("hana"), "/admin/rules/new/work_hours"
    hana.cookies.set("staffhub_locale", "en")
    window = {"windows_0_mark": "check_in", "windows_0_starts": "9", "windows_0_ends": "10"}
    refused = hana.post(page, data=_typed(hana, page, **(USUAL | window)))
    assert "which goes from 07:30 to" in _errors(refused.text)["windows_0_starts"]


@SQLITE
def test_a_form_proposes_times_as_the_language_writes_them(world: World) -> None:
    hana = world.client("hana")
    addresses = ("/admin/rules/new/work_hours", f"/admin/rules/{_rule(world, RuleKind.WORK_HOURS).id}/succeed")
    for lang, written in (("id", "07.30"), ("en", "07:30")):
        hana.cookies.set("staffhub_locale", lang)
        for address in addresses:
            assert form_of(hana.get(address).text, address)["mon_starts"] == [written]


@pytest.mark.parametrize(
    ("kind", "wrong"),
    [
        ("coverage", {"legal_source": "", "groups_0_name": "ASN"}),
        ("decision", {"legal_source": "", "valid_from": "x"}),
        ("minutes_as_days", {"legal_source": "", "owner": "", "minutes": "0"}),
        ("work_hours", {"legal_source": "", "subject": "special", "mon_ends": "07.00"}),
    ],
)
@SQLITE
def test_what_is_wrong_with_a_rule_is_told_in_one_round(world: World, kind: str, wrong: dict[str, str]) -> None:
    hana, page, before = world.client("hana"), f"/admin/rules/new/{kind}", _count(world)
    first = hana.post(page, data=_typed(hana, page, **wrong))
    assert (first.status_code, _count(world)) == (422, before)
    told = _errors(first.text)
    sound = {"legal_source": "SK 1", "owner": "Hana", "valid_from": "2027-02-08"}
    second = hana.post(page, data=_typed(hana, page, **(wrong | sound)))
    assert set(_errors(second.text)) == set(told) - set(sound), "nothing is told only after the first is mended"
    assert _errors(second.text), "and something was left to mend"


@SQLITE
def test_one_month_is_no_months(world: World) -> None:
    hana = world.client("hana")
    hana.cookies.set("staffhub_locale", "en")
    book = hana.get("/admin/rules").text
    assert "1 month" in book
    assert "1 months" not in book


@SQLITE
def test_a_proposal_says_no_day_from_which_it_is_in_force(world: World) -> None:
    hana = world.client("hana")
    with world.database.reading() as db:
        rows = db.execute(sa.select(RuleSet.id, RuleSet.confirmed).where(RuleSet.office_id == 1)).all()
    assert {row.confirmed for row in rows} == {True, False}
    for row in rows:
        assert ("<dt>Berlaku</dt>" in hana.get(f"/admin/rules/{row.id}").text) is row.confirmed


@pytest.mark.parametrize(
    ("kind", "typed", "field"),
    [
        ("tiers", {"subject": "late", "tiers_0_name": "TL1", "tiers_0_min": "1", "tiers_0_max": "31",
                   "tiers_2_name": "TL2", "tiers_2_min": "30", "tiers_2_max": "61"}, "tiers_2_min"),
        ("tiers", {"subject": "late", "tiers_0_name": "TL1", "tiers_0_min": "31", "tiers_0_max": "31"}, "tiers_0_max"),
        ("tiers", {"subject": "late"}, "tiers_0_name"),
        ("discipline", {"thresholds_0_first": "3", "thresholds_0_consequence": "Teguran", "thresholds_0_level": "light",
                        "thresholds_1_first": "5", "thresholds_1_consequence": "Lain", "thresholds_1_level": "heavy"},
         "thresholds_0_last"),
        ("discipline", {"thresholds_0_first": "3", "thresholds_0_level": "light"}, "thresholds_0_consequence"),
        ("coverage", {"groups_1_name": "ASN", "groups_1_minimum": "1"}, "groups_1_types"),
        ("coverage", {"groups_1_name": "ASN", "groups_1_types": "pns", "groups_1_minimum": "2",
                      "groups_1_maximum": "1"}, "groups_1_maximum"),
        ("coverage", {"groups_0_name": "ASN", "groups_0_types": "pns", "groups_0_minimum": "1", "levels": "9"},
         "levels"),
        ("coverage", {"groups_0_name": "ASN", "groups_0_types": "pns", "groups_0_minimum": "1", "subject": "moon"},
         "subject"),
        ("roster_weights", {"turns": "101", "mondays_fridays": "1", "wishes": "0", "home_blocks": "0", "changes": "0"},
         "turns"),
        ("minutes_as_days", {"minutes": "0"}, "minutes"),
        ("decision", {}, "working_days"),
        ("leave", {"subject": "annual", "unit": "working_days", "letter": "C", "quota": "12", "carry_one": "6"},
         "carry_one"),
        ("leave", {"subject": "sick", "unit": "months", "letter": "S", "proofs_0_first": "1", "proofs_0_last": "1",
                   "proofs_0_by": "none", "proofs_1_first": "3", "proofs_1_by": "doctor"}, "proofs_1_first"),
        ("leave", {"subject": "nap", "unit": "working_days", "letter": "C"}, "subject"),
        ("flexible", {"document": "SE 1", "most_home": "50", "least_office": "50"}, "most_home"),
        ("flexible", {"document": "SE 1", "most_home": "101"}, "most_home"),
        ("flexible", {"document": "SE 1", "most_home": "50", "subject": "moon"}, "subject"),
    ],
)  # fmt: skip
@SQLITE
def test_each_kind_refuses_what_makes_no_sense(world: World, kind: str, typed: dict[str, str], field: str) -> None:
    hana, page, before = world.client("hana"), f"/admin/rules/new/{kind}", _count(world)
    refused = hana.post(page, data=_typed(hana, page, legal_source="SK 1", **typed))
    assert (refused.status_code, list(_errors(refused.text))) == (422, [field])
    assert _count(world) == before


@SQLITE
def test_a_division_may_have_a_duty_minimum_of_its_own(world: World) -> None:
    hana, page = world.client("hana"), "/admin/rules/new/coverage"
    own = {
        "subject": "population_registration",
        "groups_0_name": "ASN",
        "groups_0_types": "pns",
        "groups_0_minimum": "2",
    }
    typed = _typed(hana, page, legal_source="SK 1", groups_0_maximum="3", levels="2", **own)
    saved = hana.post(page, data=typed | {"groups_0_weekdays": ["mon", "tue", "fri"]})
    assert saved.status_code == 303, _errors(saved.text)
    shown = hana.get(saved.headers["location"]).text
    assert "paling sedikit 2 orang di kantor, paling banyak 3, pada Senin sampai Selasa, Jumat (PNS)" in shown
    assert "kepala dinas, sekretaris, dan kepala bidang" in shown
    assert "Pendaftaran Penduduk" in hana.get("/admin/rules").text


@SQLITE
def test_the_office_sees_and_sets_what_its_roster_looks_to(world: World) -> None:
    hana, old = world.client("hana"), _rule(world, RuleKind.ROSTER_WEIGHTS)
    assert "Giliran masuk kantor yang merata" in hana.get(f"/admin/rules/{old.id}").text
    page = f"/admin/rules/{old.id}/succeed"
    typed = _typed(hana, page, legal_source="SK 2", valid_from="2027-01-01", wishes="0")
    saved = hana.post(page, data=typed)
    assert "tidak diperhitungkan" in hana.get(saved.headers["location"]).text


def test_a_rule_is_replaced_from_a_day_on_in_one_step(world: World) -> None:
    hana, old = world.client("hana"), _rule(world, RuleKind.WORK_HOURS)
    page = f"/admin/rules/{old.id}/succeed"
    typed = _typed(hana, page, legal_source="Perbup 7/2026", valid_from="2027-01-01", fri_ends="16.00", tolerance="5")
    assert typed["mon_starts"] == ["07.30"], "filled with what holds"
    saved, again = hana.post(page, data=typed), hana.post(page, data=typed)
    assert (saved.status_code, again.status_code) == (303, 303), _errors(saved.text)
    shown = hana.get(saved.headers["location"]).text
    assert "30 menit kurang dari yang diminta" in shown
    assert "Perpres 21/2023" in shown, "what it replaces"
    with world.database.reading() as db:
        kept = db.get_one(RuleSet, old.id)
        assert (kept.valid_to, kept.values) == (date(2026, 12, 31), old.values)
        days = calendar(db, 1)
        found = [days.schedule(day) for day in (date(2026, 12, 31), date(2027, 1, 1))]
    assert [one.tolerance for one in found if one] == [0, 5]
    successor = int(saved.headers["location"].rpartition("/")[2])
    gone = hana.post(f"/admin/rules/{successor}/withdraw", data={"version": "1"})
    assert gone.status_code == 303
    with world.database.reading() as db:
        assert db.get_one(RuleSet, old.id).valid_to is None, "the one before goes on"
        verbs = list(db.scalars(sa.select(AuditEvent.verb).where(AuditEvent.subject == "rule_set")))
    assert sorted(verbs) == ["rule.ended", "rule.ended", "rule.withdrawn", "rule.written"]
    assert hana.post(f"/admin/rules/{successor}/withdraw", data={"version": "1"}).status_code == 404


def test_a_rule_that_has_begun_is_not_changed_or_withdrawn(world: World) -> None:
    hana, old = world.client("hana"), _rule(world, RuleKind.COVERAGE)
    future = _rule(world, RuleKind.WORK_HOURS, "special", confirmed=False)
    assert hana.get(f"/admin/rules/{old.id}/edit").status_code == 422
    typed = _typed(hana, f"/admin/rules/{old.id}/succeed") | {"legal_source": ["Lain"], "valid_from": ["2030-01-01"]}
    refused = hana.post(f"/admin/rules/{old.id}/edit", data=typed)
    assert (refused.status_code, "sudah mulai berlaku" in refused.text) == (422, True)
    assert hana.post(f"/admin/rules/{old.id}/withdraw", data={"version": str(old.version)}).status_code == 422
    assert hana.post(f"/admin/rules/{future.id}/end", data={"last": "2027-03-01"}).status_code == 422
    early = hana.post(f"/admin/rules/{old.id}/succeed", data=typed | {"valid_from": [old.valid_from.isoformat()]})
    assert (early.status_code, list(_errors(early.text))) == (422, ["valid_from"])


def test_a_proposal_is_confirmed_with_the_source_of_who_vouches_for_it(world: World) -> None:
    hana, proposal = world.client("hana"), _rule(world, RuleKind.TIERS, "late", confirmed=False)
    page = f"/admin/rules/{proposal.id}/edit"
    typed = _typed(hana, page)
    assert (typed["legal_source"], typed["valid_from"]) == ([""], [TODAY.isoformat()])
    assert (typed["tiers_3_min"], typed["tiers_3_max"]) == (["91"], [""])
    unsaid = hana.post(page, data=typed | {"legal_source": [proposal.legal_source]})
    assert (unsaid.status_code, list(_errors(unsaid.text))) == (422, ["legal_source"])
    assert hana.post(page, data=typed | {"legal_source": ["Perbup 10/2026"]}).status_code == 303
    with world.database.reading() as db:
        late, early = calendar(db, 1).tiers(TODAY)
    assert late is not None
    assert early is None
    assert [late.of(minutes).name if late.of(minutes) else "" for minutes in (0, 1, 30, 31, 90, 91, 400)] == [  # type: ignore[union-attr]
        "", "TL1", "TL1", "TL2", "TL3", "TL4", "TL4",
    ]  # fmt: skip


def test_days_that_are_over_are_told_before_they_change_and_asked_about_once(world: World) -> None:
    count_from(world.database, date(2026, 11, 1))
    hana, page = world.client("hana"), "/admin/rules/new/work_hours"
    first = TODAY - timedelta(days=5)
    typed = _typed(hana, page, **USUAL, valid_from=first.isoformat(), groups="thl")
    asked = hana.post(page, data=typed)
    assert asked.status_code == 200
    assert "18 November 2026: 5 hari yang sudah lewat, dari 1 pegawai" in asked.text
    assert _rule(world, RuleKind.WORK_HOURS).groups is None, "nothing is stored yet"
    told = form_of(asked.text, page)
    more = hana.post(page, data=told | {"groups": ["thl", "pns"]})
    assert (more.status_code, "dari 6 pegawai" in more.text) == (200, True), "another question is asked again"
    saved = hana.post(page, data=told)
    assert saved.status_code == 303
    end = f"{saved.headers['location']}/end"
    asked = hana.post(end, data=form_of(hana.get(saved.headers["location"]).text, end) | {"last": [first.isoformat()]})
    assert (asked.status_code, "4 hari yang sudah lewat" in asked.text) == (200, True)
    assert hana.post(end, data=form_of(asked.text, end)).status_code == 303
    assert "Hari terakhir" in hana.get("/admin/rules").text


def test_of_two_tabs_that_replace_one_rule_the_second_is_told(world: World) -> None:
    hana, adi, old = world.client("hana"), world.client("adi"), _rule(world, RuleKind.COVERAGE)
    page = f"/admin/rules/{old.id}/succeed"
    one = _typed(hana, page, legal_source="SK 1", valid_from="2027-01-01")
    two = _typed(adi, page, legal_source="SK 2", valid_from="2027-02-01")
    assert hana.post(page, data=one).status_code == 303
    refused = adi.post(page, data=two)
    assert (refused.status_code, "SK 2" in refused.text) == (409, True)
    told = form_of(refused.text, page)
    again = adi.post(page, data=told)
    assert (again.status_code, list(_errors(again.text))) == (422, ["valid_from"]), "its days are taken by now"


def test_only_who_keeps_the_rules_posts_them(world: World) -> None:
    old, before = _rule(world, RuleKind.COVERAGE), _count(world)
    for path in ("new/decision", f"{old.id}/succeed", f"{old.id}/edit", f"{old.id}/end", f"{old.id}/withdraw"):
        for name, status in (("dewi", 403), ("ben", 403), ("oka", 404)):
            if (name, path) != ("oka", "new/decision"):
                assert world.client(name).post(f"/admin/rules/{path}", data={}).status_code == status, (name, path)
    assert _count(world) == before


def test_the_page_says_whom_the_hours_of_everybody_are_not_for(world: World) -> None:
    hana = world.client("hana")
    assert "punya jam sendiri" not in hana.get("/admin/rules").text.replace("yang punya jam sendiri tetap", "")
    part_time = _rule(world, RuleKind.WORK_HOURS, confirmed=False)
    page = f"/admin/rules/{part_time.id}/edit"
    typed = _typed(hana, page, legal_source="SK 813/2026", valid_from="2026-12-01")
    assert hana.post(page, data=typed).status_code == 303
    said = "Mulai 1 Desember 2026 bukan untuk PPPK paruh waktu, yang punya jam sendiri."
    assert said in hana.get("/admin/rules").text
    assert said in hana.get(f"/admin/rules/{_rule(world, RuleKind.WORK_HOURS).id}").text
    with world.database.reading() as db:
        book = calendar(db, 1)
    ends = [getattr(book.hours(date(2026, 12, 1), who), "ends", None) for who in ("pppk_part_time", "pns")]
    assert ends == [time(11, 30), time(16)]
