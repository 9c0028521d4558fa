"""Accounts: the first administrator, one-time passwords, roles, who may still sign in."""

from datetime import datetime

from staffhub.db import Database


def create_admin(database: Database, office_id: int, *, username: str, name: str, now: datetime) -> str:
    raise NotImplementedError
