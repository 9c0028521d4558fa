"""The form of each kind of rule: what is typed as the values of a row, and a row as what a form shows.

A field is called after the path to what it holds, so that a fault stands beside it: `tiers_2_min` is the `min` of the
third of the `tiers`. Rows that are left empty are left out.
"""

from collections.abc import Mapping
from datetime import date, time
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, create_model
from starlette.datastructures import FormData, UploadFile

from staffhub.forms import ClockTime, Fields, Form, Key, Line, Version, Word
from staffhub.models import EmploymentType, RuleKind
from staffhub.typed import clock_time
from staffhub.workdays import (
    WEEKDAYS,
    Counts,
    Draft,
    ExpectedMark,
    Letter,
    Level,
    Proof,
    RosterWeights,
    RuleLine,
    Unit,
    Way,
    Weekday,
    faults_of,
)

_Count = Annotated[int, Field(ge=0)]
_Ticked = Literal["1"]
_Text = Annotated[Line, StringConstraints(max_length=200)]
_Name = Annotated[Line, StringConstraints(max_length=40)]


class RuleFields(Fields):
    """What every rule has; `past_days` and `past_people` are what the person was told it touches."""

    subject: Annotated[Word, StringConstraints(max_length=40)] | None = None
    groups: list[EmploymentType]
    valid_from: date
    valid_to: date | None = None
    legal_source: Annotated[Line, StringConstraints(max_length=200)]
    owner: Annotated[Line, StringConstraints(max_length=80)]
    idempotency_key: Key | None = None
    version: Version | None = None
    past_days: _Count | None = None
    past_people: _Count | None = None


class EndFields(Fields):
    last: date
    version: Version | None = None
    past_days: _Count | None = None
    past_people: _Count | None = None


class WithdrawFields(Fields):
    version: Version | None = None


# Lists inside of a rule: how many rows a form has, and the columns of each.
ROWS: dict[str, tuple[int, dict[str, Any]]] = {
    "windows": (
        8,
        {"mark": ExpectedMark, "name": _Name, "days": list[Weekday], "starts": ClockTime, "ends": ClockTime},
    ),
    "groups": (
        4,
        {
            "name": _Name,
            "types": list[EmploymentType],
            "minimum": _Count,
            "maximum": _Count,
            "weekdays": list[Weekday],
        },
    ),
    "tiers": (8, {"name": _Name, "min": _Count, "max": _Count}),
    "proofs": (5, {"first": _Count, "last": _Count, "by": Proof}),
    "thresholds": (12, {"first": _Count, "last": _Count, "consequence": _Text, "level": Level}),
}
_OF_KIND: dict[RuleKind, dict[str, Any]] = {
    RuleKind.WORK_HOURS: {
        **{f"{day}_{part}": ClockTime for day in WEEKDAYS for part in ("starts", "ends")},
        **{f"{day}_break": _Count for day in WEEKDAYS},
        "tolerance": _Count,
        "asked_hours": _Count,
        "asked_minutes": _Count,
        "asked_source": _Text,
    },
    RuleKind.COVERAGE: {"levels": _Count},
    RuleKind.TIERS: {},
    RuleKind.DISCIPLINE: {"in_a_row_days": _Count, "in_a_row_consequence": _Text, "in_a_row_level": Level},
    RuleKind.MINUTES_AS_DAYS: {"minutes": _Count},
    RuleKind.LEAVE: {
        **dict.fromkeys(("quota", "extension", "carry_one", "carry_two", "service_months"), _Count),
        **dict.fromkeys(("needs_letter", "counts_holidays", "half_days"), _Ticked),
        "unit": Unit,
        "letter": Letter,
        "note": Annotated[Line, StringConstraints(max_length=400)],
    },
    RuleKind.FLEXIBLE: {
        "most_home": _Count,
        "least_office": _Count,
        "document": Annotated[Line, StringConstraints(max_length=80)],
        "excluded_types": list[EmploymentType],
        "excluded_divisions": list[Annotated[Word, StringConstraints(max_length=40)]],
        "excluded_positions": _Text,
    },
    RuleKind.DECISION: {"working_days": _Count},
    RuleKind.ROSTER_WEIGHTS: dict.fromkeys(RosterWeights.model_fields, _Count),
    RuleKind.LATE_DELIVERY: {"counts": Counts, "hours": _Count},
    RuleKind.ONE_PROOF: {"ways": list[Way]},
}
LISTS = {
    RuleKind.WORK_HOURS: "windows",
    RuleKind.COVERAGE: "groups",
    RuleKind.TIERS: "tiers",
    RuleKind.DISCIPLINE: "thresholds",
    RuleKind.LEAVE: "proofs",
}


def _columns(kind: RuleKind) -> dict[str, Any]:
    found = dict(_OF_KIND[kind])
    if key := LISTS.get(kind):
        count, columns = ROWS[key]
        found |= {f"{key}_{n}_{name}": of for n in range(count) for name, of in columns.items()}
    return found


def _made(kind: RuleKind) -> type[RuleFields]:
    typed: dict[str, Any] = {}
    for name, of in _columns(kind).items():
        typed[name] = (of, ...) if str(of).startswith("list") else (of | None, None)
    model: type[RuleFields] = create_model(
        f"{kind.name.title().replace('_', '')}Fields", __base__=RuleFields, __module__=__name__, **typed
    )
    return model


FIELDS = {kind: _made(kind) for kind in RuleKind}
_EMPTY: tuple[object, ...] = (None, "", [])


def _plain(value: Any) -> Any:
    if isinstance(value, time):
        return value.strftime("%H.%M")
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value.value if isinstance(value, Enum) else value


