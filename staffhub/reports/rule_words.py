"""Rules in plain words: what a row says, whom it is for, and what does not add up."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from staffhub import i18n
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import EmploymentType, RuleKind
from staffhub.reports import late_words, proof_words, roster_words, words
from staffhub.workdays import (
    BY_GROUP,
    WEEKDAYS,
    Coverage,
    CoverGroup,
    Decision,
    Discipline,
    ExpectedMark,
    Flexible,
    Hours,
    LateTaps,
    LeaveKind,
    LeaveRule,
    Letter,
    Level,
    MinutesAsDays,
    OneProof,
    Past,
    Proof,
    RosterWeights,
    RuleLine,
    Tiers,
    Unit,
    Window,
    WorkHours,
)

Pairs = list[tuple[str, str]]
_WHOLE_WEEK = 7


def kind(value: RuleKind) -> str:
    return {
        RuleKind.WORK_HOURS: _("Working hours"),
        RuleKind.COVERAGE: _("Duty minimum of each division"),
        RuleKind.TIERS: _("Tiers of lateness and early leave"),
        RuleKind.DISCIPLINE: _("Discipline thresholds"),
        RuleKind.MINUTES_AS_DAYS: _("Minutes that add up to days"),
        RuleKind.LEAVE: _("Kinds of leave"),
        RuleKind.FLEXIBLE: _("Flexible work"),
        RuleKind.DECISION: _("Deadline of corrections"),
        RuleKind.ROSTER_WEIGHTS: _("What the duty roster looks to"),
        RuleKind.LATE_DELIVERY: _("Taps that were sent late"),
        RuleKind.ONE_PROOF: _("One proof is enough"),
    }[value]


def about(value: RuleKind) -> str:
    """One sentence on how rows of a kind work."""
    return {
        RuleKind.WORK_HOURS: _(
            "Hours of a group come before hours for everybody, and special hours before the usual ones of the same "
            "people. A group with hours of its own keeps them in Ramadan too, until a row for it says otherwise."
        ),
        RuleKind.COVERAGE: _(
            "Who must be in the office in each division that keeps cover. A row of one division comes before that."
        ),
        RuleKind.TIERS: _("The first number counts, the last one does not: 31 minutes belong to the tier from 31."),
        RuleKind.DISCIPLINE: _(
            "Days absent without reason in a year. They count and warn; people decide what follows."
        ),
        RuleKind.MINUTES_AS_DAYS: _("As long as no row holds here, minutes are only added up."),
        RuleKind.LEAVE: _("One row for each kind of leave and group of employees."),
        RuleKind.FLEXIBLE: _("A row of one division comes before one for the whole office."),
        RuleKind.DECISION: _("How long the superior has for a decision on a correction."),
        RuleKind.ROSTER_WEIGHTS: _("What a proposed duty roster tries to do well once everything that must be holds."),
        RuleKind.LATE_DELIVERY: _(
            "A tap without network waits on the phone and is sent by itself later. It is never refused; this row says "
            "which time counts. As long as no row holds here, the arrival does."
        ),
        RuleKind.ONE_PROOF: proof_words.about(),
    }[value]


def weekday(name: str) -> str:
    return {
        "mon": _("Monday"),
        "tue": _("Tuesday"),
        "wed": _("Wednesday"),
        "thu": _("Thursday"),
        "fri": _("Friday"),
        "sat": _("Saturday"),
        "sun": _("Sunday"),
    }[name]


def leave(value: LeaveKind) -> str:
    return {
        LeaveKind.ANNUAL: _("Annual leave"),
        LeaveKind.LONG: _("Long leave"),
        LeaveKind.SICK: _("Sick leave"),
        LeaveKind.MATERNITY: _("Maternity leave"),
        LeaveKind.IMPORTANT_REASON: _("Leave for an important reason"),
        LeaveKind.UNPAID: _("Unpaid leave"),
        LeaveKind.PERMISSION: _("Permission"),
    }[value]


def subjects(value: RuleKind, divisions: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return what a row of the kind may be about, with its name; `divisions`: short names by code."""
    if value is RuleKind.WORK_HOURS:
        return [("", _("Usual hours")), ("special", _("Special hours, for example in Ramadan"))]
    if value is RuleKind.TIERS:
        return [("late", _("Late arrival")), ("early", _("Early leave"))]
    if value is RuleKind.LEAVE:
        return [(one.value, leave(one)) for one in LeaveKind]
    if value is RuleKind.COVERAGE:
        return [("", _("Each division that keeps cover")), *divisions.items()]
    if value is RuleKind.FLEXIBLE:
        return [("", _("Whole office")), *divisions.items()]
    return []


