"""The office's people: the register, its import, and the accounts."""

from staffhub.people.accounts import create_admin
from staffhub.people.checking import BadCell
from staffhub.people.importing import ImportReport, import_register
from staffhub.people.register import COLUMNS, Register, read_register

__all__ = ["COLUMNS", "BadCell", "ImportReport", "Register", "create_admin", "import_register", "read_register"]