def _typed_rows(data: RuleFields, key: str) -> tuple[list[dict[str, Any]], list[int]]:
    """Return the rows that hold anything, and where each of them stood in the form."""
    count, columns = ROWS[key]
    rows, places = [], []
    for n in range(count):
        row = {name: _plain(getattr(data, f"{key}_{n}_{name}")) for name in columns}
        if any(value not in _EMPTY for value in row.values()):
            rows.append({name: value for name, value in row.items() if value not in _EMPTY})
            places.append(n)
    return rows, places


def row_holds(form: Form[RuleFields], key: str, n: int) -> bool:
    """Whether anything stands in a row as it is shown."""
    return any("".join(form.list(f"{key}_{n}_{name}")).strip() for name in ROWS[key][1])


def values_of(kind: RuleKind, data: RuleFields) -> tuple[dict[str, Any], list[int]]:
    """Return the values of the row as typed, and the places of the rows of its list."""
    found = {name: _plain(getattr(data, name)) for name in _OF_KIND[kind]}
    if kind is RuleKind.WORK_HOURS:
        found = _hours(found)
    found = {name: value for name, value in found.items() if value not in _EMPTY}
    if kind is RuleKind.LEAVE:
        found |= {name: found.get(name) == "1" for name in ("needs_letter", "counts_holidays", "half_days")}
    in_a_row = {name: found.pop(f"in_a_row_{name}", None) for name in ("days", "consequence", "level")}
    if any(in_a_row.values()):
        found["in_a_row"] = {name: value for name, value in in_a_row.items() if value is not None}
    places: list[int] = []
    if key := LISTS.get(kind):
        found[key], places = _typed_rows(data, key)
    return found, places


def _hours(typed: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for day in WEEKDAYS:
        starts, ends, pause = (typed[f"{day}_{part}"] for part in ("starts", "ends", "break"))
        if (starts, ends, pause) != (None, None, None):
            found[day] = [starts, ends, pause or 0]
    asked = (typed["asked_hours"] or 0) * 60 + (typed["asked_minutes"] or 0)
    return found | {name: typed[name] for name in ("tolerance", "asked_source")} | {"asked": asked or None}


# What stands in for a part of every rule that is missing or wrong, so that the rest is read and told in the same round.
_STAND_INS = {"valid_from": "2000-01-01", "valid_to": "", "legal_source": "-", "owner": "-"}


def _read_all_the_same(kind: RuleKind, form: Form[RuleFields]) -> RuleFields | None:
    """Return what was typed with stand-ins, or None when more is wrong: a number that is none has no consequences."""
    if not form.errors.keys() <= _STAND_INS.keys():
        return None
    typed = form.typed | {name: [_STAND_INS[name]] for name in form.errors}
    pairs: list[tuple[str, str | UploadFile]] = [(name, value) for name, values in typed.items() for value in values]
    return Form.parse(FIELDS[kind], FormData(pairs), name=form.name).data


def draft_of(
    kind: RuleKind, form: Form[RuleFields], *, subject: str | None = None, groups: list[str] | None = None
) -> Draft | None:
    """Return the rule that was typed, or None when a fault now stands beside its field.

    `subject` and `groups` are those of the row that it changes or replaces; None: as typed.
    """
    data = form.data or _read_all_the_same(kind, form)
    if data is None:
        return None
    values, places = values_of(kind, data)
    typed = data.groups if groups is None else [EmploymentType(one) for one in groups]
    draft = Draft(
        kind=kind,
        values=values,
        valid_from=data.valid_from,
        valid_to=data.valid_to,
        legal_source=data.legal_source,
        owner=data.owner,
        groups=typed or None,
        subject=(data.subject or "") if subject is None else subject,
    )
    for path, said in faults_of(draft).items():
        form.errors.setdefault(_field(kind, path, places), said)
    return None if form.errors else draft


def _field(kind: RuleKind, path: tuple[str | int, ...], places: list[int]) -> str:
    """Name the field that a fault is about."""
    parts = [str(part) for part in path]
    if len(path) > 1 and path[0] == LISTS.get(kind) and isinstance(path[1], int):
        parts[1] = str(places[path[1]])
    elif path == (LISTS.get(kind),):  # the list as a whole
        parts += ["0", next(iter(ROWS[parts[0]][1]))]
    name = "_".join(parts)
    return {"asked": "asked_hours", **{day: f"{day}_starts" for day in WEEKDAYS}}.get(name, name)


def filled(line: RuleLine) -> dict[str, object]:
    """Return a row as what its form shows."""
    if line.values is None:
        return {}
    found: dict[str, object] = {}
    for name, value in line.stored.items():
        if name in WEEKDAYS and value:
            found |= dict(
                zip((f"{name}_{part}" for part in ("starts", "ends", "break")), map(_shown, value), strict=True)
            )
        elif name == "asked" and value:
            found |= {"asked_hours": value // 60, "asked_minutes": value % 60}
        else:
            found |= _flat(name, value)
    return found


def _flat(name: str, value: Any) -> Mapping[str, object]:
    if isinstance(value, dict):
        return {key: one for part, inner in value.items() for key, one in _flat(f"{name}_{part}", inner).items()}
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return {key: one for n, inner in enumerate(value) for key, one in _flat(f"{name}_{n}", inner).items()}
    if isinstance(value, bool):
        return {name: "1"} if value else {}
    return {name: _shown(value) if name.endswith(("_starts", "_ends")) else value}


def _shown(value: Any) -> Any:
    """Return a stored time, "07.30", as a time: the form writes it as the reader's language does."""
    return clock_time(value) if isinstance(value, str) else value
