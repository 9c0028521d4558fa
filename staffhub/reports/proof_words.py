"""Ways to prove presence, in words."""

from staffhub.i18n import clock
from staffhub.i18n import gettext as _
from staffhub.models import RollState
from staffhub.roll_calls import Free, Rest
from staffhub.workdays import OneProof, Way


def way(value: Way) -> str:
    return {
        Way.MARK: _("A mark: check-in on the phone or at a desk"),
        Way.CODE: _("A mark with the code of a screen"),
        Way.ROLL_CALL: _("The roll call, ticked by the head"),
        Way.STANDUP: _("A briefing that was joined"),
    }[value]


def about() -> str:
    return _(
        "A mark, a code at the door, the roll call and a briefing that was joined stand in for each other. The "
        "earliest counts. As long as no row holds here, each is asked for by itself."
    )


def of_rule(values: OneProof) -> list[tuple[str, str]]:
    return [(_("Stand in for each other"), "; ".join(way(one) for one in values.ways))]


def state(value: RollState) -> str:
    return {
        RollState.PRESENT: _("Present"),
        RollState.LATE: _("Late"),
        RollState.EXCUSED: _("Excused"),
        RollState.MISSING: _("Not seen yet"),
    }[value]


def why_free(one: Rest) -> str:
    """Say why somebody is not asked; of leave only that somebody is away."""
    if one.why is Free.PROVED and one.at:
        return _("presence is proved since %(time)s", time=clock(one.at))
    return {
        Free.AWAY: _("not on duty"),
        Free.HOME: _("works from home"),
        Free.FIELD: _("on field duty"),
        Free.ONESELF: _("nobody ticks oneself"),
        Free.PROVED: _("presence is proved"),
    }[one.why]
