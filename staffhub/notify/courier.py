"""One message by the office's own channel beside e-mail (Telegram, WhatsApp and others), which apprise speaks."""

import logging
from dataclasses import dataclass

import structlog

from staffhub.notify.mailer import Outcome
from staffhub.settings import Channel

log = structlog.get_logger(__name__)
# What apprise says itself may name the reader, or the server's answer; our own line says that it went wrong.
logging.getLogger("apprise").setLevel(logging.CRITICAL)


@dataclass(frozen=True)
class Courier:
    """Sends by one channel. The office names the server; a reader adds no more than a name or a number there."""

    channel: Channel

    def send(self, to: str, subject: str, body: str) -> Outcome:
        """Hand a message over. apprise does not say why something went wrong, so it may have arrived all the same."""
        import apprise  # an extra that takes 17 MB: only for whoever has a channel

        line = apprise.Apprise()
        if not line.add(self.channel.address.replace("{to}", to)):
            return self._not_sent(Outcome.REFUSED)
        try:
            sent = line.notify(title=subject, body=body, body_format=apprise.NotifyFormat.TEXT)
        except Exception as error:  # noqa: BLE001  whatever a foreign channel does becomes an outcome
            return self._not_sent(Outcome.UNCLEAR, type(error).__name__)
        return Outcome.SENT if sent else self._not_sent(Outcome.UNCLEAR)

    def _not_sent(self, outcome: Outcome, error: str = "") -> Outcome:
        """Neither the reader nor the text stands in the log."""
        log.warning("channel_not_sent", channel=self.channel.name, outcome=outcome, error=error)
        return outcome
