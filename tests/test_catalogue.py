"""What the office offers: kept by the head of its bidang, ended and never deleted once somebody has asked for it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from staffhub import office
from staffhub.errors import Conflict, Forbidden, NotFound, Refused
from staffhub.models import AuditEvent, Channel
from staffhub.service_requests import catalogue, steps
from staffhub.service_requests.catalogue import Wish
from tests.conftest import MORNING, World, race

WISH = Wish(
    "Surat keterangan pindah datang",
    "",
    needs_presence=False,
    days=2,
    papers=" KK asli \n\n Surat pengantar",
    minutes=15,
)


def _add(world: World, who: str = "ana", wish: Wish = WISH) -> int:
    me = world.viewer(who)
    with world.database.transaction() as db:
        (division_id, _name), *_others = catalogue.divisions_to_keep(db, me)
        return catalogue.add(db, me, wish, division_id=division_id, now=MORNING)


def _service(world: World, service_id: int) -> office.Service | None:
    with world.database.reading() as db:
        return office.services(db, 1).get(service_id)


def _do(world: World, who: str, service_id: int, act: Callable[..., object], **more: object) -> object:
    me = world.viewer(who)
    with world.database.transaction() as db:
        return act(db, me, catalogue.service_to_keep(db, me, service_id), now=MORNING, **more)


def _ask(world: World, code: str, key: str = "k" * 8) -> steps.Taken:
    given = {"service_type": code, "applicant": "Novi T.", "channel": Channel.COUNTER, "key": key}
    ben = world.viewer("ben")
    with world.database.transaction() as db:
        return steps.take_in(db, ben, now=MORNING, **given)


def test_what_a_head_adds_is_offered_at_once_and_once_however_often_it_is_sent(world: World) -> None:
    first = _add(world)
    assert _add(world) == first
    service = _service(world, first)
    assert service
    assert (service.papers, service.name_en, service.service_days) == ("KK asli\nSurat pengantar", WISH.name, 2)
    assert service.code == "surat_keterangan_pindah_datang"
    assert _ask(world, service.code).state == "new"
    with pytest.raises(Refused, match="sudah ada"):
        _add(world, wish=Wish(WISH.name.upper(), "", needs_presence=True, days=None, papers=""))


def test_two_names_that_begin_alike_get_codes_of_their_own(world: World) -> None:
    codes = set()
    for n in range(3):
        added = _service(world, _add(world, wish=replace(WISH, name=f"{'Layanan panjang ' * 5}{n}")))
        assert added
        codes.add(added.code)
    assert len(codes) == 3
    assert all(len(code) <= 40 for code in codes)


@pytest.mark.parametrize("who", ["ben", "hana"])
def test_nobody_but_who_leads_keeps_the_catalogue(world: World, who: str) -> None:
    me, added = world.viewer(who), _add(world)
    with world.database.transaction() as db:
        assert not catalogue.divisions_to_keep(db, me)
        with pytest.raises(Refused):
            catalogue.add(db, me, WISH, division_id=1, now=MORNING)
        with pytest.raises(Forbidden):
            catalogue.service_to_keep(db, me, added)
        shown = [one for _bidang, services in catalogue.everything(db, me) for one in services]
    assert added in {one.service.id for one in shown}
    assert not any(one.mine for one in shown)


def test_a_head_keeps_the_services_of_the_own_bidang_and_the_head_of_the_office_all(world: World) -> None:
    ana, dewi = world.viewer("ana"), world.viewer("dewi")
    with world.database.transaction() as db:
        other = next(one for one in office.services(db, 1).values() if one.division_id != ana.division_id)
        with pytest.raises(Forbidden):
            catalogue.service_to_keep(db, ana, other.id)
        with pytest.raises(Refused, match="daftar"):
            catalogue.add(db, ana, WISH, division_id=other.division_id, now=MORNING)
        assert catalogue.service_to_keep(db, dewi, other.id).mine
        with pytest.raises(NotFound):
            catalogue.service_to_keep(db, dewi, 10**6)


def test_of_two_who_write_the_same_service_the_second_is_told(world: World) -> None:
    id_ = _add(world)
    before = _service(world, id_)
    assert before
    new = Wish("Surat pindah datang", "Moving in", needs_presence=True, days=None, papers="", quota=20)
    _do(world, "ana", id_, partial(catalogue.change, wish=new), seen=before.version)
    with pytest.raises(Conflict):
        _do(world, "dewi", id_, partial(catalogue.change, wish=WISH), seen=before.version)
    after = _service(world, id_)
    assert after
    assert (after.name, after.name_en, after.needs_presence, after.service_days) == (new.name, "Moving in", True, None)
    assert (before.daily_quota, before.slot_minutes, after.daily_quota, after.slot_minutes) == (None, 15, 20, None)
    _do(world, "ana", id_, partial(catalogue.change, wish=new), seen=before.version)  # a replay changes nothing
    with world.database.reading() as db:
        verbs = db.scalars(sa.select(AuditEvent.verb).where(AuditEvent.verb.like("service.%"))).all()
    assert verbs == ["service.added", "service.changed"]
    with pytest.raises(Refused, match="sudah ada"):  # of another one
        _do(world, "ana", id_, partial(catalogue.change, wish=replace(WISH, name="Kartu keluarga (KK)")), seen=2)


def test_what_was_asked_for_ends_and_is_worked_off_and_what_was_not_is_gone(world: World) -> None:
    used, unused = _add(world), _add(world, wish=replace(WISH, name="Layanan percobaan"))
    code = WISH.name.lower().replace(" ", "_")
    taken = _ask(world, code)
    assert _do(world, "ana", unused, catalogue.end) is True
    assert _service(world, unused) is None
    assert _do(world, "ana", used, catalogue.end) is False
    assert _do(world, "ana", used, catalogue.end) is False  # pressed twice
    ended = _service(world, used)
    assert ended
    assert ended.ended
    with pytest.raises(Refused, match="daftar"):
        _ask(world, code, key="m" * 8)
    assert _ask(world, code).again  # the form that was sent before it ended is answered as then
    assert taken.id == _ask(world, code).id
    with pytest.raises(Refused, match="Bukalah"):
        _add(world)
    _do(world, "ana", used, catalogue.offer_again)
    assert _ask(world, code, key="m" * 8).state == "new"


def test_of_a_request_and_a_removal_at_once_the_second_finds_what_the_first_did(world: World) -> None:
    id_, ana, ben = _add(world), world.viewer("ana"), world.viewer("ben")
    code = WISH.name.lower().replace(" ", "_")

    def take(db: Session) -> None:
        given = {"service_type": code, "applicant": "Novi T.", "channel": Channel.COUNTER, "key": "k" * 8}
        steps.take_in(db, ben, now=MORNING, **given)

    assert race(world.database, take, lambda: _do(world, "ana", id_, catalogue.end)) is False
    id_ = _add(world, wish=replace(WISH, name="Layanan percobaan"))

    def remove(db: Session) -> None:
        assert catalogue.end(db, ana, catalogue.service_to_keep(db, ana, id_), now=MORNING)

    with pytest.raises(Refused, match="daftar"):
        race(world.database, remove, lambda: _ask(world, "layanan_percobaan", key="m" * 8))
