"""Alembic inside the package, configured in code: `staffhub migrate` needs no ini file."""

from functools import cache
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from staffhub import models
from staffhub.db import Base

__all__ = ["differences", "go_back", "is_at_head", "make_revision", "migrate", "models"]


def _config(engine: sa.Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(slug)s")
    config.attributes["engine"] = engine
    return config


def migrate(engine: sa.Engine, target: str = "head") -> None:
    if target == "base":
        go_back(engine, target)
    else:
        command.upgrade(_config(engine), target)


def go_back(engine: sa.Engine, target: str) -> None:
    """Take the database back to an earlier revision; `migrate` to one that lies behind does nothing."""
    command.downgrade(_config(engine), target)


def is_at_head(connection: sa.Connection) -> bool:
    return MigrationContext.configure(connection).get_current_revision() == _head()


def is_known(connection: sa.Connection) -> bool:
    """Say whether `migrate` can bring this database to head: one of an older version of this program."""
    current = MigrationContext.configure(connection).get_current_revision()
    scripts = ScriptDirectory(str(Path(__file__).parent))
    return current in {script.revision for script in scripts.walk_revisions()}


@cache
def _head() -> str | None:
    return ScriptDirectory(str(Path(__file__).parent)).get_current_head()


def differences(engine: sa.Engine) -> list[object]:
    """Return what the models say and the migrated database does not; empty when they agree."""
    with engine.connect() as connection:
        options = {"compare_type": True, "compare_server_default": True}
        return list(compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata))


def make_revision(engine: sa.Engine, message: str) -> None:
    command.revision(_config(engine), message=message, autogenerate=True)
