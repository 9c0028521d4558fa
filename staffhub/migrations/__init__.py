"""Alembic inside the package, configured in code: `staffhub migrate` needs no ini file.

Whoever serves only asks whether the database is at head. That needs no Alembic, which takes 10 MB of a worker, so it
is imported by whoever migrates.
"""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa

from staffhub import models
from staffhub.db import Base

if TYPE_CHECKING:
    from alembic.config import Config

__all__ = ["differences", "go_back", "is_at_head", "make_revision", "migrate", "models"]


_HERE = Path(__file__).parent
_VERSION = sa.table("alembic_version", sa.column("version_num", sa.String))


def _config(engine: sa.Engine) -> "Config":
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_HERE))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    config.attributes["engine"] = engine
    return config


def migrate(engine: sa.Engine, target: str = "head") -> None:
    from alembic import command

    if target == "base":
        go_back(engine, target)
    else:
        command.upgrade(_config(engine), target)


def go_back(engine: sa.Engine, target: str) -> None:
    """Take the database back to an earlier revision; `migrate` to one that lies behind does nothing."""
    from alembic import command

    command.downgrade(_config(engine), target)


def is_at_head(connection: sa.Connection) -> bool:
    return _revision(connection) in _revisions().keys() - set(_revisions().values())


def is_known(connection: sa.Connection) -> bool:
    """Say whether `migrate` can bring this database to head: one of an older version of this program."""
    return _revision(connection) in _revisions()


def _revision(connection: sa.Connection) -> str | None:
    """Return the revision of a database; None: nobody has migrated it yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(sa.select(_VERSION.c.version_num))


@cache
def _revisions() -> dict[str, str | None]:
    """Return each revision with the one before it, as its file says."""
    texts = [path.read_text(encoding="utf-8") for path in (_HERE / "versions").glob("*.py")]
    return {str(_named("revision", text)): _named("down_revision", text) for text in texts}


def _named(name: str, text: str) -> str | None:
    found = re.search(rf'^{name}\b[^=\n]*= "(\w+)"', text, re.MULTILINE)
    return found and found[1]


def differences(engine: sa.Engine) -> list[object]:
    """Return what the models say and the migrated database does not; empty when they agree."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


def make_revision(engine: sa.Engine, message: str) -> None:
    from alembic import command

    command.revision(_config(engine), message=message, autogenerate=True)
