"""What is added to a day afterwards: by HR, or asked for by the person and decided by the superior and HR."""

from staffhub.corrections.asking import Sent, ask, refuse_day, shown_version
from staffhub.corrections.check_out import Answer, Proposed, confirm, proposed_for
from staffhub.corrections.deciding import Added, Right, add, right
from staffhub.corrections.listing import Listed, listed
from staffhub.corrections.open_days import OpenDay, ask_at_hand, asked_at_hand, at_hand, at_hand_of, open_days, told
from staffhub.corrections.requests import (
    Request,
    Standing,
    Step,
    asked_of,
    mine,
    of_scope,
    request_for,
    requests_of_day,
    waiting_for,
    waits_for,
)
from staffhub.corrections.steps import (
    Done,
    Power,
    Press,
    accept,
    decline,
    facts_of,
    offers,
    pass_on,
    power,
    refuse_button,
    withdraw,
)
from staffhub.corrections.superiors import Decider, Superior, deadline, decider_of
from staffhub.corrections.telling import tell_overdue
from staffhub.corrections.wishes import Wish, facts_version, outcome, wishes_of

__all__ = [
    "Added",
    "Answer",
    "Decider",
    "Done",
    "Listed",
    "OpenDay",
    "Power",
    "Press",
    "Proposed",
    "Request",
    "Right",
    "Sent",
    "Standing",
    "Step",
    "Superior",
    "Wish",
    "accept",
    "add",
    "ask",
    "ask_at_hand",
    "asked_at_hand",
    "asked_of",
    "at_hand",
    "at_hand_of",
    "confirm",
    "deadline",
    "decider_of",
    "decline",
    "facts_of",
    "facts_version",
    "listed",
    "mine",
    "of_scope",
    "offers",
    "open_days",
    "outcome",
    "pass_on",
    "power",
    "proposed_for",
    "refuse_button",
    "refuse_day",
    "request_for",
    "requests_of_day",
    "right",
    "shown_version",
    "tell_overdue",
    "told",
    "waiting_for",
    "waits_for",
    "wishes_of",
    "withdraw",
]