def title(line: RuleLine, divisions: Mapping[str, str]) -> str:
    """Name a row by what it is about: "Special hours", "Annual leave"."""
    return dict(subjects(line.kind, divisions)).get(line.subject) or kind(line.kind)


def name(line: RuleLine, divisions: Mapping[str, str]) -> str:
    """Name a row in a list of its kind: "Annual leave: PNS"."""
    about_it = title(line, divisions)
    return f"{about_it}: {groups(line.groups)}" if line.kind in BY_GROUP else about_it


def groups(kinds: Iterable[str]) -> str:
    """Name kinds of employment; one that nobody knows, in a row that is wrong, as it stands there."""
    known = {one.value for one in EmploymentType}
    named = [words.employment(EmploymentType(one)) if one in known else one for one in kinds]
    return ", ".join(named) or _("Everybody")


def level(value: Level) -> str:
    return {Level.LIGHT: _("light"), Level.MEDIUM: _("medium"), Level.HEAVY: _("heavy")}[value]


def letter(value: Letter) -> str:
    return {Letter.LEAVE: _("C, leave"), Letter.SICK: _("S, sick"), Letter.PERMISSION: _("I, permission")}[value]


def unit(value: Unit) -> str:
    return {
        Unit.WORKING_DAYS: _("working days"),
        Unit.CALENDAR_DAYS: _("calendar days"),
        Unit.MONTHS: _("months"),
    }[value]


def amount(value: Unit, number: int) -> str:
    """1 month, 12 working days."""
    return {
        Unit.WORKING_DAYS: ngettext("%(num)s working day", "%(num)s working days", number),
        Unit.CALENDAR_DAYS: ngettext("%(num)s calendar day", "%(num)s calendar days", number),
        Unit.MONTHS: ngettext("%(num)s month", "%(num)s months", number),
    }[value]


def mark(value: ExpectedMark) -> str:
    return {
        ExpectedMark.CHECK_IN: _("Check-in"),
        ExpectedMark.CHECK_OUT: _("Check-out"),
        ExpectedMark.ROLL_CALL: _("Roll-call"),
    }[value]


def days_in_words(names: Sequence[str]) -> str:
    """Monday to Thursday, Saturday."""
    if len(names) == _WHOLE_WEEK:
        return _("every day")
    runs = [[name for _n, name in run] for _gap, run in groupby(enumerate(names), lambda one: _gap_of(*one))]
    return ", ".join(
        _("%(first)s to %(last)s", first=weekday(run[0]), last=weekday(run[-1])) if len(run) > 1 else weekday(run[0])
        for run in runs
    )


def _gap_of(number: int, name: str) -> int:
    """The same for names that follow each other."""
    return WEEKDAYS.index(name) - number


def lines(line: RuleLine) -> Pairs:
    """Return what a row says, as pairs of a name and a text; nothing for one that cannot be read."""
    return _SAYS[type(line.values)](line.values) if line.values else []


def _of_hours(values: WorkHours) -> Pairs:
    found = []
    for hours, names in groupby(values.working_days, values.of):
        if hours:
            rest = words.duration(pause) if (pause := hours.pause) else ""
            text = _("%(hours)s, break %(pause)s", hours=_from_to(hours), pause=rest) if rest else _from_to(hours)
            found.append((days_in_words(list(names)), text))
    found.append((_("The week"), week(values)))
    if values.tolerance:
        found.append((_("Counts as on time"), _("%(time)s after the start", time=words.duration(values.tolerance))))
    return found + [(window.name or mark(window.mark), _window(window)) for window in values.windows]


