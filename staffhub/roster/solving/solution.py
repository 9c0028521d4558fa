"""What the solver answers: a plan and how good it is; or, where there is none, what is broken and what would help."""

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Literal, Self

from pydantic import TypeAdapter

from staffhub.roster.solving.problem import Cell, Demand, Place, Share, Why

# stopped: the time ran out before there was any plan; feasible: before the plan that there is was proven the best.
State = Literal["optimal", "feasible", "infeasible", "stopped"]
Kind = Literal["unlock", "borrow", "ask_leave", "excuse"]


@dataclass(frozen=True)
class Turn:
    """Where a person works on a day, and at which desk: another than the own one only on loan."""

    person: int
    day: date
    place: Place
    desk: int


@dataclass(frozen=True)
class Parts:
    """What the plan costs, by weight."""

    turns: float = 0.0
    mondays_fridays: float = 0.0
    wishes: float = 0.0
    home_blocks: float = 0.0
    changes: float = 0.0

    @property
    def total(self) -> float:
        return self.turns + self.mondays_fridays + self.wishes + self.home_blocks + self.changes


@dataclass(frozen=True)
class Absent:
    """Somebody who would count for a broken rule but is not free. `why` None: lent to another desk."""

    person: int
    why: Why | None


@dataclass(frozen=True)
class Relaxation:
    """A change that lets the rule hold: of one cell (`person`, `day`), or, to excuse, of one `rule` on its day.

    unlock: give the solver a cell that was locked or set by hand. borrow: somebody of another desk stands at `desk`.
    ask_leave: ask the person to give up that day of leave. excuse: the rule asks for `missing` fewer on that day.
    """

    kind: Kind
    day: date
    cost: float
    person: int | None = None
    desk: int | None = None
    rule: Demand | Share | None = None
    missing: int = 0


@dataclass(frozen=True)
class Broken:
    """A rule that cannot hold on its day: by how many, who is not free and why, and what would help, cheapest first.

    `untried`: there are more changes than were tried.
    """

    rule: Demand | Share
    missing: int
    absent: tuple[Absent, ...]
    ways: tuple[tuple[Relaxation, ...], ...]
    untried: bool = False


@dataclass(frozen=True)
class Explanation:
    """Why there is no plan. `together`: the cheapest way out of all that is broken, in one press."""

    broken: tuple[Broken, ...]
    together: tuple[Relaxation, ...]


@dataclass(frozen=True)
class Progress:
    """While it runs: the cost of the best plan so far, and what no plan can be cheaper than."""

    seconds: float
    incumbent: float | None
    bound: float | None


@dataclass(frozen=True)
class Solution:
    """The answer. `gap`: by how much of its cost the plan may be worse than the best there is; 0 is proven."""

    state: State
    turns: tuple[Turn, ...] = ()
    objective: float | None = None
    bound: float | None = None
    gap: float | None = None
    parts: Parts = Parts()
    seconds: float = 0.0
    explanation: Explanation | None = None

    @cached_property
    def places(self) -> dict[Cell, Place]:
        """Return where each person works; whoever is not at work that day is not in it."""
        return {(turn.person, turn.day): turn.place for turn in self.turns}

    @classmethod
    def from_json(cls, text: str | bytes) -> Self:
        return TypeAdapter(cls).validate_json(text)

    def to_json(self) -> str:
        return TypeAdapter(type(self)).dump_json(self).decode()
