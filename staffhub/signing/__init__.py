"""A month that is signed: HR closes it, the head signs it, and what changes afterwards is a supplement."""

from staffhub.signing.history import History, Papers, Snapshot, Step, history, snapshot_of
from staffhub.signing.lines import Day, Difference, differences, read
from staffhub.signing.snapshots import Named, Verdict, divisions_of, lines_of, verified, verify
from staffhub.signing.standing import Laid, Standing, Supplement, laid, look, requests_waiting, supplement
from staffhub.signing.steps import close, differences_since, send_back, sign, why_not_now

__all__ = [
    "Day",
    "Difference",
    "History",
    "Laid",
    "Named",
    "Papers",
    "Snapshot",
    "Standing",
    "Step",
    "Supplement",
    "Verdict",
    "close",
    "differences",
    "differences_since",
    "divisions_of",
    "history",
    "laid",
    "lines_of",
    "look",
    "read",
    "requests_waiting",
    "send_back",
    "sign",
    "snapshot_of",
    "supplement",
    "verified",
    "verify",
    "why_not_now",
]
