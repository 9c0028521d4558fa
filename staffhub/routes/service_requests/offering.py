"""Who is offered for a request: in groups, with the place today and the load beside each name."""

from collections.abc import Sequence

from staffhub.i18n import gettext as _
from staffhub.service_requests.duty import Candidate, Place

Choices = list[tuple[str, list[tuple[int, str]]]]


def choices(people: Sequence[Candidate], division_id: int | None) -> Choices:
    """Group them as they come: a heading, and people with their ids."""
    found: dict[str, list[tuple[int, str]]] = {}
    for one in people:
        ours = one.division_id == division_id
        said = (one.name, _whose(one, division_id), one.where, one.load)
        found.setdefault(_group(one, ours), []).append((one.id, ", ".join(filter(None, said))))
    return list(found.items())


def _whose(one: Candidate, division_id: int | None) -> str:
    """Say what is not of course: another division, or that one of the people serves another one today."""
    if one.own_id == division_id != one.division_id:
        return _("serves %(desk)s today", desk=one.division)
    return "" if one.own_id == division_id else one.own


def _group(one: Candidate, ours: bool) -> str:
    if not ours:
        return _("Other divisions")
    return {
        Place.ON_DUTY: _("On duty now"),
        Place.EXPECTED: _("Not in yet"),
        Place.AWAY: _("On leave"),
    }.get(one.place, _("Not on duty"))


def reason(one: Candidate, *, stands_in: bool = False) -> str:
    """Why just this one is proposed."""
    if stands_in:
        return _("Named as the stand-in for this leave: %(place)s, %(load)s.", place=one.where, load=one.load)
    return _("On duty now (%(place)s) and has the least: %(load)s.", place=one.where, load=one.load)
