"""The fair share of a group at its desk: what each would carry if the turns that the rules ask for were shared evenly.

Who is never the solver's to place (always on leave, or in the office by order on every day) takes no part: such days
are no turns, and only lessen what is left for the others.
"""

from collections import defaultdict
from datetime import date

from staffhub.roster.solving.problem import Cell, Group, Person, Place, Problem
from staffhub.roster.solving.rows import Row, choices, rows

Team = tuple[int, Group]


def shares(problem: Problem) -> dict[int, float]:
    """Return the fair share of each person who takes part: turns of this problem and carried ones together."""
    places = choices(problem)
    teams: dict[Team, list[Person]] = defaultdict(list)
    for person in problem.people:
        if any(len(places[person.id, day]) > 1 for day in problem.days):
            teams[person.desk, person.group].append(person)
    turns = {team: sum(person.carried for person in people) for team, people in teams.items()}
    team_of = {person.id: team for team, people in teams.items() for person in people}
    for id_, team in team_of.items():
        turns[team] += sum(places[id_, day] == ("office",) for day in problem.days)
    by_day: dict[date, list[Row]] = defaultdict(list)
    for row in rows(problem):
        by_day[row.day].append(row)
    for day in problem.days:
        for team, more in _asked(by_day[day], team_of, places, day).items():
            turns[team] += more
    return {id_: turns[team] / len(teams[team]) for id_, team in team_of.items()}


def _asked(
    today: list[Row], team_of: dict[int, Team], places: dict[Cell, tuple[Place | None, ...]], day: date
) -> dict[Team, float]:
    """Return how many each team must send on a day beyond those who are there anyway: narrow rules first, and what a
    wider one asks for on top is shared by how many could come.
    """
    asked: dict[Team, float] = defaultdict(float)
    for row in sorted(today, key=lambda row: len(row.people)):
        sure = sum(places[id_, day] == ("office",) for id_ in row.people)
        free: dict[Team, int] = defaultdict(int)
        for id_ in row.people:
            if len(places[id_, day]) > 1:
                free[team_of[id_]] += 1
        if row.place == "home":
            away = sum(places[id_, day] == ("field",) for id_ in row.people)
            least = len(row.people) - away - (row.most or 0)
        else:
            least = row.least
        lacking = least - sure - sum(asked[team] for team in free)
        coming = sum(free.values())
        if lacking > 0 and coming:
            for team, people in free.items():
                asked[team] += min(lacking, coming) * people / coming
    return asked
