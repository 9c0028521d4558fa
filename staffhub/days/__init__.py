"""An officer's day: what was planned, declared and corrected, and what follows from it.

`load` reads the facts of many days, `reconcile` says what follows from those of one; `count_from` sets from
when days count.
"""

from staffhub.days.facts import Days, Serving, is_counted, load
from staffhub.days.proposals import Proposal, proposals_of
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
from staffhub.days.signed import signed
from staffhub.days.start import Change, change_of, count_from, counted_from

__all__ = [
    "Change",
    "CorrectionFact",
    "DayRecord",
    "Days",
    "Discrepancy",
    "Facts",
    "Finding",
    "MarkFact",
    "Proposal",
    "Serving",
    "Stage",
    "State",
    "change_of",
    "count_from",
    "counted_from",
    "is_counted",
    "load",
    "planned_span",
    "proposals_of",
    "reconcile",
    "signed",
]
