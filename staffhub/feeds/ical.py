"""A calendar as RFC 5545 writes it, with the names and refreshing of RFC 7986."""

import hashlib
import uuid
from datetime import UTC, date, datetime, timedelta

from icalendar import Calendar
from icalendar import Event as Component

from staffhub.feeds.events import Event, Feed

# How often a program should come again: a plan for tomorrow is rarely changed within the hour.
_REFRESH = timedelta(hours=1)


def written(feed: Feed, *, base_url: str, now: datetime) -> tuple[bytes, str]:
    """Return the file, and what names its content: the same as long as nothing in it but the moment has changed."""
    base = base_url.rstrip("/")
    calendar = Calendar()
    calendar.add("prodid", "-//StaffHub//StaffHub//ID")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("name", feed.name)
    calendar.add("x-wr-calname", feed.name)
    calendar.add("x-wr-timezone", feed.zone.key)
    calendar.add("refresh-interval", _REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", "PT1H")
    for event in feed.events:
        calendar.add_component(_component(event, base))
    calendar.add_missing_timezones(first_date=date(2000, 1, 1))
    tag = hashlib.sha256(calendar.to_ical()).hexdigest()[:32]
    for component in calendar.events:
        component.add("dtstamp", now.astimezone(UTC))
    return calendar.to_ical(), tag


def _component(event: Event, base: str) -> Component:
    component = Component()
    component.add("uid", str(uuid.uuid5(uuid.NAMESPACE_URL, f"{base}/{event.key}")))
    component.add("summary", event.title)
    component.add("dtstart", event.starts)
    component.add("dtend", event.ends)
    component.add("sequence", event.sequence)
    component.add("status", "CANCELLED" if event.cancelled else "CONFIRMED")
    component.add("transp", "OPAQUE" if event.busy and not event.cancelled else "TRANSPARENT")
    component.add("url", f"{base}{event.path}")
    return component
