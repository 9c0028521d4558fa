"""An e-mail about what waits: what it says is the sentences of the list, and where to read on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any
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


def write(
    notices: Sequence[About], *, to: str, sender: str, locale: str, office: str, base_url: str, now: datetime
) -> EmailMessage:
    """Return the letter about these notices, oldest first, in the reader's language.

    Its Message-ID names the first of them, so that a server or a reader can tell a letter that came twice.
    """
    message = EmailMessage(policy=SMTP)
    base = base_url.rstrip("/")
    with i18n.in_locale(locale):
        said = [(headline(one.kind, one.params), f"{base}{one.way}") for one in notices]
        message["Subject"] = _one_line(_subject([text for text, _link in said]))
        message.set_content(_body(said, office, base), charset="utf-8", cte="quoted-printable")
    message["From"] = sender
    message["To"] = to
    message["Date"] = now
    message["Message-ID"] = f"<notice-{notices[0].id}@{urlsplit(base).hostname}>"
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
    parts.append(_("Which notices come by e-mail: %(address)s", address=f"{base}/account#mail"))
    return "\n\n".join(parts) + "\n"
