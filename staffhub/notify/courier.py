"""One message by the office's own channel beside e-mail (Telegram, WhatsApp and others), which apprise speaks."""

from dataclasses import dataclass

import structlog

from staffhub.notify.mailer import Outcome
from staffhub.settings import Channel

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Courier:
    """Sends by one channel. The office names the server; a reader adds no more than a name or a number there."""

    channel: Channel

    def send(self, to: str, subject: str, body: str) -> Outcome:
        """Hand a message over. apprise does not say why something went wrong, so it may have arrived all the same."""
        import apprise  # an extra, and of 30 MB: only for whoever has a channel

        line = apprise.Apprise()
        if not line.add(self.channel.address.replace("{to}", to)):
            log.warning("channel_refuses_reader", channel=self.channel.name)
            return Outcome.REFUSED
        try:
            sent = line.notify(title=subject, body=body, body_format=apprise.NotifyFormat.TEXT)
        except Exception:
            log.exception("channel_failed", channel=self.channel.name)
            return Outcome.UNCLEAR
        return Outcome.SENT if sent else Outcome.UNCLEAR
