"""One frozen Settings from the environment (prefix STAFFHUB_). A weak secret or an unknown zone stops the start."""

import os
import re
import secrets
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

HTMX_URL = "https://cdn.jsdelivr.net/npm/htmx.org@4.0.1/dist/htmx.min.js"
HTMX_INTEGRITY = "sha384-Qp9rdC8H7EqOoX+nR0P3RPG2Noji+qdwJlGpfzwQJsfOpp3sGwIdSP9xO3+UlEhn"
_SECRET_LENGTH = 32


class Smtp(NamedTuple):
    """The mail server. `tls`: encrypted from the first byte; otherwise by STARTTLS, but on this very machine."""

    host: str
    port: int
    tls: bool
    user: str
    password: str
    sender: str


class Channel(NamedTuple):
    """A way beside e-mail: its name on screen, and an address of apprise in which {to} stands for the reader."""

    name: str
    address: str


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="STAFFHUB_", frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True
    )

    database_url: str = ""
    secret_key: SecretStr = SecretStr("")
    base_url: str = "http://127.0.0.1:8000"
    timezone: str = "Asia/Makassar"
    locale: str = Field(default="id", pattern="^(id|en)$")
    command_locale: str = Field(default="", pattern="^(id|en|)$")
    data_dir: Path = Path("var")
    machine_dir: Path | None = None
    trusted_proxies: str = ""
    htmx_url: str = HTMX_URL
    demo_password: SecretStr = SecretStr("staffhub-demo")
    smtp_url: SecretStr = SecretStr("")
    channel: SecretStr = SecretStr("")
    notice_days: int = Field(default=180, ge=7, le=3660)
    # A year of a large office, 50,000 requests, is read in a minute by pages of a hundred.
    api_calls_a_minute: int = Field(default=600, ge=0)

    zoom_account_id: str = ""
    zoom_client_id: str = ""
    zoom_client_secret: SecretStr = SecretStr("")
    zoom_webhook_secret: SecretStr = SecretStr("")
    zoom_base_uri: str = "https://api.zoom.us/v2"
    zoom_oauth_uri: str = "https://zoom.us/oauth/token"
    zoom_host: str = ""
    zoom_at_once: int = Field(default=1, ge=1, le=2)

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"unknown time zone {value!r}; write for example Asia/Makassar")
        return value

    @field_validator("secret_key")
    @classmethod
    def _strong_secret(cls, value: SecretStr) -> SecretStr:
        plain = value.get_secret_value()
        if plain and (len(plain) < _SECRET_LENGTH or len(set(plain)) < _SECRET_LENGTH // 4):
            make = "python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
            raise ValueError(f"too weak, it needs at least {_SECRET_LENGTH} characters; make one with: {make}")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _whole_smtp(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            _smtp(value.get_secret_value(), "localhost")
        return value

    @field_validator("channel")
    @classmethod
    def _whole_channel(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value():
            _channel(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _whole_zoom(self) -> Self:
        given = [self.zoom_account_id, self.zoom_client_id, self.zoom_client_secret.get_secret_value()]
        if any(given) and not all(given):
            raise ValueError(
                "STAFFHUB_ZOOM_ACCOUNT_ID, STAFFHUB_ZOOM_CLIENT_ID and STAFFHUB_ZOOM_CLIENT_SECRET go together"
            )
        return self

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir.absolute() / 'staffhub.db'}"

    @property
    def command_language(self) -> str:
        """The operator's own, so that a command in English does not turn the office's screens English."""
        return self.command_locale or self.locale

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @property
    def https(self) -> bool:
        return urlsplit(self.base_url).scheme == "https"

    @property
    def zoom_configured(self) -> bool:
        return bool(self.zoom_account_id)

    @property
    def zoom_is_sandbox(self) -> bool:
        """Say so on screen whenever the server behind the Zoom client is not Zoom."""
        host = urlsplit(self.zoom_base_uri).hostname or ""
        return self.zoom_configured and host != "zoom.us" and not host.endswith(".zoom.us")

    @property
    def smtp(self) -> Smtp | None:
        """Return the mail server, or None where no e-mail is sent."""
        address = self.smtp_url.get_secret_value()
        return _smtp(address, urlsplit(self.base_url).hostname or "localhost") if address else None

    @property
    def notice_channel(self) -> Channel | None:
        """Return the way beside e-mail, or None where there is none."""
        said = self.channel.get_secret_value()
        return _channel(said) if said else None

    def secret(self) -> bytes:
        """Return the key of signed cookies and keyed hashes; without a setting, one kept in the data folder (0600)."""
        if plain := self.secret_key.get_secret_value():
            return plain.encode()
        path = self.data_dir / "secret.key"
        if not path.exists():
            self.data_dir.mkdir(parents=True, exist_ok=True)
            # Written whole (and 0600) before it gets its name; of two workers that start at once the link decides.
            with NamedTemporaryFile("w", dir=self.data_dir) as file:
                file.write(secrets.token_urlsafe(_SECRET_LENGTH))
                file.flush()
                with suppress(FileExistsError):
                    os.link(file.name, path)
        return path.read_bytes()


def _smtp(address: str, own_host: str) -> Smtp:
    """Read smtp://user:password@host:587?from=staffhub@office.example; smtps:// where a server begins with TLS."""
    said = "write for example smtp://user:password@mail.example:587?from=staffhub@example.go.id"
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise ValueError(said) from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path not in {"", "/"}:
        raise ValueError(said)
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    sender = parse_qs(parts.query).get("from", [user if "@" in user else f"staffhub@{own_host}"])[0]
    if "@" not in sender or not sender.isascii() or any(letter.isspace() for letter in sender):
        raise ValueError(said)
    tls = parts.scheme == "smtps"
    return Smtp(parts.hostname, port or (465 if tls else 587), tls, user, password, sender)


def _channel(said: str) -> Channel:
    """Read Telegram=tgram://token/{to}: a name, and an address as https://github.com/caronc/apprise/wiki has them."""
    found = re.fullmatch(r"(?P<name>[\w .-]{1,40})=(?P<address>[a-z0-9]+s?://\S+)", said)
    if not found or found["address"].count("{to}") != 1:
        raise ValueError("write for example Telegram=tgram://TOKEN/{to}; {to} stands for the reader's own name there")
    if find_spec("apprise") is None:
        raise ValueError("apprise is missing: pip install --no-deps --require-hashes -r requirements/notify.txt")
    return Channel(found["name"], found["address"])