def _from_to(value: Hours | Window) -> str:
    return f"{i18n.clock(value.starts)} – {i18n.clock(value.ends)}"


def week(values: WorkHours) -> str:
    """37 hours 30 minutes; asked: 37 hours 30 minutes (Perpres 21/2023)."""
    sums = words.duration(values.week_minutes)
    if values.asked is None:
        return sums
    asked = words.duration(values.asked)
    if not values.asked_source:
        return _("%(sum)s; asked for: %(asked)s", sum=sums, asked=asked)
    return _("%(sum)s; asked for: %(asked)s (%(source)s)", sum=sums, asked=asked, source=values.asked_source)


def difference(line: RuleLine) -> str:
    """Say how far a week is from what the rule asks; empty when it is not, or nothing is asked."""
    values = line.values
    if not isinstance(values, WorkHours) or values.asked is None or values.asked == values.week_minutes:
        return ""
    minutes = values.week_minutes - values.asked
    time = words.duration(abs(minutes))
    return _("%(time)s more than asked", time=time) if minutes > 0 else _("%(time)s less than asked", time=time)


def _window(window: Window) -> str:
    return f"{days_in_words(window.days)}, {_from_to(window)}" if window.days else _from_to(window)


def _of_coverage(values: Coverage) -> Pairs:
    found = [(one.name, _people(one)) for one in values.groups]
    if values.levels is None:
        return found
    text = (
        _("the head of the office, the secretary and the heads of divisions")
        if values.levels > 1
        else _("the head of the office")
    )
    return [*found, (_("Always in the office"), text)]


def _people(group: CoverGroup) -> str:
    number = group.minimum
    text = ngettext("at least %(num)s person in the office", "at least %(num)s people in the office", number)
    if group.maximum is not None:
        text = _("%(least)s, at most %(most)s", least=text, most=group.maximum)
    if group.weekdays:
        ordered = [name for name in WEEKDAYS if name in group.weekdays]
        text = _("%(what)s, on %(days)s", what=text, days=days_in_words(ordered))
    return f"{text} ({groups(group.types)})"


def span(low: int, high: int | None) -> str:
    """From 1 to less than 31 minutes; the one that has no end: 91 minutes or more."""
    if high is None:
        return _("%(low)s minutes or more", low=low)
    return _("from %(low)s to less than %(high)s minutes", low=low, high=high)


def _of_discipline(values: Discipline) -> Pairs:
    found = [
        (_days_between(one.first, one.last), f"{one.consequence} ({level(one.level)})") for one in values.thresholds
    ]
    if row := values.in_a_row:
        days = _("%(days)s in a row", days=_working_days(row.days))
        found.append((days, f"{row.consequence} ({level(row.level)})"))
    return found


def _days_between(first: int, last: int | None) -> str:
    if last is None:
        return _("%(first)s days or more", first=first)
    if last == first:
        return ngettext("%(num)s day", "%(num)s days", first)
    return _("%(first)s – %(last)s days", first=first, last=last)


def _working_days(number: int) -> str:
    return ngettext("%(num)s working day", "%(num)s working days", number)


def _of_leave(values: LeaveRule) -> Pairs:
    found = [(_("At most"), amount(values.unit, values.quota) if values.quota else _("not set"))]
    if values.extension:
        found.append((_("Prolonged by at most"), amount(values.unit, values.extension)))
    if values.carry_one or values.carry_two:
        one, two = values.carry_one or values.quota, values.carry_two or values.carry_one
        text = _("%(one)s in all; unused for two years %(two)s", one=one, two=two)
        found.append((_("With what is left of a year"), text))
    if values.service_months:
        text = ngettext("%(num)s month of service", "%(num)s months of service", values.service_months)
        found.append((_("After"), text))
    found += [
        (_("Letter in the recap"), letter(values.letter)),
        *_proofs_of(values),
        (_("Holidays in between"), _("count") if values.counts_holidays else _("do not count")),
        (_("Half days"), _("allowed") if values.half_days else _("not allowed")),
    ]
    return found + ([(_("Note"), values.note)] if values.note else [])


