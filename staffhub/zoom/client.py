"""The one door to Zoom: zoomus as transport, with its own token, time limits and typed errors.

Sources: https://developers.zoom.us/docs/internal-apps/s2s-oauth/ and https://developers.zoom.us/docs/api/meetings/
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from math import ceil
from threading import Lock
from typing import Any, cast
from urllib.parse import quote, urlsplit

import requests
import structlog
import zoomus
from requests.auth import HTTPBasicAuth
from urllib3.exceptions import NewConnectionError
from zoomus.components.meeting import MeetingComponentV2
from zoomus.util import API_VERSION_2, ApiClient

from staffhub import clock
from staffhub.zoom.errors import (
    ZoomError,
    ZoomMisconfigured,
    ZoomNotFound,
    ZoomScopeMissing,
    ZoomUnavailable,
    ZoomUnclear,
)
from staffhub.zoom.replies import (
    TOO_MANY,
    UNAUTHORIZED,
    json_object,
    rate_limited,
    read,
    token_was_refused,
    tracking_id,
)
from staffhub.zoom.scopes import missing_scopes
from staffhub.zoom.shapes import JSON, Meeting, MeetingKind, User

BASE_URI = "https://api.zoom.us/v2"
OAUTH_URI = "https://zoom.us/oauth/token"
LOOPBACK = {"127.0.0.1", "localhost", "::1"}
PAGE_SIZE = 300
EARLY = timedelta(minutes=5)


def _unnamed(path: str) -> str:
    """A host's e-mail is personal data: it stays out of the log."""
    return re.sub(r"[^/]+@[^/]+", "{host}", path)


log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Token:
    """An access token, with the scopes and the regional host that came with it."""

    value: str
    renew_at: datetime
    scopes: frozenset[str]
    api_url: str

    @classmethod
    def from_reply(cls, body: JSON, now: datetime) -> "Token":
        given = body.get("expires_in")
        life = timedelta(seconds=given if isinstance(given, int) and given > 0 else 3600)
        return cls(
            value=str(body["access_token"]),
            renew_at=now + life - min(EARLY, life / 2),
            scopes=frozenset(str(body.get("scope", "")).split()),
            api_url=str(body.get("api_url") or "").rstrip("/"),
        )

    def __repr__(self) -> str:
        return f"<Token until {self.renew_at:%H:%M:%S}>"


class _Meetings(MeetingComponentV2):  # type: ignore[misc]
    """zoomus' component, sending through `send`.

    The originals call the module functions of requests, which follow redirects; `timeout` there is cut to an integer.
    """

    send: Callable[..., requests.Response]

    def get_request(self, endpoint: str, params: JSON | None = None, headers: Any = None) -> requests.Response:
        return self.send("GET", self.url_for(endpoint), params=params, headers=headers)

    def post_request(
        self, endpoint: str, params: JSON | None = None, data: JSON | None = None, headers: Any = None
    ) -> requests.Response:
        return self.send("POST", self.url_for(endpoint), params=params, json=data, headers=headers)

    def patch_request(
        self, endpoint: str, params: JSON | None = None, data: JSON | None = None, headers: Any = None
    ) -> requests.Response:
        return self.send("PATCH", self.url_for(endpoint), params=params, json=data, headers=headers)

    def delete_request(self, endpoint: str, params: JSON | None = None, headers: Any = None) -> requests.Response:
        return self.send("DELETE", self.url_for(endpoint), params=params, headers=headers)


