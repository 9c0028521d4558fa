"""An officer's day: what was planned, declared and corrected, and what follows from it.

`load` reads the facts of many days, `reconcile` says what follows from those of one.
"""

from staffhub.days.facts import Days, Serving, is_counted, load
from staffhub.days.record import (
    CorrectionFact,
    DayRecord,
    Discrepancy,
    Facts,
    Finding,
    MarkFact,
    Stage,
    State,
    planned_span,
    reconcile,
)

__all__ = [
    "CorrectionFact",
    "DayRecord",
    "Days",
    "Discrepancy",
    "Facts",
    "Finding",
    "MarkFact",
    "Serving",
    "Stage",
    "State",
    "is_counted",
    "load",
    "planned_span",
    "reconcile",
]
