"""Several lists in one round trip: a page says at its start what its parts are about to ask.

Half of what a small page costs is going to the database and back. `read_together` asks everything at once: each list
comes as JSON, and `db.rows` hands it to whoever asks for it, with the types that it would have had alone. The parts
know nothing of it, and where a page said nothing, or something else, they ask for themselves. For lists of a person;
those of an office are asked alone.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine.result import IteratorResult, SimpleResultMetaData
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors

_AHEAD = "read_ahead"
_ISO: dict[type[sa.types.TypeEngine[Any]], Callable[[str], Any]] = {
    sa.DateTime: datetime.fromisoformat,
    sa.Date: date.fromisoformat,
    sa.Time: time.fromisoformat,
}
_READ = (*_ISO, sa.Integer, sa.String, sa.Boolean, sa.JSON, sa.types.NullType)

Reader = Callable[[Any], Any] | None


class Ask(NamedTuple):
    """A statement that is built once, and what it asks for."""

    statement: Any
    values: dict[str, Any]


class _List(NamedTuple):
    keys: SimpleResultMetaData
    readers: Sequence[Reader]


class _Place(NamedTuple):
    """Where a value stands in the words of a statement: the name there, what was asked (which of a list), and how the
    driver takes it.
    """

    name: str
    asked: str
    which: int | None
    write: Reader

    def value(self, asked: Mapping[str, Any]) -> Any:
        one = asked[self.asked] if self.which is None else asked[self.asked][self.which]
        return self.write(one) if self.write else one


class _Joined(NamedTuple):
    """One statement in words, ready for the driver."""

    words: str
    constants: Mapping[str, Any]
    places: Sequence[_Place]
    lists: Sequence[_List]


def read_together(db: Session, *asks: Ask) -> None:
    """Read all of it in one statement; what was read before and not taken is forgotten.

    SQLAlchemy would put its hundred values in place anew each time, which costs several times what the database does.
    """
    if db.autoflush:
        db.flush()
    asked = {f"{n}_{name}": value for n, ask in enumerate(asks) for name, value in ask.values.items()}
    lengths = tuple(
        (f"{n}_{name}", len(ask.values[name])) for n, ask in enumerate(asks) for name in _spread(ask.statement)
    )
    one = _joined(tuple(ask.statement for ask in asks), lengths, db.get_bind().dialect)
    values = {**one.constants, **{place.name: place.value(asked) for place in one.places}}
    found = db.connection().exec_driver_sql(one.words, values).one()
    db.info[_AHEAD] = {
        ask.statement: (ask.values, told, (json.loads(rows) if isinstance(rows, str) else rows) or ())
        for ask, told, rows in zip(asks, one.lists, found, strict=True)
    }


def taken(db: Session, statement: Any, values: dict[str, Any]) -> sa.Result[Any] | None:
    """Return what was read ahead of exactly this, once."""
    ahead = db.info.get(_AHEAD)
    if not ahead or statement not in ahead or ahead[statement][0] != values:
        return None
    _values, (keys, readers), rows = ahead.pop(statement)
    return IteratorResult(keys, iter([_row(readers, row) for row in rows]))


def _row(readers: Sequence[Reader], row: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(read(value) if read else value for read, value in zip(readers, row, strict=True))


@lru_cache(maxsize=512)
def _spread(statement: Any) -> frozenset[str]:
    """Return the names of lists whose values stand in the words one by one."""
    binds = (one for one in visitors.iterate(statement) if isinstance(one, sa.BindParameter))
    return frozenset(one.key for one in binds if one.expanding and not one.unique)


@lru_cache(maxsize=512)
def _joined(statements: tuple[Any, ...], lengths: tuple[tuple[str, int], ...], dialect: sa.Dialect) -> _Joined:
    """Return one row with a list in each column, and how to read each."""
    array, of_rows = sa.func.json_build_array, sa.func.json_agg
    if dialect.name == "sqlite":
        array, of_rows = sa.func.json_array, sa.func.json_group_array
    columns, lists = [], []
    for number, statement in enumerate(statements):
        one = _named_apart(statement, number, dict(lengths)).subquery(f"list_{number}")
        columns.append(sa.select(of_rows(array(*one.c))).scalar_subquery())
        readers = [_reader(column.type, dialect) for column in one.c]
        lists.append(_List(SimpleResultMetaData(list(one.c.keys())), readers))
    return _in_words(sa.select(*columns), lists, dialect)


def _named_apart(statement: Any, number: int, lengths: Mapping[str, int]) -> Any:
    """Two lists may ask with the same name for different things."""

    def rename(bind: sa.BindParameter[Any]) -> None:
        if not bind.unique:
            bind.key = f"{number}_{bind.key}"
            bind.required, bind.value = False, [None] * lengths[bind.key] if bind.expanding else None

    return visitors.cloned_traverse(statement, {}, {"bindparam": rename})


def _in_words(statement: sa.Select[Any], lists: list[_List], dialect: sa.Dialect) -> _Joined:
    named = sqlite.dialect(paramstyle="named") if dialect.name == "sqlite" else dialect
    compiled: Any = statement.compile(dialect=named, compile_kwargs={"render_postcompile": True})
    constants, places = {}, []
    for bind, name in compiled.bind_names.items():
        write = bind.type.dialect_impl(dialect).bind_processor(dialect)
        # A list stands there value by value, under names that are counted from 1.
        spread = [(f"{name}_{n + 1}", n) for n in range(len(bind.value))] if bind.expanding else [(name, None)]
        for place, which in spread:
            if bind.unique:
                constants[place] = _Place(place, name, which, write).value({name: bind.value})
            else:
                places.append(_Place(place, name, which, write))
    return _Joined(compiled.string, constants, places, lists)


def _reader(kind: sa.types.TypeEngine[Any], dialect: sa.Dialect) -> Reader:
    """Say how a value of JSON becomes what the database's driver would have given, and from that the column's."""
    plain = kind.impl_instance if isinstance(kind, sa.types.TypeDecorator) else kind
    if not isinstance(plain, _READ):
        raise TypeError(f"nobody has said how {kind!r} is read from JSON")
    process = cast("Reader", kind.dialect_impl(dialect).result_processor(dialect, None))
    if dialect.name == "sqlite":  # whose driver gives text as well
        return process
    if isinstance(plain, sa.JSON):  # it lies there as it is
        return None
    parse = next((parse for kinds, parse in _ISO.items() if isinstance(plain, kinds)), None)
    return _one_after_the_other(parse, process) if parse else process


def _one_after_the_other(parse: Callable[[str], Any], process: Reader) -> Callable[[str | None], Any]:
    def read(text: str | None) -> Any:
        value = None if text is None else parse(text)
        return process(value) if process else value

    return read
