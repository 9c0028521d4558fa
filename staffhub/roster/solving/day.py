"""One day by itself: hard rules never join two days, so whether a plan is possible is a question of each day alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from staffhub.roster.solving.highs import Program
from staffhub.roster.solving.problem import Place
from staffhub.roster.solving.rows import Row

Allowed = Mapping[int, tuple[Place | None, ...]]


@dataclass(frozen=True)
class Settled:
    """Where everybody is, and by how much each row is missed: too few above 0, too many below."""

    places: dict[int, Place | None]
    missed: list[int]


def settle(
    rows: list[Row], allowed: Allowed, costs: Mapping[tuple[int, Place | None], float], *, whatever: bool = False
) -> Settled | None:
    """Place everybody as cheaply as the rows allow; None: they allow nothing.

    With `whatever`, the rows are missed by as little as can be, and costs decide between the ways of doing so.
    """
    program = Program()
    program.column(0.0)  # a program without columns would be called solved, whatever its rows ask for
    columns = {}
    for id_, places in allowed.items():
        if len(places) > 1:
            once = program.row(1, 1)
            for place in places:
                columns[id_, place] = program.column(costs.get((id_, place), 0.0), {once: 1})
    dear = 1 + sum(
        max((costs.get((id_, place), 0.0) for place in places), default=0) for id_, places in allowed.items()
    )
    slacks = []
    for row in rows:
        sure = sum(allowed[id_] == (row.place,) for id_ in row.people)
        these = {columns[id_, row.place]: 1.0 for id_ in row.people if (id_, row.place) in columns}
        if whatever:
            slacks.append((program.column(dear, most=None), program.column(dear, most=None)))
            these |= {slacks[-1][0]: 1.0, slacks[-1][1]: -1.0}
        program.row(row.least - sure, None if row.most is None else row.most - sure, these)
    program.whole()
    answer = program.minimise()
    if answer.state != "optimal":
        return None
    found: dict[int, Place | None] = {id_: places[0] for id_, places in allowed.items()}
    found |= {id_: place for (id_, place), column in columns.items() if answer.values[column] > 0.5}  # noqa: PLR2004
    return Settled(found, [round(answer.values[few] - answer.values[many]) for few, many in slacks])
