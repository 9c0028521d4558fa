"""Why there is no plan, rule by rule, and the smallest changes that would make one possible.

Hard rules never join two days, so each day is looked at alone, with its own small problem.
"""

from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import replace
from datetime import date
from itertools import combinations, islice
from math import comb

from staffhub.roster.solving.day import settle
from staffhub.roster.solving.problem import Demand, Fixed, Loan, Person, Place, Problem, Share
from staffhub.roster.solving.rows import Row, choices, rows
from staffhub.roster.solving.solution import Absent, Broken, Explanation, Kind, Relaxation

# How much it asks of people: a cell is given back, a colleague lends a hand, somebody gives up a day of leave, the
# citizens have one officer fewer.
COSTS: dict[Kind, float] = {"unlock": 1, "borrow": 2, "ask_leave": 4, "excuse": 8}
# How many changes are looked at for a broken rule, how many are tried, and how many of a kind that help are offered.
_SETS, _TRIES, _WAYS = 2000, 60, 8

Way = tuple[Relaxation, ...]


def explain(problem: Problem) -> Explanation:
    """Name each rule that cannot hold, with what would help; nothing is broken where there is a plan."""
    broken: list[Broken] = []
    together: list[Relaxation] = []
    for day in problem.days:
        alone = on(problem, day)
        if not possible(alone):
            found = _broken(alone)
            broken += found
            together += _together(alone, found)
    return Explanation(tuple(broken), tuple(together))


def apply(problem: Problem, *changes: Relaxation) -> Problem:
    """Return the problem with these changes made."""
    for change in changes:
        if change.kind == "excuse":
            problem = replace(
                problem,
                demands=tuple(_excused(d, change) if d == change.rule else d for d in problem.demands),
                shares=tuple(share for share in problem.shares if share != change.rule),
            )
        elif change.kind == "borrow":
            loan = Loan(_known(change.person), change.day, _known(change.desk))
            problem = replace(problem, loans=(*problem.loans, loan))
        else:
            cell = change.person, change.day
            problem = replace(problem, fixed=tuple(fact for fact in problem.fixed if (fact.person, fact.day) != cell))
    return problem


def on(problem: Problem, day: date) -> Problem:
    """Return the problem of one day."""
    return replace(
        problem,
        days=(day,),
        demands=tuple(fact for fact in problem.demands if fact.day == day),
        shares=tuple(fact for fact in problem.shares if fact.day == day),
        fixed=tuple(fact for fact in problem.fixed if fact.day == day),
        wishes=(),
        published=tuple(fact for fact in problem.published if fact.day == day),
        loans=tuple(fact for fact in problem.loans if fact.day == day),
    )


def possible(alone: Problem) -> bool:
    """Say whether there is a plan for a problem of one day."""
    return settle(rows(alone), _allowed(alone), {}) is not None


def _known(value: int | None) -> int:
    if value is None:
        raise ValueError("a loan needs a person and a desk")
    return value


def _excused(demand: Demand, change: Relaxation) -> Demand:
    if change.missing > 0:
        return replace(demand, minimum=demand.minimum - change.missing)
    return replace(demand, maximum=(demand.maximum or 0) - change.missing)


def _allowed(alone: Problem) -> dict[int, tuple[Place | None, ...]]:
    return {person: places for (person, _day), places in choices(alone).items()}


def _broken(alone: Problem) -> list[Broken]:
    """Return what is missed when as little as can be is missed in all."""
    asked = rows(alone)
    settled = settle(asked, _allowed(alone), {}, whatever=True)
    missed = [(row, n) for row, n in zip(asked, settled.missed if settled else [], strict=True) if n]
    excuses = [_change("excuse", row.day, rule=row.rule, missing=n) for row, n in missed]
    found = []
    for place, (row, n) in enumerate(missed):
        others = apply(alone, *(excuse for excuse in excuses if excuse.rule != row.rule))
        ways, untried = _ways(others, row, n)
        found.append(Broken(row.rule, n, _absent(alone, row, n), (*ways, (excuses[place],)), untried))
    return found


def _together(alone: Problem, broken: list[Broken]) -> list[Relaxation]:
    """Take the first way of each broken rule that still helps beside those taken before."""
    taken: list[Relaxation] = []
    for n, one in enumerate(broken):
        later = [other.ways[-1][0] for other in broken[n + 1 :] if other.rule != one.rule]
        for way in one.ways:
            fresh = [change for change in way if change not in taken]
            if _fits(apply(alone, *taken, *later), fresh):
                taken += fresh
                break
    return taken


def _fits(alone: Problem, changes: list[Relaxation] | Way) -> bool:
    people = [change.person for change in changes if change.person is not None]
    placed = {loan.person for loan in alone.loans}
    return len(set(people)) == len(people) and not placed & set(people) and possible(apply(alone, *changes))