def _proofs_of(values: LeaveRule) -> Pairs:
    if not values.proofs:
        return [(_("Letter of proof"), _("needed") if values.needs_letter else _("not needed"))]
    said = ((_days_between(one.first, one.last), proof(one.by)) for one in values.proofs)
    return [(_("Letter of proof"), "; ".join(f"{days}: {text}" for days, text in said))]


def proof(value: Proof) -> str:
    return {
        Proof.NONE: _("no letter"),
        Proof.DOCTOR: _("a doctor's letter"),
        Proof.GOVERNMENT_DOCTOR: _("a government doctor's letter"),
    }[value]


def _of_flexible(values: Flexible) -> Pairs:
    if values.most_home is not None:
        share = _("at most %(percent)s %% at home", percent=values.most_home)
    else:
        share = _("at least %(percent)s %% in the office", percent=values.least_office)
    found = [(_("Share"), share), (_("Number of the order"), values.document)]
    out = [groups(values.excluded_types)] if values.excluded_types else []
    out += [*values.excluded_divisions, *([values.excluded_positions] if values.excluded_positions else [])]
    return found + ([(_("Works in the office"), ", ".join(out))] if out else [])


_SAYS: dict[type, Callable[[Any], Pairs]] = {
    WorkHours: _of_hours,
    Coverage: _of_coverage,
    Tiers: lambda values: [(tier.name, span(tier.min, tier.max)) for tier in values.tiers],
    Discipline: _of_discipline,
    MinutesAsDays: lambda values: [(_("One day"), words.duration(values.minutes))],
    LeaveRule: _of_leave,
    Flexible: _of_flexible,
    Decision: lambda values: [(_("Decided within"), _working_days(values.working_days))],
    RosterWeights: roster_words.of_weights,
    LateTaps: late_words.of_rule,
    OneProof: proof_words.of_rule,
}


def headline(line: RuleLine) -> str:
    """Say in one line what a list of rows shows."""
    values, said = line.values, lines(line)
    if isinstance(values, WorkHours):
        runs = groupby(values.working_days, values.of)
        days = ", ".join(f"{days_in_words(list(names))} {_from_to(hours)}" for hours, names in runs if hours)
        return _("%(days)s. The week: %(sum)s", days=days, sum=week(values))
    if isinstance(values, Discipline):
        number = len(values.thresholds)
        first = values.thresholds[0].first
        return ngettext("%(num)s threshold, from %(first)s days on", "%(num)s thresholds, from %(first)s days on",
                        number, first=first)  # fmt: skip
    if isinstance(values, LeaveRule):
        return said[0][1]
    return "; ".join(f"{name}: {text}" for name, text in said)


def own_hours(line: RuleLine, others: Iterable[RuleLine]) -> list[str]:
    """Say for whom a schedule for everybody does not hold, since they have hours of their own then, and from when."""
    if line.kind is not RuleKind.WORK_HOURS or line.groups or not line.confirmed:
        return []
    last = line.valid_to or date.max
    found: dict[date, set[str]] = {}
    for other in others:
        own = other.kind is RuleKind.WORK_HOURS and other.confirmed and not other.problem
        if own and other.valid_from <= last and (other.valid_to or date.max) >= line.valid_from:
            found.setdefault(max(other.valid_from, line.valid_from), set()).update(other.groups)
    return [_not_for(groups(sorted(kinds)), line, first) for first, kinds in sorted(found.items()) if kinds]


def _not_for(who: str, line: RuleLine, first: date) -> str:
    if first == line.valid_from:
        return _("Not for %(groups)s, with hours of their own.", groups=who)
    return _("From %(day)s not for %(groups)s, with hours of their own.", groups=who, day=i18n.day(first))


def past(touched: Past) -> str:
    """Say from when a change holds and what of it is over."""
    days = ngettext("%(num)s day that is over", "%(num)s days that are over", touched.days)
    people = ngettext("%(num)s person", "%(num)s people", touched.people)
    return _(
        "This changes what held from %(day)s on: %(days)s, of %(people)s.",
        day=i18n.day(touched.first),
        days=days,
        people=people,
    )
