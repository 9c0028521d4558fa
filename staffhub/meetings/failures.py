"""What went wrong at Zoom as a short code, kept with the meeting and put into the reader's words when it is shown."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random

from staffhub.i18n import gettext as _
from staffhub.meetings import parking
from staffhub.meetings.parking import PAID, PARKED, UNEXPECTED
from staffhub.meetings.plan import GONE
from staffhub.models import ZoomVerb
from staffhub.zoom.errors import (
    ZoomError,
    ZoomMisconfigured,
    ZoomNotFound,
    ZoomRateLimited,
    ZoomRefused,
    ZoomScopeMissing,
    ZoomUnclear,
)

_STEPS = (1, 10, 30, 120, 300, 900)
_LAST_STEP = 1800
_SHORTEST_WAIT = timedelta(seconds=1)
_SETTLED = timedelta(seconds=10)
_LOOK_AGAIN = timedelta(minutes=1)
_MAX_CODE = 500
NOT_SET_UP, NO_HOST, PAST = "not_set_up", "no_host", "past"
# Of the three limits two end with Zoom's day: that of one host, and that of the whole account.
RATE_HOST, RATE_ACCOUNT = "rate_host", "rate_account"
_LIMITS = {"host_daily": RATE_HOST, "account_daily": RATE_ACCOUNT}
CO_HOSTS = "co_hosts"
# https://developers.zoom.us/docs/api/errors/
NO_SUCH_USER, FOREIGN_USER, MAY_NOT_HOST, PAID_ONLY = 1001, 1010, 3161, 200
IN_PROGRESS, NOT_WHILE_RUNNING = 3002, 3000


@dataclass(frozen=True)
class Failure:
    """`retry_at` None: repeating cannot help before a person acts. `unclear`: a create may have been performed.

    `status` and `number` are those of Zoom's answer, None where there was none.
    """

    code: str
    retry_at: datetime | None
    needs_person: bool = False
    unclear: bool = False
    status: int | None = None
    number: int | None = None


def backoff(attempts: int, task_id: int) -> timedelta:
    """1 s, 10 s, 30 s, 2, 5, 15 min, then every half hour; up to a tenth more, so that not all come back at once."""
    step = _STEPS[attempts - 1] if attempts <= len(_STEPS) else _LAST_STEP
    return timedelta(seconds=step * (1 + Random(f"{task_id}-{attempts}").random() / 10))  # noqa: S311  no secret


class Unsendable(Exception):
    """Zoom was not asked, since there is nobody to host or nothing left to hold; `code` says which."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def explain(
    error: ZoomError | Unsendable, *, verb: ZoomVerb, task_id: int, attempts: int, before: str, now: datetime
) -> Failure:
    """Turn an error into what to note and when to try again; `before` is the code of the try before."""
    soon, later = now + backoff(attempts, task_id), now + timedelta(seconds=_LAST_STEP)
    failure = Failure("unreachable", soon)
    match error:
        case Unsendable(code=code):
            failure = Failure(code, later if code == NO_HOST else None, needs_person=True)
        case ZoomScopeMissing():
            failure = Failure(f"scopes:{','.join(error.scopes)}"[:_MAX_CODE], later, needs_person=True)
        case ZoomMisconfigured():
            failure = Failure("credentials", later, needs_person=True)
        case ZoomRateLimited():
            # Zoom's clock may be behind ours: a time that has passed must not make the outbox ask without a pause.
            code = _LIMITS.get(error.limit, "rate")
            failure = Failure(code, max(error.retry_at, now + _SHORTEST_WAIT))
        case ZoomNotFound() if error.code == NO_SUCH_USER:
            failure = Failure(NO_HOST, later, needs_person=True)
        case ZoomNotFound() if verb is ZoomVerb.UPDATE:
            # Odd answers have made living meetings look deleted: it takes two, some time apart.
            seen_twice = before == GONE
            failure = Failure(GONE, None if seen_twice else now + _LOOK_AGAIN, needs_person=seen_twice)
        case ZoomRefused():
            failure = _refused(error, soon, later)
        case ZoomUnclear():
            # Whoever looks at once may look before Zoom is done, find nothing, and make a second one.
            failure = Failure("unclear", max(soon, now + _SETTLED), unclear=True)
    if isinstance(error, ZoomError):
        failure = replace(failure, status=error.status, number=error.code)
    return _or_parked(failure, attempts)


def unexpected(verb: ZoomVerb, *, task_id: int, attempts: int, times: int = 1, now: datetime) -> Failure:
    """Note what nobody foresaw, `times` with this one: an outage before it says nothing about the task."""
    failure = Failure(UNEXPECTED, now + backoff(attempts, task_id), unclear=verb is ZoomVerb.CREATE)
    return _or_parked(failure, times)


def _or_parked(failure: Failure, times: int) -> Failure:
    if not parking.is_spent(failure.code, times):
        return failure
    return replace(failure, code=f"{PARKED}:{failure.code}", retry_at=None, needs_person=True)


