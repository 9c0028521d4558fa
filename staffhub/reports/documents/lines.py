"""What a recap says, whoever prints it: rows with a letter for each day, totals, notes, the seal and who signs.

A month that is signed is printed from its snapshot with the supplements that were signed since, so that the hash in its
foot is true of what stands above; any other month from the days as they read now, and says that it is not signed.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from staffhub import i18n, office, orders, people, sections, signing
from staffhub.clock import local_day, month_days
from staffhub.days import HALF, DayLine, State, shares
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import Meaning, Officer, Posting, Role, WorkMode, posting_on
from staffhub.office import OfficeFacts
from staffhub.outages import reading
from staffhub.reports import outage_words, recap
from staffhub.reports.documents.signed import Change, Part, SignedDays, of_papers
from staffhub.reports.sheet import Filters, Whole, whole
from staffhub.security import Viewer
from staffhub.signing import Papers

# The columns of totals, and how they are counted in a sheet (COUNTIF): WFH has no agreed letter, so it is counted
# within H and once more by itself. A letter that a rule row of the office adds gets a column before A.
LETTERS: dict[str, tuple[str, ...]] = {
    "H": ("H*", "WFH*"),
    "WFH": ("WFH*",),
    "HT": ("*HT*",),
    "HP": ("*HP*",),
    "I": ("I",),
    "C": ("C",),
    "S": ("S",),
    "DL": ("DL",),
    "TB": ("TB",),
    "A": ("A",),
    "L": ("L",),
}
# An exemption of more people names none of them.
_NAMED = 8
_AT_WORK = frozenset({"H", "WFH", "HT", "HP"})
_EVENTS = frozenset({"HT", "HP"})
# The same beside half a day of leave, whose letter stands before them.
_HALVES = {"H": ("H*", "WFH*"), "WFH": ("WFH*",)}
_NOT_YET = frozenset({State.PLANNED, State.PENDING})


@dataclass(frozen=True)
class Row:
    """An officer's month in one division. `codes` has a place for each day; minutes are whole."""

    name: str
    number: str
    note: str
    codes: tuple[str, ...]
    worked: int
    late: int
    early: int
    officer_id: int = 0

    def count(self, letter: str) -> float:
        """Whole where it is, so that it is written so."""
        found = sum(share(letter, code) for code in self.codes)
        return int(found) if found == int(found) else found


def share(letter: str, code: str) -> float:
    """Return how much of a day of these letters counts below a letter: who was late, or at home, was present."""
    found = shares(code)
    if letter != "H":
        return found.get(letter, 0)
    return 0 if _AT_WORK.isdisjoint(found) else 0.5 if HALF in code else 1


def patterns(letter: str, codes: Iterable[str]) -> list[tuple[str, str]]:
    """Return how a sheet counts a letter, as (what COUNTIF looks for, what each of these counts)."""
    whole = [(wanted, "") for wanted in LETTERS.get(letter, (letter,))]
    if letter in _EVENTS or not any(HALF in code for code in codes):
        return whole
    other = [(f"*{HALF} {wanted}", "/2") for wanted in _HALVES.get(letter, (letter,))]
    return [*whole, *other, (f"{letter}{HALF}*", "/2")]


class Signer(NamedTuple):
    name: str
    number: str
    position: str


@dataclass(frozen=True)
class Group:
    name: str
    short: str
    rows: list[Row]


@dataclass(frozen=True)
class Recap:
    """`seal` stands on every page; `changes` are those of signed supplements; `free` are the days that most have off;
    `day` is the date of signing.
    """

    first: date
    days: list[date]
    division: str
    groups: list[Group]
    letters: list[str]
    free: frozenset[date]
    notes: list[str]
    changes: list[Change]
    seal: str
    head: Signer
    personnel: Signer
    day: date
    office: OfficeFacts

    @property
    def rows(self) -> list[Row]:
        return [row for group in self.groups for row in group.rows]


def meaning(letter: str) -> str:
    return {
        "H": _("present, from home as well"),
        "WFH": _("of them from home"),
        "HT": _("late"),
        "HP": _("left early"),
        "I": _("permission"),
        "C": _("leave"),
        "S": _("sick"),
        "DL": _("field duty"),
        "TB": _("study assignment"),
        "A": _("absent without notice"),
        "L": _("day off"),
    }.get(letter, "")


