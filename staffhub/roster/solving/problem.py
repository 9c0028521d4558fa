"""What the solver is asked: people, days, what must hold, what is wished, and how much each wish weighs.

Who builds a problem has settled what overrides what: each cell (a person on a day) is fixed at most once. A cell that
is not fixed is the solver's: office or home, or field where that is what stands now.
"""

from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal, Self

from pydantic import TypeAdapter

Place = Literal["office", "home", "field"]  # values of models.PlanMode, which would bring the database along
Group = str  # the kinds of employment that a rule asks for, or another name for who shares turns
Why = Literal["leave", "duty", "exemption", "health", "locked", "hand", "free"]
Cell = tuple[int, date]  # a person, a day


@dataclass(frozen=True)
class Person:
    """An officer at the desk (division) where the turns are shared, with those of the same group there.

    `also`: groups of other rules that the person is of; a rule of another desk may draw its groups otherwise.
    `carried`: turns in the office above (negative: below) the mean of the group in the quarter's published months;
    `monday`, `friday`: in the office on the last one before the problem begins.
    """

    id: int
    group: Group
    desk: int
    carried: float = 0.0
    monday: bool = False
    friday: bool = False
    also: frozenset[Group] = frozenset()

    def is_of(self, group: Group | None) -> bool:
        """Whether a rule that asks for a group, or for anybody, means the person."""
        return group is None or group == self.group or group in self.also


@dataclass(frozen=True)
class Demand:
    """How many must, and may, be in the office: of a desk or the whole office, of one group or everybody.

    `excluded`: who does not count, wherever they are. `source`: the rule that says so.
    """

    desk: int | None
    day: date
    group: Group | None
    minimum: int
    maximum: int | None
    source: str
    excluded: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Share:
    """Flexible work: of those of a desk who work on the day, lent ones among them, at least a share (0 to 1) in the
    office, or at most one at home.

    Whoever is excluded counts like the others, and is in the office unless that cell is fixed by more than a lock.
    """

    desk: int | None
    day: date
    least_office: float | None
    most_home: float | None
    excluded: frozenset[int]
    source: str


@dataclass(frozen=True)
class Fixed:
    """A cell that stays as it is. `place` None: not at work, so that the person neither covers nor counts."""

    person: int
    day: date
    place: Place | None
    why: Why


@dataclass(frozen=True)
class Loan:
    """A person who stands at another desk on a day: in the office, and counted there instead of at the own desk."""

    person: int
    day: date
    desk: int


@dataclass(frozen=True)
class Wish:
    person: int
    day: date
    place: Place


@dataclass(frozen=True)
class Published:
    """What stands now, to change as little of it as possible."""

    person: int
    day: date
    place: Place


@dataclass(frozen=True)
class Weights:
    """What each unit of these costs; 0 leaves it out.

    turns: the square of a person's distance from the fair share (`fairness.shares`), so that one who is far off weighs
    more than several who are a little off. mondays_fridays: each two Mondays, or Fridays, that follow each other with
    the same person in the office on both, the last ones before the problem among them. wishes: each wish that is not
    met on a day of work. home_blocks: each change between home and not home from one day of the problem to the next.
    changes: each cell that is not what stands.
    """

    turns: float = 4.0
    mondays_fridays: float = 3.0
    wishes: float = 5.0
    home_blocks: float = 1.0
    changes: float = 2.0


@dataclass(frozen=True)
class Problem:
    """All of it. `lenders`: who may be asked to stand at another desk when it cannot be done otherwise."""

    people: tuple[Person, ...]
    days: tuple[date, ...]
    demands: tuple[Demand, ...] = ()
    shares: tuple[Share, ...] = ()
    fixed: tuple[Fixed, ...] = ()
    wishes: tuple[Wish, ...] = ()
    published: tuple[Published, ...] = ()
    weights: Weights = field(default_factory=Weights)
    lenders: frozenset[int] = frozenset()
    loans: tuple[Loan, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is no problem: somebody twice, days out of order, a cell that two facts claim."""
        if len({person.id for person in self.people}) < len(self.people):
            raise ValueError("somebody is in it twice")
        if list(self.days) != sorted(set(self.days)):
            raise ValueError("the days are not in order")
        for name in ("fixed", "wishes", "published", "loans"):
            cells = [(fact.person, fact.day) for fact in getattr(self, name)]
            if len(set(cells)) < len(cells):
                raise ValueError(f"a cell is twice in {name}")
        if {(loan.person, loan.day) for loan in self.loans} & self.at.keys():
            raise ValueError("a loan of a cell that is fixed")

    @cached_property
    def at(self) -> dict[Cell, Fixed]:
        return {(fact.person, fact.day): fact for fact in self.fixed}

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        return TypeAdapter(cls).validate_json(text)

    def to_json(self) -> str:
        return TypeAdapter(type(self)).dump_json(self).decode()
