"""A plan of the duty roster that is being worked out, in words: how far, how good, or what cannot hold and why."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from staffhub import i18n, office
from staffhub.db import rows
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import Officer, TaskState
from staffhub.roster.coverage import LEVELS
from staffhub.roster.relaxing import Step, Trouble, Way, key_of, troubles
from staffhub.roster.runs import Run
from staffhub.roster.solving.problem import Why
from staffhub.security import Viewer

_OPEN = 0.005  # of its cost: less is nothing that anybody would notice
_WAYS = 3  # of a kind


class Choice(NamedTuple):
    """A way out: what its form sends ("": others do it), what it means, and a page where it is decided instead."""

    value: str
    text: str
    link: str = ""


class Said(NamedTuple):
    """What cannot hold, in one sentence, and what would help; `untried`: there may be other ways."""

    text: str
    choices: list[Choice]
    untried: bool


@dataclass(frozen=True)
class Told:
    """A run as its page tells it. `kind` of its note; `stands`: there is a plan; `troubles`: why there is none."""

    run: Run
    of: str
    text: str
    kind: str
    turns: list[str]
    stands: bool
    troubles: list[Said]
    excuses: bool


_NAMES = select(Officer.id, Officer.name).where(
    Officer.office_id == bindparam("office"), Officer.id.in_(bindparam("ids", expanding=True))
)


def told(db: Session, me: Viewer, run: Run) -> Told:
    desks = {one.id: one.short_name for one in office.divisions(db, me.office_id).values()}
    found = troubles(run.outcome)
    ids = {who for one in found for who, _why in one.absent}
    ids |= {step.officer_id for one in found for way in one.ways for step in way if step.officer_id is not None}
    found_names = rows(db, _NAMES, office=me.office_id, ids=sorted(ids)) if ids else ()
    names = {row[0]: row[1] for row in found_names}
    text, kind = state(run)
    outcome = run.outcome or {}
    stands = outcome.get("state") in {"optimal", "feasible"}
    return Told(
        run=run,
        of=desks.get(run.division_id or 0, _("Whole office")),
        text=text,
        kind=kind,
        turns=[_turns(run, one, desks) for one in outcome.get("turns", ())] if stands else [],
        stands=stands,
        troubles=[_said(one, names, desks, me) for one in found],
        excuses=any(step.kind == "excuse" for one in found for way in one.ways for step in way),
    )


def state(run: Run) -> tuple[str, str]:
    """Say how a run stands, or how good its plan is, and the kind of a note that says so."""
    if run.waits:
        if run.stopped:
            return _("It is being stopped."), ""
        return _("The plan is being worked out: %(progress)s percent of the time.", progress=run.progress), ""
    outcome = run.outcome or {}
    if run.state is TaskState.FAILED:
        return _("The plan could not be worked out. The draft is as it was; try again."), "bad"
    return {
        "optimal": (_("The plan stands in the draft, and is proven the best there is."), "ok"),
        "feasible": (_("The plan stands in the draft. %(gap)s", gap=gap(outcome.get("gap"))), "ok"),
        "infeasible": (_("There is no plan that keeps every rule. The draft is as it was."), "bad"),
        "stopped": (_("No plan was found in the time there was. The draft is as it was."), "warn"),
        "cancelled": (_("It was stopped. The draft is as it was."), "warn"),
        "changed": (_("Somebody changed the draft meanwhile, so it stays as it is. Work it out again."), "warn"),
        "refused": (str(outcome.get("why", "")), "bad"),
    }[outcome["state"]]


def gap(value: float | None) -> str:
    """Say by how much a plan may be worse than the best there is."""
    if value is None:
        return _("How far it is from the best is not known.")
    if value < _OPEN:
        return _("It is as good as the best there is.")
    return _("The best there is could be better by %(percent)s percent at most.", percent=max(1, round(value * 100)))


def _turns(run: Run, team: Sequence[Any], desks: Mapping[int, str]) -> str:
    desk, group, least, most = team
    who = group or _("other")
    if run.division_id is None:
        who = f"{desks.get(desk, '')}, {who}"
    if least == most:
        return _("%(group)s: %(turns)s turns in the office each", group=who, turns=most)
    return _("%(group)s: %(least)s to %(most)s turns in the office each", group=who, least=least, most=most)


def ranges(days: Sequence[date]) -> str:
    """26 Nov, or 26 Nov to 1 Dec for days running."""
    if len(days) == 1:
        return i18n.day(days[0])
    return _("%(first)s to %(last)s", first=i18n.day(days[0]), last=i18n.day(days[-1]))


def _said(one: Trouble, names: Mapping[int, str], desks: Mapping[int, str], me: Viewer) -> Said:
    number, where = abs(one.missing), desks.get(one.division_id, "")
    if one.group == LEVELS:
        what = _("who leads must be in the office")
    elif one.is_share:
        what = _("the share of flexible work of %(document)s does not hold", document=one.group)
    elif one.for_citizens:
        what = ngettext(
            "%(num)s person too few for the appointments that are given",
            "%(num)s people too few for the appointments that are given",
            number,
        )
    elif one.missing < 0:
        what = ngettext("%(num)s %(group)s too many", "%(num)s %(group)s too many", number, group=one.group)
    else:
        what = ngettext("%(num)s %(group)s too few", "%(num)s %(group)s too few", number, group=one.group)
    text = _("%(days)s, %(division)s: %(what)s.", days=ranges(one.days), division=where, what=what)
    choices = [_choice(way, one, names, desks, me) for way in _some(one.ways)]
    if one.for_citizens:
        page = f"/requests/appointments?date={one.days[0]}&division={one.division_id}"
        choices.append(Choice("", _("Move or cancel appointments of %(days)s", days=ranges(one.days)), page))
    return Said(f"{text} {_reasons(one, names)}".strip(), choices, one.untried)


def _some(ways: Sequence[Way]) -> list[Way]:
    """Return the first of each kind: so many free colleagues do not bury the others."""
    seen: Counter[tuple[str, ...]] = Counter()
    found = []
    for way in ways:
        kinds = tuple(step.kind for step in way)
        seen[kinds] += 1
        if seen[kinds] <= _WAYS:
            found.append(way)
    return found


def _reasons(one: Trouble, names: Mapping[int, str]) -> str:
    by_reason: dict[str, list[str]] = {}
    for who, why in one.absent:
        by_reason.setdefault(reason(why), []).append(names.get(who, "–"))
    if not by_reason:
        return _("Nobody else of this group serves there.")
    return "; ".join(f"{', '.join(sorted(who))} {why}" for why, who in by_reason.items()) + "."


def reason(why: Why | None) -> str:
    return {
        "leave": _("is on leave"),
        "duty": _("is on a duty order"),
        "exemption": _("is excused by an exemption"),
        "health": _("works from home by letter"),
        "locked": _("is locked in the draft"),
        "hand": _("is planned by hand"),
        "free": _("does not work on that day"),
        None: _("is lent to another division"),
    }[why]


def _choice(way: Way, one: Trouble, names: Mapping[int, str], desks: Mapping[int, str], me: Viewer) -> Choice:
    mine = [step.division_id is None or me.sees(officer_id=None, division_id=step.division_id) for step in way]
    said = [_step(step, one, names, desks, mine=may) for step, may in zip(way, mine, strict=True)]
    whole = said[0]
    for more in said[1:]:
        whole = _("%(what)s and %(more)s", what=whole, more=more)
    asks = next((step for step in way if step.kind == "ask_leave"), None)
    return Choice(key_of(way) if all(mine) else "", whole, f"/roster/{asks.officer_id}" if asks else "")


def _step(step: Step, one: Trouble, names: Mapping[int, str], desks: Mapping[int, str], *, mine: bool) -> str:
    days = ngettext("%(num)s day", "%(num)s days", len(one.days))
    name = names.get(step.officer_id or 0, "")
    if step.kind == "borrow":
        told = {"name": name, "division": desks.get(step.division_id or 0, ""), "days": days}
        if mine:
            return _("Borrow %(name)s of %(division)s for %(days)s", **told)
        return _("Ask the head of %(division)s to lend %(name)s for %(days)s", **told)
    if step.kind == "unlock":
        return _("Unlock %(name)s on %(days)s", name=name, days=days)
    if step.kind == "ask_leave":
        return _("Ask %(name)s again about the leave on %(days)s", name=name, days=days)
    if one.is_share:
        return _("Excuse this rule on %(days)s, with a reason", days=days)
    return _("Excuse the minimum on %(days)s, with a reason", days=days)
