"""What changes rarely in an office (its facts, bidang, services, rules, holidays, doors, excuses), kept per process.

`office.version` is another one after every change of these tables: triggers raise it in the transaction of the change,
whoever makes it and in whatever SQL (migrations/office_version.py). It is a random text, so that no two states of an
office ever bear the same one, neither after a rollback nor in a copy of the database: what was read under a version
is that state for ever, and may be shown to whoever finds the office at that version.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar, cast
from zoneinfo import ZoneInfo

from sqlalchemy import Select, bindparam, event, select
from sqlalchemy.orm import ORMExecuteState, Session

from staffhub.models import Division, Holiday, Office, Paper, Place, RosterExcuse, RuleSet, ServiceType

T = TypeVar("T")

TABLES = (Office, Division, ServiceType, RuleSet, Holiday, Place, RosterExcuse)
_NAMES = frozenset(table.__tablename__ for table in TABLES)
_NOTED = "office_versions"
# As many things of offices as a process keeps, the newest of each; a regency has some 60 offices.
_MOST = 1000

_kept: dict[tuple[object, int], tuple[str, Any]] = {}
_lock = threading.Lock()

_VERSION = select(Office.version).where(Office.id == bindparam("office"))


def note(db: Session, office_id: int, version: str) -> None:
    """Tell which version this transaction found, for whoever has read it anyway: the look-up of the session does."""
    db.info.setdefault(_NOTED, {})[office_id] = version


def kept(db: Session, office_id: int, load: Callable[[Session, int], T]) -> T:
    """Return what `load` reads of these tables, read again only when something there has changed.

    Under READ COMMITTED somebody's change may be committed between two statements of ours. What was read is kept only
    if the version is the same afterwards as it was before: then it is that version's.
    """
    if db.autoflush:
        db.flush()  # what this session has not written yet, as before any other reading
    version = db.info.get(_NOTED, {}).get(office_id) or _read_version(db, office_id)
    there = _kept.get((load, office_id))
    if there is not None and there[0] == version:
        return cast("T", there[1])
    found = load(db, office_id)
    if version is not None and _read_version(db, office_id) == version:
        with _lock:
            _kept.pop((load, office_id), None)
            while len(_kept) >= _MOST:
                del _kept[next(iter(_kept))]
            _kept[load, office_id] = version, found
    return found


def _read_version(db: Session, office_id: int) -> str | None:
    version = db.scalar(_VERSION, {"office": office_id})
    if version is not None:
        note(db, office_id, version)
    return version


def _forget(db: Session, *_more: object) -> None:
    db.info.pop(_NOTED, None)


def _forget_after_flush(db: Session, _flush: object) -> None:
    if any(row.__tablename__ in _NAMES for rows in (db.new, db.dirty, db.deleted) for row in rows):
        _forget(db)


def _forget_after_statement(state: ORMExecuteState) -> None:
    """Whoever changes one of the tables asks for the version again; of a statement in plain text nobody knows."""
    if not state.is_select and getattr(getattr(state.statement, "table", None), "name", None) in {None, *_NAMES}:
        _forget(state.session)


event.listen(Session, "after_begin", _forget)
event.listen(Session, "after_soft_rollback", _forget)
event.listen(Session, "after_flush", _forget_after_flush)
event.listen(Session, "do_orm_execute", _forget_after_statement)


@dataclass(frozen=True)
class OfficeFacts:
    """`recorded_from`: from when presence counts, as HR has set it; None: nothing counts yet, so nobody is absent.

    `stored_from` to `stored_to`: days that are over and stored; None: none yet.
    """

    name: str
    government: str
    address: str
    zone: ZoneInfo
    recorded_from: date | None
    stored_from: date | None = None
    stored_to: date | None = None
    paper: Paper = Paper.F4
    phone: str = ""
    email: str = ""
    signing_place: str = ""
    head_title: str = ""
    letterhead_version: int = 1
    duplicate_days: int = 0


@dataclass(frozen=True)
class Bidang:
    """A division of the office."""

    id: int
    code: str
    name: str
    short_name: str
    sort: int
    keeps_cover: bool


@dataclass(frozen=True)
class Service:
    """A kind of service; `service_days` or `service_hours`: what is promised of working time, if anything.

    `papers`: what is asked for, in lines. `daily_quota`: the most appointments a day, if bounded; `slot_minutes`: the
    length of one, if any are given.
    """

    id: int
    code: str
    name: str
    name_en: str
    division_id: int
    needs_presence: bool
    service_days: int | None
    papers: str
    ended: bool
    version: int
    daily_quota: int | None
    slot_minutes: int | None
    service_hours: int | None


@dataclass(frozen=True)
class Door:
    """A place whose screen shows codes, made with `key`."""

    id: int
    name: str
    key: str


def facts(db: Session, office_id: int) -> OfficeFacts:
    return kept(db, office_id, _facts)


def divisions(db: Session, office_id: int) -> dict[int, Bidang]:
    """Return the divisions by id, in the order of the office."""
    return kept(db, office_id, _divisions)


def secretariat(db: Session, office_id: int) -> int | None:
    """Return the division with which those are planned who serve in none, as the head of the office: the last one that
    keeps no cover.
    """
    return next((one.id for one in reversed(divisions(db, office_id).values()) if not one.keeps_cover), None)


def services(db: Session, office_id: int) -> dict[int, Service]:
    """Return the kinds of service by id, in the order of the office."""
    return kept(db, office_id, _services)


def places(db: Session, office_id: int) -> tuple[Door, ...]:
    """Return the places that show codes now."""
    return kept(db, office_id, _places)


def _places(db: Session, office_id: int) -> tuple[Door, ...]:
    showing = select(Place.id, Place.name, Place.key).where(Place.office_id == office_id, Place.ended_at.is_(None))
    return tuple(Door(*row) for row in db.execute(showing.order_by(Place.id)))


def _facts(db: Session, office_id: int) -> OfficeFacts:
    columns = select(
        Office.name,
        Office.government,
        Office.address,
        Office.timezone,
        Office.recorded_from,
        Office.stored_from,
        Office.stored_to,
        Office.paper,
        Office.phone,
        Office.email,
        Office.signing_place,
        Office.head_title,
        Office.letterhead_version,
        Office.duplicate_days,
    )
    row = db.execute(columns.where(Office.id == office_id)).one()
    name, government, address, zone, counted, stored_from, stored_to, paper, *more = row
    told = (name, government, address, ZoneInfo(zone), counted, stored_from, stored_to, Paper(paper))
    return OfficeFacts(*told, *more)


def _divisions(db: Session, office_id: int) -> dict[int, Bidang]:
    columns = select(
        Division.id, Division.code, Division.name, Division.short_name, Division.sort, Division.keeps_cover
    )
    rows = db.execute(columns.where(Division.office_id == office_id).order_by(Division.sort, Division.id))
    return {row.id: Bidang(*row) for row in rows}


def _services(db: Session, office_id: int) -> dict[int, Service]:
    columns: Select[*tuple[Any, ...]] = select(
        ServiceType.id,
        ServiceType.code,
        ServiceType.name,
        ServiceType.name_en,
        ServiceType.division_id,
        ServiceType.needs_presence,
        ServiceType.service_days,
        ServiceType.papers,
        ServiceType.ended_at.is_not(None),
        ServiceType.version,
        ServiceType.daily_quota,
        ServiceType.slot_minutes,
        ServiceType.service_hours,
    )
    rows = db.execute(columns.where(ServiceType.office_id == office_id).order_by(ServiceType.sort, ServiceType.id))
    return {one.id: one for one in (Service(*row) for row in rows)}