def _ways(alone: Problem, row: Row, missing: int) -> tuple[list[Way], bool]:
    """Return the changes that let the row hold without excusing it, the smallest first; True: not all were tried.

    Each gives one person: as many are needed as are missed, each of which helps alone where the others are excused.
    """
    several = sorted(_candidates(alone, row, missing), key=lambda change: (change.cost, change.person))
    alike = _alike(alone, several)
    number = abs(missing)
    if number > 1:
        rest = apply(alone, _change("excuse", row.day, rule=row.rule, missing=missing - missing // number))
        help_alone = {kind for kind, one in {alike[one]: one for one in several}.items() if _fits(rest, [one])}
        several = [one for one in several if alike[one] in help_alone]
    sets = sorted(islice(combinations(several, number), _SETS), key=lambda way: sum(change.cost for change in way))
    working: list[Way] = []
    found: Counter[tuple[Kind, ...]] = Counter()
    tried: dict[tuple[Hashable, ...], bool] = {}
    for way in sets:
        # Of each kind some: colleagues elsewhere, however many are free, do not hide that a leave can be talked about.
        kinds = tuple(change.kind for change in way)
        if found[kinds] == _WAYS:
            continue
        those = tuple(alike[change] for change in way)
        if those not in tried:
            if len(tried) == _TRIES:
                return working, True
            tried[those] = _fits(alone, way)
        if tried[those]:
            working.append(way)
            found[kinds] += 1
    return working, comb(len(several), number) > _SETS


def _alike(alone: Problem, changes: list[Relaxation]) -> dict[Relaxation, Hashable]:
    """Return all that decides whether a change helps: of people who are alike in it one is tried for all."""
    people = {person.id: person for person in alone.people}
    published = {fact.person: fact.place for fact in alone.published}
    rules: tuple[Demand | Share, ...] = (*alone.demands, *alone.shares)
    found: dict[Relaxation, Hashable] = {}
    for change in changes:
        person = people[_known(change.person)]
        named = tuple(person.id in rule.excluded for rule in rules)
        fixed = alone.at.get((person.id, change.day))
        cell = (fixed.place, fixed.why) if fixed else None, published.get(person.id)
        found[change] = change.kind, person.desk, person.group, person.also, cell, named
    return found


def _candidates(alone: Problem, row: Row, missing: int) -> Iterator[Relaxation]:
    for person in _meant(alone, row):
        fixed = alone.at.get((person.id, row.day))
        if fixed is not None and _stands_against(fixed, row, missing):
            if fixed.why in {"locked", "hand"}:
                yield _change("unlock", row.day, person=person.id)
            elif fixed.why == "leave":
                yield _change("ask_leave", row.day, person=person.id)
    # Of a share nobody lends a hand: it is one of the desk's own people, wherever they are.
    if row.rule.desk is None or isinstance(row.rule, Share) or (missing < 0 and row.place == "office"):
        return
    lent = {loan.person for loan in alone.loans}
    for person in alone.people:
        free = (person.id, row.day) not in alone.at and person.id not in lent
        if free and person.id in alone.lenders and person.desk != row.rule.desk and _suits(person, row.rule):
            yield _change("borrow", row.day, person=person.id, desk=row.rule.desk)


def _meant(alone: Problem, row: Row) -> list[Person]:
    """Return whom the rule is about, whether they are at work or not."""
    if row.stay:
        return [p for p in alone.people if p.id in row.people]
    return [p for p in alone.people if row.rule.desk in {None, p.desk} and _suits(p, row.rule)]


def _suits(person: Person, rule: Demand | Share) -> bool:
    if isinstance(rule, Share):
        return True
    return person.is_of(rule.group) and person.id not in rule.excluded


def _stands_against(fixed: Fixed, row: Row, missing: int) -> bool:
    return (fixed.place == row.place) == (missing < 0)


def _absent(alone: Problem, row: Row, missing: int) -> tuple[Absent, ...]:
    """Say of each person meant who is not free why not."""
    lent = {loan.person for loan in alone.loans if loan.desk != row.rule.desk and isinstance(row.rule, Demand)}
    found = []
    for person in _meant(alone, row):
        fixed = alone.at.get((person.id, row.day))
        if fixed is not None and _stands_against(fixed, row, missing):
            found.append(Absent(person.id, fixed.why))
        elif person.id in lent and missing > 0 and row.rule.desk is not None:
            found.append(Absent(person.id, None))
    return tuple(found)


def _change(
    kind: Kind,
    day: date,
    *,
    person: int | None = None,
    desk: int | None = None,
    rule: Demand | Share | None = None,
    missing: int = 0,
) -> Relaxation:
    cost = COSTS[kind] * (abs(missing) or 1)
    return Relaxation(kind, day, cost, person=person, desk=desk, rule=rule, missing=missing)
