"""What the app tells people: a bell on every page, a list, and e-mail where it is set up."""

from staffhub.notify.choices import LEADS, USUAL, choose, choose_lead, reach_me, wanted
from staffhub.notify.courier import Courier
from staffhub.notify.forgetting import forget_old
from staffhub.notify.listing import A_PAGE, Line, Page, address_of, listing, read_all, read_one
from staffhub.notify.mailer import Mailer
from staffhub.notify.sending import Post, run_due
from staffhub.notify.telling import Subject, as_json, over, tell, told
from staffhub.notify.wording import headline, kind_name

__all__ = [
    "A_PAGE",
    "LEADS",
    "USUAL",
    "Courier",
    "Line",
    "Mailer",
    "Page",
    "Post",
    "Subject",
    "address_of",
    "as_json",
    "choose",
    "choose_lead",
    "forget_old",
    "headline",
    "kind_name",
    "listing",
    "over",
    "reach_me",
    "read_all",
    "read_one",
    "run_due",
    "tell",
    "told",
    "wanted",
]
