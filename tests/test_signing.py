"""A month that is closed, sent back, signed and supplemented: every step with the clock passed in."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import sqlalchemy as sa

from bench.pages import statements
from staffhub import clock, corrections, days, i18n, signing
from staffhub.corrections import Wish
from staffhub.db import Database
from staffhub.errors import Conflict, Forbidden, Refused
from staffhub.models import (
    AuditEvent,
    CorrectionKind,
    CorrectionReason,
    Holiday,
    HolidayKind,
    MonthSnapshot,
    MonthStep,
    Notice,
    Officer,
    Posting,
    SignStep,
    SnapshotLine,
    StoredDay,
)
from staffhub.reports import recap
from staffhub.security import Viewer
from staffhub.signing import lines, snapshots
from staffhub.signing.lines import read
from tests.conftest import add_posting, count_from, plan_range, race, viewer_of
from tests.killed import KILLED
from tests.test_killed import run

OCTOBER = date(2026, 10, 1)
FRIDAY = date(2026, 10, 23)
# Monday, 2 November 2026, 10.00 WITA: the last day of October is over, and its night as well.
NOW = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _in_english() -> Iterator[None]:
    with i18n.in_locale("en"):
        yield


@pytest.fixture
def hana(database: Database) -> Viewer:
    count_from(database, OCTOBER)
    days.close_due(database, now=NOW)
    return viewer_of(database, "hana")


@pytest.fixture
def dewi(database: Database) -> Viewer:
    return viewer_of(database, "dewi")


def close(database: Database, me: Viewer, **facts: Any) -> signing.Step:
    with database.transaction() as db:
        known = signing.history(db, me.office_id, facts.get("first", OCTOBER))
        given = {"first": OCTOBER, "note": "Apa adanya", "turn": known.turn, "idempotency_key": uuid4().hex}
        return signing.close(db, me, **(given | {"now": NOW} | facts))


def answer(database: Database, me: Viewer, verb: Any, **facts: Any) -> signing.Step:
    with database.transaction() as db:
        known = signing.history(db, me.office_id, OCTOBER)
        waits = known.waiting.snapshot_id if known.waiting else 0
        given = {"snapshot_id": waits, "turn": known.turn, "idempotency_key": uuid4().hex, "now": NOW}
        return verb(db, me, OCTOBER, **(given | facts))  # type: ignore[no-any-return]


def correct(database: Database, me: Viewer, username: str, day: date = FRIDAY, **facts: Any) -> None:
    officer_id = viewer_of(database, username).officer_id
    wish = Wish(facts.pop("kind", CorrectionKind.LEAVE), facts.pop("clock_time", None))
    with database.transaction() as db:
        officer = recap.officer_for(db, me, officer_id, day)
        corrections.add(
            db, me, officer, day=day, wish=wish, reason=CorrectionReason.LEAVE_LETTER, note="",
            idempotency_key=uuid4().hex, now=NOW, **facts,
        )  # fmt: skip


def known(database: Database) -> signing.History:
    with database.reading() as db:
        return signing.history(db, 1, OCTOBER)


def changed(database: Database, me: Viewer) -> list[tuple[str, date]]:
    with database.reading() as db:
        found = signing.differences_since(db, me, signing.history(db, 1, OCTOBER))
        assert signing.look(db, me, OCTOBER, now=NOW).changed == found, "the page sees what the signature compares"
    return [(one.name, one.day) for one in found]


def test_hr_closes_the_head_signs_and_the_trail_knows_both(database: Database, hana: Viewer, dewi: Viewer) -> None:
    closed = close(database, hana)
    assert (closed.kind, closed.number, closed.by, closed.officers) == (SignStep.CLOSED, 0, "Hana Tendean", 7)
    signed = answer(database, dewi, signing.sign)
    assert (signed.kind, signed.hash, signed.by) == (SignStep.SIGNED, closed.hash, "Dewi Ondang")
    with database.reading() as db:
        papers = signing.snapshot_of(db, 1, OCTOBER)
        verbs = db.scalars(sa.select(AuditEvent.verb).where(AuditEvent.subject == "month_snapshot")).all()
        assert signing.verify(db) == signing.Verdict(1, [])
    assert papers
    assert (papers.month.closed_by, papers.month.signed_by, papers.supplements) == ("Hana Tendean", "Dewi Ondang", ())
    assert (papers.month.hash, len(papers.month.hash)) == (closed.hash, 64)
    assert verbs == ["month.closed", "month.signed"]


def test_a_line_holds_each_day_and_where_the_officer_was(database: Database, hana: Viewer, dewi: Viewer) -> None:
    tia = viewer_of(database, "tia").officer_id
    with database.transaction() as db:
        other = db.scalars(sa.select(Posting.division_id).where(Posting.officer_id == hana.officer_id)).one()
        add_posting(db, tia, date(2026, 10, 12), division_id=other)
        db.execute(sa.update(Officer).where(Officer.name == "Cy Sondakh").values(active_to=date(2026, 10, 9)))
        plan_range(db, hana, tia, date(2026, 10, 26))
    close(database, hana)
    with database.reading() as db:
        told = {one["name"]: one["days"] for one in map(read, db.scalars(sa.select(SnapshotLine.text)))}
    assert (len(told["Tia Lumintang"]), len(told["Cy Sondakh"])) == (31, 9)
    tias = told["Tia Lumintang"]
    assert tias["2026-10-11"]["division"] != tias["2026-10-12"]["division"] == other
    assert (tias["2026-10-26"]["code"], tias["2026-10-23"]["code"]) == ("C", "A")
    assert tias["2026-10-23"]["findings"] == ["absent?"]
    assert "division" not in told["Dewi Ondang"]["2026-10-23"]


def test_the_same_month_has_the_same_hash_and_another_one_another(database: Database, hana: Viewer) -> None:
    with database.transaction() as db:
        taken = [
            snapshots.take(db, 1, OCTOBER, some, number=0, follows="", now=NOW)
            for some in ({1: "a", 2: "b"}, {2: "b", 1: "a"}, {1: "a", 2: "c"})
        ]
        first, same, other = (db.get_one(MonthSnapshot, id_).hash for id_ in taken)
    assert first == same != other


@pytest.mark.parametrize("username", ["dewi", "ana", "ben", "adi"])
def test_only_hr_closes(database: Database, hana: Viewer, username: str) -> None:
    with pytest.raises(Forbidden):
        close(database, viewer_of(database, username))


@pytest.mark.parametrize("username", ["hana", "ana", "ben", "adi"])
@pytest.mark.parametrize("verb", [signing.sign, signing.send_back])
def test_only_the_head_signs_or_sends_back(database: Database, hana: Viewer, username: str, verb: Any) -> None:
    close(database, hana)
    more = {"note": "x"} if verb is signing.send_back else {}
    with pytest.raises(Forbidden):
        answer(database, viewer_of(database, username), verb, **more)


def test_a_month_that_is_not_over_or_does_not_count_is_not_closed(database: Database, hana: Viewer) -> None:
    with pytest.raises(Refused, match="from 2 November 2026 on"):
        close(database, hana, now=NOW - timedelta(days=1))
    with pytest.raises(Refused, match="did not count"):
        close(database, hana, first=date(2026, 9, 1))
    count_from(database, None)
    with pytest.raises(Refused, match="did not count"):
        close(database, hana)
    assert known(database).steps == ()


def test_days_that_wait_stay_only_with_a_reason(database: Database, hana: Viewer) -> None:
    with pytest.raises(Refused, match="154 days still wait") as refused:
        close(database, hana, note="")
    assert refused.value.field == "note"
    assert close(database, hana, note="Surat menyusul").note == "Surat menyusul"


def test_the_head_sends_back_with_a_reason_and_signs_what_is_closed_anew(
    database: Database, hana: Viewer, dewi: Viewer
) -> None:
    old = close(database, hana)
    with pytest.raises(Refused, match="Write what"):
        answer(database, dewi, signing.send_back, note="")
    answer(database, dewi, signing.send_back, note="Tanggal 23?")
    assert known(database).sent_back
    with pytest.raises(Conflict, match="nothing to sign"):
        answer(database, dewi, signing.sign)
    correct(database, hana, "ben")
    new = close(database, hana)
    assert new.hash != old.hash
    with pytest.raises(Conflict, match="closed anew"):
        answer(database, dewi, signing.sign, snapshot_id=old.snapshot_id)
    assert answer(database, dewi, signing.sign).hash == new.hash


def test_nobody_signs_what_changed_since_it_was_closed(database: Database, hana: Viewer, dewi: Viewer) -> None:
    close(database, hana)
    with pytest.raises(Conflict, match="closed already"):
        close(database, hana)
    correct(database, hana, "ben")
    assert changed(database, dewi) == [("Ben Tumiwa", FRIDAY)]
    with pytest.raises(Conflict, match="1 day has changed"):
        answer(database, dewi, signing.sign)
    close(database, hana)
    assert answer(database, dewi, signing.sign).kind is SignStep.SIGNED
    assert [step.kind.value for step in known(database).steps] == ["closed", "closed", "signed"]


OTHERWISE = {
    "code": "H", "mode": "home", "first": NOW, "last": NOW, "worked": 9, "late": 9, "early": 9, "late_tier": "T9",
    "early_tier": "T9", "division_id": None, "employment_type": "thl",
}  # fmt: skip


def test_the_page_sees_each_thing_that_weighs_and_reads_no_line_for_what_does_not(
    database: Database, hana: Viewer, dewi: Viewer
) -> None:
    close(database, hana)
    ben = viewer_of(database, "ben").officer_id
    table: Any = StoredDay.__table__
    his = (table.c.officer_id == ben, table.c.date == FRIDAY)
    with database.transaction() as db:
        before = dict(db.execute(sa.select(table).where(*his)).mappings().one())
    for name, value in OTHERWISE.items():
        with database.transaction() as db:
            db.execute(sa.update(table).where(*his).values(before | {name: value}))
        assert changed(database, dewi) == [("Ben Tumiwa", FRIDAY)], name
    with database.transaction() as db:
        db.execute(sa.update(table).where(*his).values(before | {"findings": [], "rules": [9], "computed_at": NOW}))
    with database.reading() as db, statements(database) as seen:
        assert signing.look(db, dewi, OCTOBER, now=NOW).changed == []
    assert not any("snapshot_line.text" in one for one in seen)
    with database.transaction() as db:
        db.execute(sa.delete(table).where(*his))
    with database.reading() as db, statements(database) as seen:
        assert [one.after for one in signing.look(db, dewi, OCTOBER, now=NOW).changed] == [None]
    assert len([one for one in seen if "office.version" not in one]) <= 7, seen


def test_lines_that_have_no_digest_are_compared_word_for_word(database: Database, hana: Viewer, dewi: Viewer) -> None:
    """As those that were frozen before there were digests."""
    with database.transaction() as db:
        frozen = lines.of_month(db, 1, OCTOBER)
        id_ = snapshots.take(db, 1, OCTOBER, frozen, number=0, follows="", now=NOW)
        step = {"office_id": 1, "first": OCTOBER, "turn": 1, "kind": SignStep.CLOSED, "snapshot_id": id_, "note": ""}
        db.add(MonthStep(**step, created_by=hana.account_id, at=NOW, idempotency_key="old"))
    assert changed(database, dewi) == []
    correct(database, hana, "ben")
    assert changed(database, dewi) == [("Ben Tumiwa", FRIDAY)]


def test_what_changes_after_the_signature_is_a_supplement_with_before_and_after(
    database: Database, hana: Viewer, dewi: Viewer
) -> None:
    signed = close(database, hana)
    answer(database, dewi, signing.sign)
    with pytest.raises(Refused, match="Nothing has changed"):
        close(database, hana, note="x")
    correct(database, hana, "ben")
    correct(database, hana, "tia", date(2026, 10, 5))
    with database.reading() as db:
        found = signing.differences_since(db, dewi, signing.history(db, 1, OCTOBER))
    assert [(one.name, one.before["code"], one.after["code"]) for one in found if one.before and one.after] == [
        ("Tia Lumintang", "A", "C"),
        ("Ben Tumiwa", "A", "C"),
    ]
    with pytest.raises(Refused, match="why the signed month changes"):
        close(database, hana, note="")
    supplement = close(database, hana, note="Surat dokter menyusul")
    assert (supplement.number, supplement.officers) == (1, 2)
    answer(database, dewi, signing.sign)
    with database.reading() as db:
        papers = signing.snapshot_of(db, 1, OCTOBER)
        head = db.get_one(MonthSnapshot, supplement.snapshot_id).head
        assert signing.verify(db) == signing.Verdict(2, [])
    assert papers
    assert (papers.month.hash, [one.number for one in papers.supplements]) == (signed.hash, [1])
    assert signed.hash in head, "a supplement names what it follows"
    assert changed(database, dewi) == []


def test_a_second_supplement_follows_the_first(database: Database, hana: Viewer, dewi: Viewer) -> None:
    close(database, hana)
    answer(database, dewi, signing.sign)
    for number, day in enumerate((5, 6), 1):
        correct(database, hana, "ben", date(2026, 10, day))
        assert changed(database, hana) == [("Ben Tumiwa", date(2026, 10, day))]
        assert close(database, hana, note="Surat").number == number
        answer(database, dewi, signing.sign)


def test_who_is_taken_out_of_the_month_afterwards_is_in_the_supplement(
    database: Database, hana: Viewer, dewi: Viewer
) -> None:
    close(database, hana)
    answer(database, dewi, signing.sign)
    with database.transaction() as db:
        db.execute(sa.update(Officer).where(Officer.name == "Cy Sondakh").values(active_to=date(2026, 9, 30)))
    assert len(changed(database, hana)) == 31
    close(database, hana, note="Berhenti 30 September")
    answer(database, dewi, signing.sign)
    assert changed(database, hana) == []


def test_the_same_press_twice_is_one_step_and_a_spent_key_says_nothing_else(
    database: Database, hana: Viewer, dewi: Viewer
) -> None:
    first = close(database, hana, idempotency_key="close-1234", turn=0)
    assert close(database, hana, idempotency_key="close-1234", turn=0) == first
    with pytest.raises(Conflict, match="other words"):
        close(database, hana, idempotency_key="close-1234", turn=0, note="lain")
    signed = answer(database, dewi, signing.sign, idempotency_key="sign-12345")
    assert answer(database, dewi, signing.sign, idempotency_key="sign-12345", turn=1) == signed
    assert len(known(database).steps) == 2


def test_an_old_page_is_told_what_happened_meanwhile(database: Database, hana: Viewer, dewi: Viewer) -> None:
    close(database, hana)
    with pytest.raises(Conflict, match="Hana Tendean has closed"):
        close(database, hana, turn=0)
    answer(database, dewi, signing.send_back, note="Lihat lagi")
    with pytest.raises(Conflict, match="Dewi Ondang has sent this back"):
        answer(database, dewi, signing.sign, turn=1)


def test_of_two_who_close_at_once_one_does(database: Database, hana: Viewer) -> None:
    given = {"note": "Apa adanya", "turn": 0, "now": NOW}
    with pytest.raises(Conflict):
        race(
            database,
            lambda db: signing.close(db, hana, OCTOBER, idempotency_key="first-press", **given),  # type: ignore[arg-type]
            lambda: close(database, hana, turn=0),
        )
    with database.reading() as db:
        counts = [db.scalar(sa.select(sa.func.count()).select_from(one)) for one in (MonthSnapshot, MonthStep)]
    assert counts == [1, 1]


def test_a_change_while_the_head_signs_is_a_supplement(database: Database, hana: Viewer, dewi: Viewer) -> None:
    """Whoever comes second waits or not; nothing is lost and nothing signed is changed."""
    close(database, hana)

    def signs(db: Any) -> None:
        waits = signing.history(db, 1, OCTOBER).waiting
        assert waits
        signing.sign(db, dewi, OCTOBER, snapshot_id=waits.snapshot_id, turn=1, idempotency_key="sign-1", now=NOW)

    race(database, signs, lambda: correct(database, hana, "ben"))
    assert changed(database, hana) == [("Ben Tumiwa", FRIDAY)]


def test_a_process_killed_while_it_writes_a_snapshot_leaves_nothing(database: Database, hana: Viewer) -> None:
    """By SIGKILL, with every line of the snapshot sent and none committed; the same press then closes the month."""
    assert run(database, "month", NOW, commit=1) == KILLED
    with database.reading() as db:
        counts = [db.scalar(sa.select(sa.func.count()).select_from(one)) for one in (MonthSnapshot, SnapshotLine)]
    assert (counts, known(database).steps) == ([0, 0], ())
    for _twice in range(2):
        assert run(database, "month", NOW, commit=0) == 0
    assert [(step.kind, step.officers) for step in known(database).steps] == [(SignStep.CLOSED, 7)]


def test_what_the_page_counts_is_what_the_lines_hold(database: Database, hana: Viewer) -> None:
    correct(database, hana, "ben")
    with database.reading() as db:
        counts, texts = lines.counts(db, 1, OCTOBER), lines.of_month(db, 1, OCTOBER)
    days_told = [day for text in texts.values() for day in read(text)["days"].values()]
    assert (counts.officers, counts.open_days) == (len(texts), lines.open_days(texts.values()))
    assert counts.codes == Counter(letter for day in days_told for letter in day.get("code", "").split())
    assert counts.open_days > counts.codes["C"] > 0


def test_whoever_changes_a_stored_line_is_found(database: Database, hana: Viewer) -> None:
    step = close(database, hana)
    trigger = "DROP TRIGGER snapshot_line_no_update" + ("" if database.sqlite else " ON snapshot_line")
    with database.transaction() as db:
        db.execute(sa.text(trigger))
        db.execute(sa.text("UPDATE snapshot_line SET text = replace(text, 'Ben', 'Bon')"))
    with database.reading() as db:
        assert signing.verify(db) == signing.Verdict(1, [(step.snapshot_id, OCTOBER)])


def test_another_office_knows_nothing_of_it(database: Database, hana: Viewer) -> None:
    close(database, hana)
    oka = viewer_of(database, "oka")
    with database.reading() as db:
        assert signing.history(db, oka.office_id, OCTOBER).steps == ()
        assert signing.snapshot_of(db, oka.office_id, OCTOBER) is None


def told(database: Database, username: str) -> list[tuple[str, bool]]:
    """The notices of somebody: what they are, and whether they still ask for something."""
    with database.reading() as db:
        rows = db.execute(
            sa.select(Notice.kind, Notice.read_at)
            .where(Notice.account_id == viewer_of(database, username).account_id)
            .order_by(Notice.id)
        )
        return [(kind.value, read_at is None) for kind, read_at in rows]


def test_each_step_tells_whoever_has_the_month_then(database: Database, hana: Viewer, dewi: Viewer) -> None:
    close(database, hana)
    assert told(database, "dewi") == [("month_to_sign", True)]
    answer(database, dewi, signing.send_back, note="x")
    assert told(database, "dewi") == [("month_to_sign", False)]
    assert told(database, "hana") == [("month_sent_back", True)]
    close(database, hana)
    answer(database, dewi, signing.sign)
    assert told(database, "hana")[-1] == ("month_signed", True)
    correct(database, hana, "ben")
    close(database, hana)
    assert told(database, "dewi")[-1] == ("month_supplement", True)


def test_while_days_are_computed_again_nobody_closes_or_signs(database: Database, hana: Viewer, dewi: Viewer) -> None:
    close(database, hana)
    with database.transaction() as db:
        db.add(Holiday(office_id=1, date=FRIDAY, name="Hari daerah", kind=HolidayKind.LOCAL, source="SK 1"))
    for act in (lambda: close(database, hana), lambda: answer(database, dewi, signing.sign)):
        with pytest.raises(Refused, match="computed again"):
            act()
    days.run_recounts(database, now=clock.now() + timedelta(days=365))  # due at once by the real clock
    assert len(changed(database, dewi)) == 7
    close(database, hana)
    assert answer(database, dewi, signing.sign).kind is SignStep.SIGNED


def test_before_its_days_are_stored_a_month_is_not_closed(database: Database) -> None:
    count_from(database, OCTOBER)
    with pytest.raises(Refused, match="still being closed"):
        close(database, viewer_of(database, "hana"))


def test_a_month_of_which_only_a_part_counts_is_closed_with_that_part(database: Database) -> None:
    count_from(database, date(2026, 10, 26))
    days.close_due(database, now=NOW)
    close(database, viewer_of(database, "hana"))
    with database.reading() as db:
        told = [read(text)["days"] for text in db.scalars(sa.select(SnapshotLine.text))]
    assert {tuple(one) for one in told} == {tuple(f"2026-10-{day}" for day in range(26, 32))}
