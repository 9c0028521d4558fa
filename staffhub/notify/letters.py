"""An e-mail about what waits: what it says is the sentences of the list, and where to read on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from staffhub import i18n
from staffhub.i18n import gettext as _
from staffhub.i18n import ngettext
from staffhub.models import NoticeKind
from staffhub.notify.wording import headline


@dataclass(frozen=True)
class About:
    """One notice of a letter."""

    id: int
    kind: NoticeKind
    params: dict[str, Any]

    @property
    def way(self) -> str:
        """A link of the reader's own, else the notice, for which they sign in."""
        return str(self.params.get("way") or f"/notices/{self.id}")


class Letter(NamedTuple):
    """`first` is the notice that it begins with, `base` the address of this site."""

    subject: str
    body: str
    first: int
    base: str


def write(notices: Sequence[About], *, locale: str, office: str, base_url: str) -> Letter:
    """Return the letter about these notices, oldest first, in the reader's language."""
    base = base_url.rstrip("/")
    with i18n.in_locale(locale):
        said = [(headline(one.kind, one.params), f"{base}{one.way}") for one in notices]
        subject = _one_line(_subject([text for text, _link in said]))
        return Letter(subject, _body(said, office, base), notices[0].id, base)


def as_email(letter: Letter, *, to: str, sender: str, now: datetime) -> EmailMessage:
    """Return the letter as an e-mail; its Message-ID lets a server or a reader tell one that came twice."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = letter.subject
    message.set_content(letter.body, charset="utf-8", cte="quoted-printable")
    message["From"] = sender
    message["To"] = to
    message["Date"] = now
    message["Message-ID"] = f"<notice-{letter.first}@{urlsplit(letter.base).hostname}>"
    message["Auto-Submitted"] = "auto-generated"
    return message


def _subject(said: Sequence[str]) -> str:
    if len(said) == 1:
        return f"StaffHub: {said[0].rstrip('.')}"
    return "StaffHub: " + ngettext("%(num)s notice", "%(num)s notices", len(said))


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _body(said: Sequence[tuple[str, str]], office: str, base: str) -> str:
    parts = [f"{_one_line(text)}\n{link}" for text, link in said]
    parts.append("-- \n" + _("%(office)s. Sent by StaffHub by itself; nobody reads answers.", office=office))
    parts.append(_("Which notices come this way: %(address)s", address=f"{base}/account#mail"))
    return "\n\n".join(parts) + "\n"
