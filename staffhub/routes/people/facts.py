"""What the forms of an officer share: fields, choices, and how roles and kinds are called."""

from typing import Any

from staffhub import people, security
from staffhub.forms import Fields, Form, Line, Word
from staffhub.i18n import gettext as _
from staffhub.models import EmploymentType, Role
from staffhub.people import Choices
from staffhub.security import Viewer


class FactFields(Fields):
    """What the register says of one officer."""

    name: Line
    number: Word | None
    employment_type: EmploymentType
    position: Line | None
    division: int | None
    superior: int | None
    # Somebody who is not in the list: a name or a number.
    superior_named: Word | None = None
    email: Word | None
    phone: Word | None
    username: Word


def role_name(role: Role | None) -> str:
    names = {
        Role.STAFF: _("Staff"),
        Role.DIVISION_HEAD: _("Head of division"),
        Role.OFFICE_HEAD: _("Head of office"),
        Role.HR: _("Personnel"),
        Role.ADMIN: _("Administrator"),
    }
    return names[role] if role else _("no account")


def kind_name(kind: EmploymentType | None) -> str:
    return people.KIND_NAMES[kind] if kind else ""


def chosen_superiors(form: Form[Any] | None) -> list[int]:
    """Return who was chosen in a form, to be offered again whoever it is."""
    typed = form.value("superior") if form else ""
    return [int(typed)] if typed.isdecimal() and len(typed) < 19 else []  # noqa: PLR2004  64 bits


def beside(field: str | None, data: FactFields) -> str | None:
    """Return the input that an error belongs to: a superior is chosen, or named."""
    return "superior_named" if field == "superior" and data.superior_named else field


def options(me: Viewer, choices: Choices) -> dict[str, Any]:
    return {
        "divisions": [*choices.divisions],
        "superiors": [(one.id, _told_apart(one) if one.shared else one.name) for one in choices.colleagues],
        "more_superiors": choices.more,
        "kinds": [(kind.value, kind_name(kind)) for kind in EmploymentType],
        "roles": [(role.value, role_name(role)) for role in Role if security.manages(me, role)],
    }


def _told_apart(one: people.Colleague) -> str:
    """People of one name are told apart by bidang, and those of one bidang by the end of the number."""
    return f"{one.name} ({one.division or _('Whole office')}, {people.masked_number(one.number)})"


def texts(data: FactFields, choices: Choices, role: Role | None = None) -> dict[str, str]:
    """Write what a form says as a row of the register."""
    said = {
        "name": data.name,
        "number": data.number,
        "employment_type": people.KIND_NAMES[data.employment_type],
        "position": data.position,
        "division": choices.division_name(data.division),
        "superior": data.superior_named or choices.number(data.superior),
        "email": data.email,
        "phone": data.phone,
        "username": data.username,
        "role": people.ROLE_NAMES[role] if role else "",
    }
    return {people.COLUMN_OF[field]: text or "" for field, text in said.items()}
