"""What can be done next about a meeting, in whatever state it is: no page of one is without a way on."""

from enum import StrEnum

from staffhub.meetings.failures import CO_HOSTS, NO_HOST, NOT_SET_UP, PAST, RATE_ACCOUNT, RATE_HOST
from staffhub.meetings.parking import PAID, PARKED
from staffhub.meetings.plan import GONE
from staffhub.models import MeetingState


class Step(StrEnum):
    JOIN = "join"
    WAIT = "wait"  # it goes on by itself; the page asks again, and there is a button to reload
    RETRY = "retry"
    SEND = "send"  # what is agreed here goes to Zoom once more
    RECREATE = "recreate"
    ADOPT = "adopt"  # what somebody changed in Zoom itself holds here as well
    EDIT = "edit"
    ASK = "ask"  # an administrator has to act, then it goes on by itself
    PLAN = "plan"  # nothing is left of this one: schedule another


_ITSELF = (Step.WAIT, Step.RETRY)
_ADMINISTRATOR = (Step.ASK, Step.RETRY)
_TROUBLES: dict[str, tuple[Step, ...]] = dict.fromkeys(
    ("unreachable", "unclear", "rate", RATE_HOST, RATE_ACCOUNT, "running", "unexpected"), _ITSELF
)
_TROUBLES |= dict.fromkeys(("credentials", "scopes", NO_HOST, PAID), _ADMINISTRATOR)
_TROUBLES[PARKED] = (Step.RETRY,)

# For each state what to do about each code of Meeting.trouble (see failures), the best first.
NEXT: dict[MeetingState, dict[str, tuple[Step, ...]]] = {
    # A change that waits in the outbox keeps the trouble that was met before it.
    MeetingState.WAITING: _TROUBLES
    | {"": (Step.WAIT,), NOT_SET_UP: (Step.ASK,), GONE: _ITSELF, "refused": _ITSELF, PAST: _ITSELF, "differs": _ITSELF}
    | dict.fromkeys((CO_HOSTS, "theirs", "theirs_other"), _ITSELF),
    MeetingState.READY: {
        "": (Step.JOIN,),
        "differs": (Step.JOIN, Step.SEND, Step.EDIT),
        CO_HOSTS: (Step.JOIN, Step.EDIT, Step.SEND),
        "theirs": (Step.JOIN, Step.ADOPT, Step.SEND),
        "theirs_other": (Step.JOIN, Step.SEND),
    },
    MeetingState.FAILED: _TROUBLES | {"refused": (Step.EDIT, Step.RETRY), GONE: (Step.RECREATE,), PAST: (Step.PLAN,)},
    # A cancelled meeting has trouble while Zoom does not delete it.
    MeetingState.CANCELLED: _TROUBLES | {"": (Step.PLAN,), "refused": (Step.RETRY,), GONE: (Step.PLAN,)},
}


def next_steps(state: MeetingState, trouble: str, *, over: bool) -> tuple[Step, ...]:
    if over and state is not MeetingState.CANCELLED:
        return (Step.PLAN,)
    return NEXT[state].get(trouble.partition(":")[0], _ITSELF)
