"""Rows of some officers, however many, in a statement of the same words for all.

A list that is spelled out, id by id and once in each branch of a union, is 40 kB for an office of 160. Reading that
costs more than the rows: the driver looks through it for its places, and PostgreSQL plans each length of it anew.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

# Of so many the rows are asked for by their ids; of more the whole office is read, and who was not asked for is left
# aside.
_MOST = 500


class _Ids(sa.types.TypeDecorator[Iterable[int]]):
    """An array in the words of PostgreSQL (psycopg takes long over one of its own), JSON on SQLite."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Iterable[int] | None, dialect: sa.Dialect) -> str:
        ids = ",".join(map(str, value or ()))
        return f"[{ids}]" if dialect.name == "sqlite" else f"{{{ids}}}"


class _IsAmong(FunctionElement[bool]):
    name = "is_among"
    type = sa.Boolean()
    inherit_cache = True
    _is_implicitly_boolean = True  # SQLite would be asked whether it is 1, and uses no index for that


def is_among(column: Any) -> _IsAmong:
    """Ask for one of `ids`, a value of the statement."""
    return _IsAmong(column, sa.bindparam("ids", type_=_Ids()))


def among(ids: Sequence[int]) -> dict[str, Sequence[int]]:
    """Return the values for `is_among`, or none when the whole office is to be read."""
    return {"ids": ids} if len(ids) <= _MOST else {}


@compiles(_IsAmong, "postgresql")
def _in_array(element: _IsAmong, compiler: SQLCompiler, **given: Any) -> str:
    column, ids = (compiler.process(one, **given) for one in element.clauses)
    return f"{column} = ANY (CAST({ids} AS BIGINT[]))"


@compiles(_IsAmong, "sqlite")
def _in_json(element: _IsAmong, compiler: SQLCompiler, **given: Any) -> str:
    column, ids = (compiler.process(one, **given) for one in element.clauses)
    return f"{column} IN (SELECT value FROM json_each({ids}))"  # noqa: S608  names and places, no values
