"""Calendars that a phone or Outlook reads by itself: my own, and that of a bidang."""

from staffhub.feeds.addresses import Address, Held, address_for, addresses, end, held, renew
from staffhub.feeds.events import Event, Feed, feed_of

__all__ = ["Address", "Event", "Feed", "Held", "address_for", "addresses", "end", "feed_of", "held", "renew"]
