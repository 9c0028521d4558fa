"""Several lists in one round trip: a page says at its start what its parts are about to ask.

Half of what a small page costs is going to the database and back. `read_together` asks everything at once: each list
comes as JSON, and `db.rows` hands it to whoever asks for it, with the types that it would have had alone. The parts
know nothing of it, and where a page said nothing, or something else, they ask for themselves. For lists of a person;
those of an office are asked alone.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
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


def read_together(db: Session, *asks: Ask) -> None:
    """Read all of it in one statement; what was read before and not taken is forgotten."""
    if db.autoflush:
        db.flush()
    statement, lists = _joined(tuple(ask.statement for ask in asks), db.get_bind().dialect)
    values = {f"{n}_{name}": value for n, ask in enumerate(asks) for name, value in ask.values.items()}
    found = db.connection().execute(statement, values).one()
    db.info[_AHEAD] = {
        ask.statement: (ask.values, one, rows or ()) for ask, one, rows in zip(asks, lists, found, strict=True)
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
def _joined(statements: tuple[Any, ...], dialect: sa.Dialect) -> tuple[sa.Select[Any], list[_List]]:
    """Return one row with a list in each column, and how to read each."""
    array, of_rows = sa.func.json_build_array, sa.func.json_agg
    if dialect.name == "sqlite":
        array, of_rows = sa.func.json_array, sa.func.json_group_array
    columns, lists = [], []
    for number, statement in enumerate(statements):
        one = _named_apart(statement, number).subquery(f"list_{number}")
        told: Any = sa.select(of_rows(array(*one.c))).scalar_subquery()
        columns.append(sa.type_coerce(told, sa.JSON))
        readers = [_reader(column.type, dialect) for column in one.c]
        lists.append(_List(SimpleResultMetaData(list(one.c.keys())), readers))
    return sa.select(*columns), lists


def _named_apart(statement: Any, number: int) -> Any:
    """Two lists may ask with the same name for different things."""

    def rename(bind: sa.BindParameter[Any]) -> None:
        if not bind.unique:
            bind.key = f"{number}_{bind.key}"

    return visitors.cloned_traverse(statement, {}, {"bindparam": rename})


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
