"""What Zoom tells on its own: events, signed as Zoom signs them (https://developers.zoom.us/docs/api/webhooks/).

They leave from a thread of their own: whoever is told may be asking the sandbox something at that moment.
"""

import hashlib
import hmac
import json
import secrets
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Timer
from urllib.parse import urlsplit

import requests

from staffhub.zoom.sandbox.store import Store
from staffhub.zoom.shapes import JSON

PATIENCE = 3  # seconds that Zoom waits for an answer
AGAIN = (300.0, 1200.0, 3600.0)  # seconds after which it tries again, when the other side failed; then never
_GIVES_UP_BELOW = 500  # a refusal is an answer


class Hooks:
    """One subscription. `url` is on this machine only: the sandbox sends nothing into the world.

    The address is proved before its first event, as Zoom does when it is entered. `told` holds (event, status) of
    every delivery, 0 where nobody answered.
    """

    def __init__(self, url: str, secret: str, *, again: tuple[float, ...] = AGAIN) -> None:
        if urlsplit(url).hostname not in ("127.0.0.1", "localhost"):
            raise ValueError("the Zoom sandbox tells only this machine of its events")
        self.url = url
        self.secret = secret.encode()
        self.again = again
        self.told: list[tuple[str, int]] = []
        self._proved = False
        self._line = ThreadPoolExecutor(1, thread_name_prefix="zoom-sandbox-hooks")
        self._last: Future[None] | None = None

    def tell(self, store: Store, event: str, thing: JSON, **beside: object) -> None:
        at = int(store.now().timestamp() * 1000)
        payload = {"account_id": store.account.account_id, **beside, "object": thing}
        body = {"event": event, "event_ts": at, "payload": payload}
        self._last = self._line.submit(self._deliver, store, body, secrets.token_hex(16), 0)

    def settle(self) -> None:
        """Wait until all that was to be told has been tried once."""
        if self._last:
            self._last.result()

    def _deliver(self, store: Store, body: JSON, number: str, tries: int) -> None:
        status = self._post(store, body, number, tries) if self._is_proved(store) else 0
        self.told.append((body["event"], status))
        if (status == 0 or status >= _GIVES_UP_BELOW) and tries < len(self.again):
            later = Timer(self.again[tries], self._deliver, (store, body, number, tries + 1))
            later.daemon = True
            later.start()

    def _is_proved(self, store: Store) -> bool:
        if not self._proved:
            token = secrets.token_urlsafe(16)
            body = {"event": "endpoint.url_validation", "payload": {"plainToken": token}}
            expected = hmac.new(self.secret, token.encode(), hashlib.sha256).hexdigest()
            answer = self._send(store, body, {})
            said = answer.json() if answer is not None and answer.ok and answer.content else {}
            self._proved = said == {"plainToken": token, "encryptedToken": expected}
        return self._proved

    def _post(self, store: Store, body: JSON, number: str, tries: int) -> int:
        numbers = {"x-zm-request-id": number, "x-zm-trackingid": f"WEB_{secrets.token_hex(8)}"}
        answer = self._send(store, body, numbers | ({"x-zm-retry-num": str(tries)} if tries else {}))
        return 0 if answer is None else answer.status_code

    def _send(self, store: Store, body: JSON, headers: dict[str, str]) -> requests.Response | None:
        raw, stamp = json.dumps(body).encode(), str(int(store.now().timestamp()))
        signed = hmac.new(self.secret, b"v0:" + stamp.encode() + b":" + raw, hashlib.sha256).hexdigest()
        mine = {"content-type": "application/json", "x-zm-request-timestamp": stamp, "x-zm-signature": f"v0={signed}"}
        try:
            with requests.Session() as session:
                session.trust_env = False
                return session.post(self.url, data=raw, headers=mine | headers, timeout=PATIENCE, allow_redirects=False)
        except requests.RequestException:
            return None