def of_month(
    db: Session, me: Viewer, first: date, *, now: datetime, division: str = "", q: str = "", show: str = ""
) -> Recap:
    """Load what the screen shows with the same filters; of a signed month `show` finds nothing to choose from."""
    papers = signing.snapshot_of(db, me.office_id, first)
    if papers and papers.month.signed_at:
        kept = of_papers(db, me, papers, first, division=division, q=q)
        groups, changes = list(_as_signed(me, kept)), kept.changes
    else:
        found = whole(db, me, first, Filters(division, q, show=show), now=now)
        groups, changes = list(_as_it_reads(me, found)), []
    facts = office.facts(db, me.office_id)
    return made(
        facts,
        first,
        groups,
        signers=_signers(db, me, first),
        papers=papers,
        today=local_day(now, facts.zone),
        notes=_notes(db, me, first, {row.officer_id for group in groups for row in group.rows}),
        changes=changes,
    )


def size(db: Session, me: Viewer, first: date, *, division: str = "", q: str = "") -> int:
    """Count the rows of a recap, more or less: those of a signed month may be others."""
    dates = month_days(first)
    asked = sections.asked_for(division) if division else None
    return sum(
        q.casefold() in one.name.casefold()
        and (not division or division == one.division_code or asked == one.division_id)
        for one in recap.staff_of(db, me, dates[0], dates[-1])
    )


def made(
    facts: OfficeFacts,
    first: date,
    groups: list[Group],
    *,
    signers: Mapping[Role, Signer],
    papers: Papers | None,
    today: date,
    notes: Sequence[str] = (),
    changes: Sequence[Change] = (),
) -> Recap:
    dates = month_days(first)
    every = [row for group in groups for row in group.rows]
    nobody = Signer("", "", "")
    head = signers.get(Role.OFFICE_HEAD, nobody)
    signed = papers.month.signed_at if papers else None
    return Recap(
        first=dates[0],
        days=dates,
        division=groups[0].name if len(groups) == 1 else "",
        groups=groups,
        letters=_letters(every),
        free=frozenset(day for place, day in enumerate(dates) if _is_free(row.codes[place] for row in every)),
        notes=[*_of_halves(every), *notes, *_supplements(papers, facts)],
        changes=list(changes),
        seal=seal(papers, facts),
        head=head._replace(position=facts.head_title or head.position),
        personnel=signers.get(Role.HR, nobody),
        day=signed.astimezone(facts.zone).date() if signed else min(today, dates[-1]),
        office=facts,
    )


def _of_halves(rows: Iterable[Row]) -> list[str]:
    if not any(HALF in code for row in rows for code in row.codes):
        return []
    return [
        _("½ is leave for half of that day; the letter behind it is of the other half, and each counts half a day.")
    ]


def _letters(rows: Iterable[Row]) -> list[str]:
    found = {letter for row in rows for code in set(row.codes) for letter in shares(code)}
    known = list(LETTERS)
    return [*known[:-2], *sorted(found - set(known)), *known[-2:]]


def _is_free(codes: Iterable[str]) -> bool:
    """Some serve on a Saturday; it is a day off all the same when most have it off."""
    told = Counter(code for code in codes if code)
    return told["L"] * 2 > told.total()


def _code(code: str, mode: str | None) -> str:
    """Keep WFH beside HT and HP, so that the subtotal can be counted in the sheet itself."""
    halves, worn = [[one for one in code.split() if (HALF in one) is half] for half in (True, False)]
    if mode == WorkMode.HOME and worn and "WFH" not in worn and _AT_WORK.issuperset(worn):
        return " ".join((*halves, "WFH", *worn))
    return code


def _as_it_reads(me: Viewer, sheet: Whole) -> Iterator[Group]:
    number_of = people.shown_number if me.may("attendance.numbers") else people.masked_number
    for name, lines in sheet.groups:
        rows = [
            Row(
                line.officer.name,
                number_of(line.officer.number),
                sheet.moves.get((line.officer.id, line.officer.since), ""),
                tuple(_now(record) for record in line.records),
                line.totals.worked,
                line.totals.late,
                line.totals.early,
                line.officer.id,
            )
            for line in lines
        ]
        yield Group(name, lines[0].officer.division_short or name, rows)


def _now(record: DayLine) -> str:
    return "" if record.state in _NOT_YET else _code(record.code, record.mode)


