"""What somebody changed in Zoom itself, as a person is asked about it: theirs beside ours."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from staffhub.meetings import wire
from staffhub.zoom.shapes import Meeting as ZoomMeeting


@dataclass(frozen=True)
class Theirs:
    """Only what differs. `dates`: starts by the ids of our rows, None where Zoom does not hold the date.

    `settings`: those of wire.SETTINGS. `other`: Zoom has dates that no series of ours can have, so that it can only be
    sent ours again.
    """

    topic: str | None = None
    agenda: str | None = None
    minutes: int | None = None
    dates: Mapping[int, datetime | None] = field(default_factory=dict)
    other: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, stored: ZoomMeeting, facts: wire.Facts, *, now: datetime) -> "Theirs":
        agenda = stored.get("agenda", "").removeprefix(facts.marker).strip()
        lengths = wire.durations(stored)
        dates, other = _dates(stored, facts, now)
        return cls(
            topic=stored["topic"] if stored.get("topic", facts.topic) != facts.topic else None,
            agenda=agenda if agenda != facts.agenda.strip() else None,
            minutes=lengths.pop() if len(lengths) == 1 and lengths != {facts.minutes} else None,
            dates=dates,
            other=other,
            settings=wire.other_settings(stored, facts),
        )

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Theirs":
        dates = {int(row): datetime.fromisoformat(at) if at else None for row, at in stored["dates"].items()}
        return cls(**{**stored, "dates": dates})

    def stored(self) -> dict[str, Any]:
        dates = {str(row): at.isoformat() if at else None for row, at in self.dates.items()}
        return asdict(self) | {"dates": dates}

    @property
    def names(self) -> list[str]:
        """What differs, as failures.in_words names it."""
        said = {"topic": self.topic, "agenda": self.agenda, "duration": self.minutes}
        found = [name for name, value in said.items() if value is not None]
        return [*found, *(["start"] if self.dates or self.other else []), *self.settings]


def _dates(stored: ZoomMeeting, facts: wire.Facts, now: datetime) -> tuple[dict[int, datetime | None], bool]:
    if not facts.weekdays:
        only, start = facts.dates[0], wire.start_of(stored)
        moved = only.held(now) and start is not None and start != only.starts
        return ({only.id: start} if moved else {}), "occurrences" in stored
    if "occurrences" not in stored:
        return {}, True
    pairs = wire.pairs(stored, facts, now)
    found: dict[int, datetime | None] = {}
    for row, one in pairs:
        start = None if row["status"] == "deleted" else wire.start_of(row)
        if one and start != (one.starts if one.held(now) else None):
            found[one.id] = start
    there, last = {one.id for _row, one in pairs if one}, max((one.slot for _row, one in pairs if one), default=None)
    found |= {
        one.id: None for one in facts.dates if last and one.held(now) and one.id not in there and one.slot <= last
    }
    return found, any(one is None and row["status"] != "deleted" for row, one in pairs)