def _refused(error: ZoomRefused, soon: datetime, later: datetime) -> Failure:
    if error.code == IN_PROGRESS or (error.code == NOT_WHILE_RUNNING and "started" in error.message):
        return Failure("running", soon)
    if error.code in {FOREIGN_USER, MAY_NOT_HOST}:
        return Failure(NO_HOST, later, needs_person=True)
    if error.code == PAID_ONLY:
        return Failure(PAID, None, needs_person=True)
    fields = ",".join(field for field, _sentence in error.fields)
    return Failure(f"refused:{fields}"[:_MAX_CODE], None, needs_person=True)


def in_words(trouble: str) -> str:
    """Say in the reader's language what a code means and what still holds; "" when all is well."""
    code, _colon, facts = trouble.partition(":")
    names = ", ".join(_field(name) for name in facts.split(",") if name)
    sentences: dict[str, Callable[[], str]] = {
        "": lambda: "",
        NOT_SET_UP: lambda: _("Zoom is not set up here yet. The meeting is created as soon as it is."),
        "unreachable": lambda: _("Zoom cannot be reached right now. It is tried again by itself."),
        "unclear": lambda: _("Zoom's answer was lost. We look whether the meeting is there before trying again."),
        "rate": lambda: _("Zoom takes no more calls from this account for now. It is tried again by itself."),
        RATE_HOST: lambda: _(
            "Zoom takes 100 changes a day for each host, and today's are used up. It goes on by itself at 00:00 UTC."
        ),
        RATE_ACCOUNT: lambda: _(
            "Zoom takes no more calls from this account today. Everything goes on by itself at the time it has named."
        ),
        PAID: lambda: _(
            "Zoom does this for paid accounts only, so it is switched off and not asked again. It goes on by itself "
            "when Zoom names a new licence, or when an administrator checks Zoom or tries again."
        ),
        PARKED: lambda: _("It was tried many times without success and is not tried again by itself."),
        "running": lambda: _("The meeting is running on Zoom. The change follows when it has ended."),
        "credentials": lambda: _("Zoom does not accept our credentials. An administrator has to check them."),
        "scopes": lambda: _("The app at Zoom lacks permissions. An administrator adds: %(names)s.", names=facts),
        NO_HOST: lambda: _("The Zoom account has nobody who may host. An administrator has to name a licensed host."),
        "refused": lambda: (
            _("Zoom refused it: %(names)s. Edit the meeting, then it is sent again.", names=names)
            if names
            else _("Zoom refused it. Edit the meeting, or try again.")
        ),
        GONE: lambda: _("This meeting no longer exists on Zoom, so the old link is dead."),
        PAST: lambda: _("It was over before Zoom could be reached, so it has no link."),
        "theirs": lambda: _("Somebody changed it in Zoom: %(names)s. Decide which of both holds.", names=names),
        "theirs_other": lambda: _("Somebody gave the series other dates in Zoom. Send ours again to put it right."),
        CO_HOSTS: lambda: _("Zoom does not take %(names)s as co-host any more: it stands without.", names=names),
        "differs": lambda: _("Zoom stored something else: %(names)s.", names=names),
    }
    say = sentences.get(code)
    return say() if say else _("Something unexpected happened at Zoom. It is tried again by itself.")


def in_short(code: str) -> str:
    """Say what came of one try that is over."""
    kind, _colon, facts = code.partition(":")
    names = ", ".join(_field(name) for name in facts.split(",") if name)
    sentences: dict[str, Callable[[], str]] = {
        "": lambda: _("Zoom took it."),
        "unreachable": lambda: _("Zoom did not answer, or answered that it is down."),
        "unclear": lambda: _("Zoom's answer was lost."),
        "rate": lambda: _("Zoom took no more calls for a while."),
        RATE_HOST: lambda: _("The changes of the host's day were used up."),
        RATE_ACCOUNT: lambda: _("The calls of the account's day were used up."),
        PAID: lambda: _("Zoom does this for paid accounts only."),
        "running": lambda: _("The meeting was running."),
        "credentials": lambda: _("Zoom did not accept our credentials."),
        "scopes": lambda: _("The app at Zoom lacked permissions: %(names)s.", names=facts),
        NO_HOST: lambda: _("The Zoom account had nobody who may host."),
        "refused": lambda: _("Zoom refused it: %(names)s.", names=names) if names else _("Zoom refused it."),
        GONE: lambda: _("Zoom did not know the meeting."),
        PAST: lambda: _("The meeting was over."),
    }
    say = sentences.get(kind)
    return say() if say else _("Something unexpected happened.")


def _field(name: str) -> str:
    """Zoom's field, or one of wire.differences, as the form calls it."""
    words: dict[str, Callable[[], str]] = {
        "topic": lambda: _("topic"),
        "agenda": lambda: _("agenda"),
        "start": lambda: _("date and time"),
        "start_time": lambda: _("date and time"),
        "timezone": lambda: _("time zone"),
        "duration": lambda: _("length"),
        CO_HOSTS: lambda: _("who may also start it"),
        "waiting_room": lambda: _("a waiting room, so somebody must let people in"),
        "join_before_host": lambda: _("whether people may come before the host"),
        "jbh_time": lambda: _("how early people may come"),
        "use_pmi": lambda: _("the number of the host"),
    }
    return words.get(name, lambda: _("dates of the series") if name.startswith("recurrence") else name)()
