"""What the command line prints of an import, line by line."""

from collections.abc import Iterator

from staffhub import i18n
from staffhub.i18n import gettext as _
from staffhub.people.cells import masked_number
from staffhub.people.entries import BadCell
from staffhub.people.outcome import Difference, Outcome


def bad_lines(bad: list[BadCell]) -> Iterator[str]:
    for cell in bad:
        place = _("Row %(row)s, column %(column)s (%(header)s)", row=cell.row, column=cell.column, header=cell.header)
        yield f'{place}: "{cell.written}" - {cell.reason}'


def outcome_lines(outcome: Outcome) -> Iterator[str]:
    """Say who would change; numbers, telephones and addresses by their ends, since terminals are logged."""
    for person in outcome.changed:
        yield _("Row %(row)s, %(name)s:", row=person.row, name=person.name)
        yield from (f"  {_difference(one)}" for one in person.differences)
    people, days = outcome.past
    if people:
        yield _(
            "From %(day)s on: at most %(days)s days that are past change, for %(people)s people.",
            day=i18n.day(outcome.day),
            days=days,
            people=people,
        )
    counts = {"new": len(outcome.new), "changed": len(outcome.changed), "same": outcome.same}
    yield _("%(new)s new, %(changed)s changed, %(same)s unchanged.", **counts)


def _difference(one: Difference) -> str:
    before, after = (_masked(one.column, text) or _("(empty)") for text in (one.before, one.after))
    text = f"{one.column}: {before} -> {after}"
    if one.left_on:
        text += "  ! " + _("back to what stood before %(day)s: an old file?", day=i18n.day(one.left_on))
    return text


def _masked(column: str, text: str) -> str:
    if column == "NIP":
        return masked_number("".join(text.split()))
    if column == "telepon" and text:
        return f"•••• {text[-3:]}"
    return f"••••@{text.rpartition('@')[2]}" if column == "email" and text else text