class ZoomClient(zoomus.ZoomClient):  # type: ignore[misc]
    """A server-to-server app at Zoom; share one per process, it is safe between threads.

    `timeout` is in seconds, for connecting and for each wait on the answer. `now` returns an aware time in UTC.
    `base_uri` ends in /v2; while it is Zoom's global one, the account's regional host is used once it is known.
    Every method raises a ZoomError; only `create_meeting` raises ZoomUnclear.
    """

    def __init__(
        self,
        *,
        account_id: str,
        client_id: str,
        client_secret: str,
        base_uri: str = BASE_URI,
        oauth_uri: str = OAUTH_URI,
        timeout: float = 10,
        now: Callable[[], datetime] = clock.now,
    ) -> None:
        # Not zoomus' own constructor: that one fetches a token over the network, without a time limit.
        ApiClient.__init__(self, base_uri=base_uri, timeout=ceil(timeout))
        self.config = {
            "client_id": client_id,
            "client_secret": client_secret,
            "api_account_id": account_id,
            "data_type": "json",
            "version": API_VERSION_2,
            "base_uri": base_uri,
            "oauth_uri": oauth_uri,
            "token": None,
        }
        self._seconds = timeout
        self._now = now
        self._lock = Lock()
        self._token: Token | None = None
        # Creates and updates sent so far, whatever came of them: of these Zoom allows 100 for each host and day.
        self.writes = 0
        # How far our clock is ahead of Zoom's, as its last token said; None: not known.
        self.ahead: timedelta | None = None
        self._follows_region = base_uri == BASE_URI
        self._hosts = {_checked_host(base_uri), _checked_host(oauth_uri)}
        meetings = _Meetings(base_uri=base_uri, config=self.config, timeout=ceil(timeout), send=self._send)
        self.components = {"meeting": meetings}

    def create_meeting(self, host: str, body: JSON) -> Meeting:
        """Create a meeting for `host` (user id or e-mail) and return what Zoom stored, which can differ from `body`.

        `start_time` in `body` is local time without a zone, beside `timezone`. Raises ZoomUnclear when the meeting may
        exist although no whole answer came: look for it with `list_meetings` before creating again.
        """
        meeting = self.call("POST", f"/users/{_segment(host)}/meetings", data=body)
        if not isinstance(meeting.get("id"), int):
            raise ZoomUnclear("Zoom's answer to the create has no meeting number.")
        return cast("Meeting", meeting)

    def get_meeting(self, id: int | str, *, show_previous_occurrences: bool = False) -> Meeting:
        """Return one meeting, with passcode and links; a series shows its future dates, cancelled ones included."""
        params = {"show_previous_occurrences": "true"} if show_previous_occurrences else None
        return cast("Meeting", self.call("GET", f"/meetings/{_segment(id)}", params=params))

    def get_occurrence(self, id: int | str, occurrence_id: str) -> Meeting:
        """Return a series as one of its dates shows it: its own start, length and agenda."""
        params = {"occurrence_id": _segment(occurrence_id)}
        return cast("Meeting", self.call("GET", f"/meetings/{_segment(id)}", params=params))

    def list_meetings(self, host: str, kind: MeetingKind = "upcoming") -> list[Meeting]:
        """Return all rows of the host's list: no instant meetings, no passcodes, agenda cut to 250 characters."""
        return cast("list[Meeting]", self._all(f"/users/{_segment(host)}/meetings", "meetings", type=kind))

    def update_meeting(self, id: int | str, body: JSON) -> None:
        """Change a meeting, or a whole series; a changed passcode changes `join_url`, so read it again."""
        self._change(f"/meetings/{_segment(id)}", body)

    def update_occurrence(self, id: int | str, occurrence_id: str, body: JSON) -> None:
        """Change one date of a series: agenda, start_time, duration and a few settings, nothing else."""
        self._change(f"/meetings/{_segment(id)}", body, occurrence_id=_segment(occurrence_id))

    def delete_meeting(self, id: int | str) -> None:
        """Delete a meeting, or a whole series; one that is already gone counts as deleted."""
        self._remove(f"/meetings/{_segment(id)}")

    def delete_occurrence(self, id: int | str, occurrence_id: str) -> None:
        """Cancel one date of a series."""
        # Zoom deletes the whole series when this parameter is missing, hence a verb of its own that insists on it.
        self._remove(f"/meetings/{_segment(id)}", occurrence_id=_segment(occurrence_id))

    def past_instances(self, id: int | str) -> list[JSON]:
        """Return the runs of a meeting that are over: `uuid` and `start_time` of each."""
        found: list[JSON] = self.call("GET", f"/past_meetings/{_segment(id)}/instances").get("meetings") or []
        return found

    def past_participants(self, uuid: str) -> list[JSON]:
        """Return every connection in one run; a UUID with slashes in it reaches Zoom only when it is encoded twice."""
        return self._all(f"/past_meetings/{_segment(quote(uuid, safe=''))}/participants", "participants")

    def report_participants(self, uuid: str) -> list[JSON]:
        """Return every connection in one run as the report has it; of all that is asked Zoom allows least of these."""
        path = f"/report/meetings/{_segment(quote(uuid, safe=''))}/participants"
        return self._all(path, "participants", include_fields="registrant_id")

    def list_users(self, status: str = "active") -> list[User]:
        return cast("list[User]", self._all("/users", "users", status=status))

    def get_user(self, id_or_email: str) -> User:
        return cast("User", self.call("GET", f"/users/{_segment(id_or_email)}"))

    def missing_scopes(self) -> list[str]:
        """Name what an administrator still has to allow in the app; empty when all is well."""
        return missing_scopes(self._usable_token().scopes)

    def refresh_token(self) -> None:
        """Forget the token; the next call asks for another."""
        self._forget(self._token)

    def call(self, method: str, path: str, *, params: JSON | None = None, data: JSON | None = None) -> JSON:
        """Send one call and return its JSON object, or raise a ZoomError.

        A refused token is renewed once and the call repeated once; nothing else is repeated here.
        """
        token = self._usable_token()
        response = self._attempt(method, path, token, params, data)
        if token_was_refused(response):
            token = self._usable_token(refused=token)
            response = self._attempt(method, path, token, params, data)
        try:
            return read(response, creating=method == "POST", now=self._now())
        except ZoomScopeMissing:
            # A token never gains the scopes that were added to the app after it was issued.
            self._forget(token)
            raise

    def _all(self, path: str, key: str, **params: str) -> list[JSON]:
        rows: list[JSON] = []
        query: JSON = {**params, "page_size": PAGE_SIZE}
        seen = {""}
        while True:
            page = self.call("GET", path, params=query)
            rows += page.get(key) or []
            following = str(page.get("next_page_token") or "")
            if following in seen:
                return rows
            seen.add(following)
            query["next_page_token"] = following

    def _change(self, path: str, body: JSON, **params: str) -> None:
        if not body:
            raise ValueError("a change needs at least one field")
        self.call("PATCH", path, params=params, data=body)

    def _remove(self, path: str, **params: str) -> None:
        try:
            self.call("DELETE", path, params=params)
        except ZoomNotFound:
            log.info("zoom.already_gone", path=path)

    def _attempt(
        self, method: str, path: str, token: Token, params: JSON | None, data: JSON | None
    ) -> requests.Response:
        request: JSON = {"params": params, "headers": {"Authorization": f"Bearer {token.value}"}}
        if data is not None:
            request["data"] = data
        verb = getattr(self.components["meeting"], f"{method.lower()}_request")
        if method in {"POST", "PATCH"}:
            self.writes += 1
        try:
            response: requests.Response = verb(path, **request)
        except requests.RequestException as error:
            kind = ZoomUnclear if method == "POST" and not _never_sent(error) else ZoomUnavailable
            log.warning("zoom.no_answer", method=method, path=_unnamed(path), error=type(error).__name__)
            raise kind(f"{type(error).__name__}: no whole answer to {method} {path}") from error
        log.info(
            "zoom.call",
            method=method,
            path=_unnamed(path),
            status=response.status_code,
            tracking_id=tracking_id(response),
        )
        return response

    def _send(self, method: str, url: str, **request: Any) -> requests.Response:
        """Send to an allowed host only, and never follow a redirect: both would carry our token elsewhere."""
        parts = urlsplit(url)
        if parts.netloc not in self._hosts:
            raise ZoomMisconfigured(f"{parts.netloc} is not an address of Zoom that we may call.")
        with requests.Session() as session:
            # An office proxy cannot reach a server on this machine.
            session.trust_env = parts.hostname not in LOOPBACK
            # Without an explicit `auth`, requests lets a .netrc file replace our Authorization header.
            request.setdefault("auth", _keep_headers)
            return session.request(method, url, timeout=self._seconds, allow_redirects=False, **request)

    def _usable_token(self, *, refused: Token | None = None) -> Token:
        """Return a token with life left, never `refused`; of many threads with the same one, only the first renews."""
        with self._lock:
            token = self._token
            if token is None or token is refused or self._now() >= token.renew_at:
                token = self._request_token()
                self._adopt(token)
            return token

    def _forget(self, token: Token | None) -> None:
        with self._lock:
            if self._token is token:
                self._token = None

    def _adopt(self, token: Token) -> None:
        self._token = token
        self.config["token"] = token.value
        if not (self._follows_region and token.api_url):
            return
        region = urlsplit(token.api_url)
        if region.scheme != "https" or not (region.hostname or "").endswith(".zoom.us"):
            log.warning("zoom.strange_region", host=region.hostname)
            return
        self._hosts.add(region.netloc)
        self.components["meeting"].base_uri = f"{token.api_url}/v2"

    def _request_token(self) -> Token:
        """Ask for a token (https://developers.zoom.us/docs/internal-apps/s2s-oauth/).

        Bytes in the credentials, since requests would encode text as Latin-1.
        """
        config = self.config
        auth = HTTPBasicAuth(config["client_id"].encode(), config["client_secret"].encode())
        form = {"grant_type": "account_credentials", "account_id": config["api_account_id"]}
        try:
            response = self._send("POST", config["oauth_uri"], data=form, auth=auth)
        except requests.RequestException as error:
            raise ZoomUnavailable(f"{type(error).__name__}: Zoom issued no token") from error
        log.info("zoom.token", status=response.status_code, tracking_id=tracking_id(response))
        self.ahead = _ahead(response, self._now())
        body = json_object(response) or {}
        if response.ok and isinstance(body.get("access_token"), str):
            return Token.from_reply(body, self._now())
        raise _token_error(response, body, self._now())


