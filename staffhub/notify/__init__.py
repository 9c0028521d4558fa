"""What the app tells people: a bell on every page, a list, and e-mail where it is set up."""

from staffhub.notify.listing import A_PAGE, Line, Page, address_of, listing, read_all, read_one
from staffhub.notify.telling import Subject, as_json, over, tell
from staffhub.notify.wording import headline

__all__ = [
    "A_PAGE",
    "Line",
    "Page",
    "Subject",
    "address_of",
    "as_json",
    "headline",
    "listing",
    "over",
    "read_all",
    "read_one",
    "tell",
]
