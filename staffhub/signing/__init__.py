"""A month that is signed: HR closes it, the head signs it, and what changes afterwards is a supplement."""

from staffhub.signing.history import History, Papers, Snapshot, Step, history, snapshot_of
from staffhub.signing.lines import Day, Difference, differences
from staffhub.signing.snapshots import Verdict, lines_of, verify
from staffhub.signing.steps import close, differences_since, send_back, sign, why_not_over

__all__ = [
    "Day",
    "Difference",
    "History",
    "Papers",
    "Snapshot",
    "Step",
    "Verdict",
    "close",
    "differences",
    "differences_since",
    "history",
    "lines_of",
    "send_back",
    "sign",
    "snapshot_of",
    "verify",
    "why_not_over",
]