def _ahead(response: requests.Response, now: datetime) -> timedelta | None:
    try:
        return now - parsedate_to_datetime(response.headers.get("Date", ""))
    except (ValueError, TypeError):
        return None


def _token_error(response: requests.Response, body: JSON, now: datetime) -> ZoomError:
    """Tell refused credentials from an endpoint that is down (…/docs/integrations/oauth-error-messages/)."""
    status = response.status_code
    reason = str(body.get("reason") or body.get("message") or body.get("error") or f"HTTP {status}, no token")
    if status == TOO_MANY:
        return rate_limited(response, reason, now=now)
    if status in (400, UNAUTHORIZED) or (status < 500 and "error" in body):  # noqa: PLR2004
        return ZoomMisconfigured(reason, status=status, tracking_id=tracking_id(response))
    return ZoomUnavailable(reason, status=status, tracking_id=tracking_id(response))


def _never_sent(error: requests.RequestException) -> bool:
    """Say whether the request certainly never left: no connection came about at all."""
    if isinstance(error, requests.ConnectTimeout | requests.exceptions.ProxyError):
        return True
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return isinstance(reason, NewConnectionError)


def _keep_headers(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _segment(value: int | str) -> str:
    """Quote one part of a path; empty and dotted ones would name another resource."""
    text = str(value).strip()
    if text in {"", ".", "..", "None"}:
        raise ValueError(f"{value!r} names nothing at Zoom")
    return quote(text, safe="@")


def _checked_host(uri: str) -> str:
    parts = urlsplit(uri)
    if parts.scheme != "https" and parts.hostname not in LOOPBACK:
        raise ValueError(f"{uri} is not https: credentials would travel in the clear")
    return parts.netloc
