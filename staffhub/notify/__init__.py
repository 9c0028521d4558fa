"""What the app tells people: a bell on every page, a list, and e-mail where it is set up."""

from staffhub.notify.telling import Subject, as_json, over, tell
from staffhub.notify.wording import headline

__all__ = ["Subject", "as_json", "headline", "over", "tell"]
