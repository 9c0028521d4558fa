"""The columns of the paper recap, counted."""

from collections.abc import Sequence
from dataclasses import dataclass

from staffhub.days import DayLine, DayRecord, State


@dataclass(frozen=True)
class Totals:
    """Days of a month by the columns of the paper recap. `present` includes `home`; plans do not count.

    `worked`, `late` and `early` are minutes.
    """

    present: int
    home: int
    field: int
    off_hours: int
    leave: int
    absent: int
    worked: int = 0
    late: int = 0
    early: int = 0


def totals(records: Sequence[DayRecord | DayLine]) -> Totals:
    states = [record.state for record in records]
    off_hours = sum(1 for record in records if record.late or record.early)
    home = states.count(State.HOME)
    present = states.count(State.PRESENT) + home
    field, leave, absent = (states.count(state) for state in (State.FIELD, State.LEAVE, State.ABSENT))
    return Totals(
        present,
        home,
        field,
        off_hours,
        leave,
        absent,
        worked=sum(record.worked for record in records),
        late=sum(record.late for record in records),
        early=sum(record.early for record in records),
    )
