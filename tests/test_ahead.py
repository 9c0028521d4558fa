"""Lists that a page reads together are what each of them is alone, and nobody gets what was read for another."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import sqlalchemy as sa
from psycopg import _queries

from bench.postgres import Postgres
from staffhub import corrections, days, demo, service_requests, worklog
from staffhub.ahead import Ask, read_together, taken
from staffhub.db import Database, read
from staffhub.meetings import joining
from staffhub.migrations import migrate
from staffhub.models import Mark, Officer
from staffhub.settings import Settings
from tests.conftest import MORNING, TODAY, World, count_queries, viewer_of

_PEOPLE = ("pegawai01", "pegawai02", "pegawai05", "pegawai11")
_MARKS = sa.select(Mark.id, Mark.kind, Mark.mode).where(Mark.date == sa.bindparam("day")).order_by(Mark.receipt)
_OFFICERS = sa.select(Officer.id, Officer.name).where(Officer.id == sa.bindparam("officer"))


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The demo office, whose people have something of everything; only read."""
    folder = tmp_path_factory.mktemp("ahead")
    url = f"sqlite:///{folder}/staffhub.db"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        server.run("CREATE DATABASE read_ahead")
        url = server.url("read_ahead")
    made = Database(url)
    migrate(made.engine)
    with made.transaction() as db:
        demo.seed(db, Settings(data_dir=folder, database_url=url), now=MORNING)
    yield made
    made.engine.dispose()
    if request.param == "postgresql":
        server.run("DROP DATABASE read_ahead WITH (FORCE)")


def _asks(database: Database, username: str) -> list[Ask]:
    """What a page about somebody's day may read together."""
    me = viewer_of(database, username)
    assert me.officer_id
    with database.reading() as db:
        own = days.ask(db, me.office_id, me.officer_id, [TODAY - timedelta(days=n) for n in (5, 4, 3, 2, 1, 0)], TODAY)
    return [
        corrections.ask_at_hand(me, TODAY),
        *own,
        joining.ask_today(me.office_id, me.officer_id, TODAY),
        *worklog.asks(me, TODAY),
        service_requests.ask_open(me.office_id, me.officer_id),
    ]


def test_what_is_read_together_is_what_it_is_alone(office: Database) -> None:
    found = 0
    for username in _PEOPLE:
        asks = _asks(office, username)
        with office.reading() as db:
            alone = [read(db, ask).all() for ask in asks]
            with count_queries(office) as seen:
                read_together(db, *asks)
                together = [read(db, ask).all() for ask in asks]
        assert len(seen) == 1
        for one, other in zip(alone, together, strict=True):
            assert sorted(map(repr, one)) == sorted(map(repr, other))
        found += sum(len(rows) for rows in together)
    assert found > 50


def test_rows_come_in_the_order_that_was_asked_for(office: Database) -> None:
    ask = Ask(_MARKS, {"day": TODAY - timedelta(days=3)})
    with office.reading() as db:
        alone = read(db, ask).all()
        read_together(db, ask)
        assert read(db, ask).all() == alone
    assert len(alone) > 20


def test_two_lists_may_ask_with_one_name_for_different_things(world: World) -> None:
    ben, tia = (Ask(_OFFICERS.where(sa.true()), {"officer": world.officer_id(name)}) for name in ("ben", "tia"))
    with world.database.reading() as db:
        read_together(db, ben, tia)
        names = [read(db, one).one().name for one in (ben, tia)]
        assert names == [db.get_one(Officer, one.values["officer"]).name for one in (ben, tia)]


def test_whoever_asks_for_something_else_or_once_more_asks_the_database(world: World) -> None:
    ben, tia = (Ask(_OFFICERS, {"officer": world.officer_id(name)}) for name in ("ben", "tia"))
    with world.database.reading() as db:
        read_together(db, ben)
        assert taken(db, _OFFICERS, tia.values) is None
        with count_queries(world.database) as seen:
            assert read(db, tia).one().id == tia.values["officer"]
            first = read(db, ben).one()
            assert read(db, ben).one() == first
        assert len(seen) == 2
    with world.database.reading() as db:
        assert taken(db, _OFFICERS, ben.values) is None


def test_a_column_that_nobody_can_read_from_json_is_refused_at_once(world: World) -> None:
    ask = Ask(sa.select(sa.literal(b"x")), {})
    with world.database.reading() as db, pytest.raises(TypeError, match="JSON"):
        read_together(db, ask)


def test_the_driver_looks_through_what_a_page_asks_together_once(postgres: Postgres) -> None:
    """By itself it does so each time, where the text is longer than 4,096 bytes or asks for more than 50 values."""
    values = {f"value_{n}": n for n in range(120)}
    long = f"SELECT {' + '.join(f'%({name})s::int' for name in values)}, '{'x' * 12_000}'"
    engine = Database(postgres.url("postgres")).engine
    with engine.connect() as connection:
        connection.exec_driver_sql(long, values)
        before = _queries._query2pg.cache_info()
        assert connection.exec_driver_sql(long, values | {"value_0": 1}).scalar_one() == sum(values.values()) + 1
        after = _queries._query2pg.cache_info()
    engine.dispose()
    assert (after.hits, after.misses) == (before.hits + 1, before.misses)
