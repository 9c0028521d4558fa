"""An officer's day: what was planned, declared and corrected, and what follows from it.

`load` reads the facts of many days, `reconcile` says what follows from those of one; `count_from` sets from
when days count.
"""

from staffhub.days import watch as _watch  # noqa: F401  whoever changes a fact changes the row of its day
from staffhub.days.again import check, recompute
from staffhub.days.closing import close_due, close_step
from staffhub.days.facts import Days, Serving, ask, is_counted, load
from staffhub.days.lines import (
    DayLine,
    Lines,
    Waiting,
    blank,
    count_waiting,
    line_of,
    lines,
    span,
    waiting,
    with_findings,
)
from staffhub.days.one import OneDays, ask_one, of_one
from staffhub.days.proposals import Proposal, answered, proposals_among, proposals_of
from staffhub.days.reconciling import proved_without, reconcile
from staffhub.days.record import (
    HALF,
    MACHINE,
    CorrectionFact,
    DayRecord,
    Discrepancy,
    Done,
    Evidence,
    Excuse,
    Facts,
    Finding,
    MarkFact,
    ProofFact,
    Stage,
    State,
    planned_span,
    shares,
    turn_of,
)
from staffhub.days.recount import Progress, Recounted, ask_recounts, recounted, recounts
from staffhub.days.recount import run_due as run_recounts
from staffhub.days.signed import signed
from staffhub.days.start import Change, change_of, count_from, counted_from
from staffhub.days.watch import settle, touch

__all__ = [
    "HALF",
    "MACHINE",
    "Change",
    "CorrectionFact",
    "DayLine",
    "DayRecord",
    "Days",
    "Discrepancy",
    "Done",
    "Evidence",
    "Excuse",
    "Facts",
    "Finding",
    "Lines",
    "MarkFact",
    "OneDays",
    "Progress",
    "ProofFact",
    "Proposal",
    "Recounted",
    "Serving",
    "Stage",
    "State",
    "Waiting",
    "answered",
    "ask",
    "ask_one",
    "ask_recounts",
    "blank",
    "change_of",
    "check",
    "close_due",
    "close_step",
    "count_from",
    "count_waiting",
    "counted_from",
    "is_counted",
    "line_of",
    "lines",
    "load",
    "of_one",
    "planned_span",
    "proposals_among",
    "proposals_of",
    "proved_without",
    "recompute",
    "reconcile",
    "recounted",
    "recounts",
    "run_recounts",
    "settle",
    "shares",
    "signed",
    "span",
    "touch",
    "turn_of",
    "waiting",
    "with_findings",
]
