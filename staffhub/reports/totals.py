"""The columns of the paper recap, counted."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from staffhub.days import HALF, DayLine, DayRecord, State


@dataclass(frozen=True)
class Totals:
    """Days of a month by the columns of the paper recap. `present` includes `home`; plans do not count.

    A day that is half leave is half a day of leave, and half of what the other half was; `off_hours` are whole days.

    `worked`, `late` and `early` are minutes.
    """

    present: float
    home: float
    field: float
    off_hours: int
    leave: float
    absent: float
    worked: int = 0
    late: int = 0
    early: int = 0


_HAPPENED = frozenset({State.PRESENT, State.HOME, State.FIELD, State.ABSENT})


def _days(halves: int) -> float:
    """Return whole days as whole numbers, as they are written."""
    return halves / 2 if halves % 2 else halves // 2


def totals(records: Sequence[DayRecord | DayLine]) -> Totals:
    found = Counter[State]()
    for record in records:
        if HALF not in record.code:
            found[record.state] += 2
        elif record.state in _HAPPENED:
            found[record.state] += 1
            found[State.LEAVE] += 1
        elif record.state is State.DAY_OFF:  # before presence counts only the leave does
            found[State.LEAVE] += 1
    off_hours = sum(1 for record in records if record.late or record.early)
    home, field, leave, absent = (_days(found[one]) for one in (State.HOME, State.FIELD, State.LEAVE, State.ABSENT))
    return Totals(
        _days(found[State.PRESENT] + found[State.HOME]),
        home,
        field,
        off_hours,
        leave,
        absent,
        worked=sum(record.worked for record in records),
        late=sum(record.late for record in records),
        early=sum(record.early for record in records),
    )
