"""Leave: asked for, decided in two steps, written into the plan; what is left of it by the rules.

`balance` and `balances` say what an officer has; `ask` and `outlook` are for who asks, `agree` to `shorten` for who
decides, `enter_paper` for HR. A leave is `Leave` with the steps that led to it, and `Turn` says who has it now.
"""

from staffhub.leave import around, kinds, settings, telling
from staffhub.leave.asking import Outlook, Sent, Told, Wish, ask, days_text, outlook, refuse_over, sent_before
from staffhub.leave.balances import Balance, Ledger, balance, balances, ledger, of_year
from staffhub.leave.deciding import (
    Decided,
    Letter,
    agree,
    decline,
    enter_paper,
    grant,
    may_note_letter,
    may_shorten,
    may_withdraw,
    note_letter,
    refuse_letter,
    refuse_others,
    refuse_shortening,
    shorten,
    withdraw,
)
from staffhub.leave.one import LISTED, Leave, Step, enters_paper, leave_for, mine, waiting, waits_for
from staffhub.leave.who import Decider, Granters, Turn, granters

__all__ = [
    "LISTED",
    "Balance",
    "Decided",
    "Decider",
    "Granters",
    "Leave",
    "Ledger",
    "Letter",
    "Outlook",
    "Sent",
    "Step",
    "Told",
    "Turn",
    "Wish",
    "agree",
    "around",
    "ask",
    "balance",
    "balances",
    "days_text",
    "decline",
    "enter_paper",
    "enters_paper",
    "grant",
    "granters",
    "kinds",
    "leave_for",
    "ledger",
    "may_note_letter",
    "may_shorten",
    "may_withdraw",
    "mine",
    "note_letter",
    "of_year",
    "outlook",
    "refuse_letter",
    "refuse_others",
    "refuse_over",
    "refuse_shortening",
    "sent_before",
    "settings",
    "shorten",
    "telling",
    "waiting",
    "waits_for",
    "withdraw",
]