def _as_signed(me: Viewer, found: SignedDays) -> Iterator[Group]:
    number_of = people.shown_number if me.may("attendance.numbers") else people.masked_number
    for name, short, parts in found.groups:
        yield Group(name, short, [signed_row(part, number_of(part.number)) for part in parts])


def signed_row(part: Part, number: str) -> Row:
    there = [day or {} for day in part.days]
    codes = tuple(_code(day.get("code", ""), day.get("mode")) for day in there)
    worked, late, early = (sum(day.get(name, 0) for day in there) for name in ("worked", "late", "early"))
    return Row(part.name, number, "", codes, worked, late, early, part.officer_id)


def _signers(db: Session, me: Viewer, first: date) -> dict[Role, Signer]:
    """Return the head and who is HR on the last day of the month; of several the one on the register for longest."""
    last = month_days(first)[-1]
    columns = select(Posting.role, Officer.name, Officer.number, Posting.position)
    found = columns.select_from(Officer).join(Posting, posting_on(last))
    wanted = (Officer.office_id == me.office_id, Posting.role.in_((Role.OFFICE_HEAD, Role.HR)))
    serving = Officer.active_to.is_(None) | (Officer.active_to >= last)
    rows = db.execute(found.where(*wanted, serving).order_by(Officer.id.desc()))
    shown = me.may("attendance.numbers")
    return {role: Signer(name, people.shown_number(number) if shown else "", what) for role, name, number, what in rows}


def _notes(db: Session, me: Viewer, first: date, officers: Collection[int]) -> list[str]:
    return [*_exemptions(db, me, first, officers), *_disturbances(db, me, first, officers)]


def _exemptions(db: Session, me: Viewer, first: date, officers: Collection[int]) -> list[str]:
    """Tell which exemptions hold for somebody of the sheet: few by name, many by their number."""
    dates = month_days(first)
    told = []
    for note in orders.footnotes(db, me.office_id, dates[0], dates[-1]):
        names = [name for _id, name in note.of(officers)]
        if not names:
            continue
        days = i18n.day(note.first) if note.first == note.last else f"{i18n.day(note.first)} – {i18n.day(note.last)}"
        people = ", ".join(names) if len(names) <= _NAMED else ngettext("%(num)s person", "%(num)s people", len(names))
        facts = {"number": note.number, "days": days, "reason": note.reason, "people": people}
        if note.meaning is Meaning.EXCUSED:
            told.append(_("Excused %(days)s by %(number)s, %(reason)s: %(people)s", **facts))
        else:
            told.append(_("Work from home %(days)s by %(number)s, %(reason)s: %(people)s", **facts))
    return told


def _disturbances(db: Session, me: Viewer, first: date, officers: Collection[int]) -> list[str]:
    """Tell which confirmed outages excuse somebody of the sheet, as exemptions are told."""
    dates = month_days(first)
    told = []
    for note in reading.footnotes(db, me.office_id, dates[0], dates[-1]):
        if names := note.of(officers):
            span = outage_words.span(note.first.astimezone(me.zone), note.last.astimezone(me.zone))
            people = ", ".join(names) if len(names) <= _NAMED else outage_words.people(len(names))
            told.append(f"{outage_words.kind(note.kind)} {span}: {people}")
    return told


def seal(papers: Papers | None, facts: OfficeFacts) -> str:
    if papers is None:
        return _("Not signed: a draft of the days as they read now.")
    if papers.month.signed_at is None:
        return _(
            "Closed by %(name)s, %(day)s, not signed yet: a draft of the days as they read now.",
            name=papers.month.closed_by,
            day=i18n.day(papers.month.closed_at.astimezone(facts.zone).date()),
        )
    last = [papers.month, *(one for one in papers.supplements if one.signed_at)][-1]
    return _(
        "Signed by %(name)s, %(day)s. Snapshot %(id)s, %(hash)s",
        name=last.signed_by,
        day=i18n.day((last.signed_at or papers.month.signed_at).astimezone(facts.zone).date()),
        id=last.id,
        hash=last.hash,
    )


def _supplements(papers: Papers | None, facts: OfficeFacts) -> list[str]:
    return [
        _(
            "Supplement %(number)s, signed %(day)s by %(name)s: %(note)s",
            number=one.number,
            day=i18n.day(one.signed_at.astimezone(facts.zone).date()),
            name=one.signed_by,
            note=one.note or "-",
        )
        for one in (papers.supplements if papers else ())
        if one.signed_at
    ]
