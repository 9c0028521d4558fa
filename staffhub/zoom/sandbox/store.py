"""What the sandbox remembers: meetings and counters (kept in a file, when given one), tokens and page marks."""

import json
import secrets
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from staffhub.zoom.sandbox.account import Account
from staffhub.zoom.sandbox.refusals import (
    no_meeting,
    no_user,
    refusal,
    scopes_missing,
    too_many_per_second,
    too_many_today,
)
from staffhub.zoom.shapes import JSON

if TYPE_CHECKING:
    from staffhub.zoom.sandbox.hooks import Hooks

PAGE_LIFE = timedelta(minutes=15)


@dataclass
class Store:
    """One Zoom account. Used from the server's event loop only, and never across an await: no lock is needed."""

    account: Account
    now: Callable[[], datetime]
    path: Path | None = None
    meetings: dict[str, JSON] = field(default_factory=dict)
    runs: dict[str, JSON] = field(default_factory=dict)
    writes: Counter[str] = field(default_factory=Counter)
    tokens: dict[str, datetime] = field(default_factory=dict)
    pages: dict[str, tuple[datetime, str, int]] = field(default_factory=dict)
    busy: Counter[str] = field(default_factory=Counter)
    live: dict[str, JSON] = field(default_factory=dict)
    hooks: "Hooks | None" = None

    def __post_init__(self) -> None:
        self.users = self.account.users()
        if self.path and self.path.exists():
            kept = json.loads(self.path.read_text("utf-8"))
            self.meetings, self.writes = kept["meetings"], Counter(kept["writes"])
            self.users = kept.get("users", self.users)

    def save(self) -> None:
        """Write beside the file and rename: a kill in between leaves the old state whole."""
        if self.path is None:
            return
        beside = self.path.with_name(self.path.name + ".new")
        kept = {"meetings": self.meetings, "writes": self.writes, "users": self.users}
        beside.write_text(json.dumps(kept, indent=1), "utf-8")
        beside.replace(self.path)

    def reset(self) -> None:
        for kept in (self.meetings, self.runs, self.live, self.writes, self.tokens, self.pages, self.busy):
            kept.clear()
        self.users = self.account.users()
        self.save()

    def tell(self, event: str, thing: JSON, **beside: object) -> None:
        """Tell whoever has subscribed."""
        if self.hooks:
            self.hooks.tell(self, event, thing, **beside)

    def issue_token(self) -> str:
        if self.account.single_token:
            self.tokens.clear()
        token = secrets.token_urlsafe(48)
        self.tokens[token] = self.now() + timedelta(seconds=self.account.token_seconds)
        return token

    def admit(self, authorization: str, *, label: str, scopes: list[str]) -> None:
        """Check token, scopes and the limit per second, in this order. Raises Refusal."""
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or token not in self.tokens:
            raise refusal(401, 124, "Invalid access token.")
        if self.now() >= self.tokens[token]:
            raise refusal(401, 124, "Access token is expired.")
        if not set(scopes) & set(self.account.scopes.split()):
            raise scopes_missing(scopes)
        second = f"{label} {int(self.now().timestamp())}"
        self.busy = Counter({key: calls for key, calls in self.busy.items() if key.endswith(second.split()[1])})
        self.busy[second] += 1
        if self.busy[second] > self.account.per_second(label):
            raise too_many_per_second(label)

    def count_write(self, host_id: str) -> None:
        """Count one create or update of this host's UTC day. Raises Refusal beyond the limit."""
        today = f"{self.now():%Y-%m-%d}"
        self.writes = Counter({key: calls for key, calls in self.writes.items() if key.startswith(today)})
        self.writes[f"{today} {host_id}"] += 1
        self.save()
        if self.writes[f"{today} {host_id}"] > self.account.writes_per_host_day:
            raise too_many_today(self.account.writes_per_host_day)

    def user(self, id: str) -> JSON:
        found = self.users[0] if id == "me" else self.user_or_none(id)
        if found is None:
            raise no_user(id)
        return found

    def user_or_none(self, id: str) -> JSON | None:
        same = (user for user in self.users if id == user["id"] or id.lower() == user["email"].lower())
        return next(same, None)

    def change_user(self, id: str, act: str) -> None:
        """Do what an administrator of the account does there: with a user who is deleted the meetings go, too."""
        user = self.user(id)
        if act == "delete":
            self.users.remove(user)
            self.meetings = {key: one for key, one in self.meetings.items() if one["host_id"] != user["id"]}
        elif act in {"deactivate", "activate"}:
            user["status"] = "inactive" if act == "deactivate" else "active"
        self.save()

    def meeting(self, id: str) -> JSON:
        if id not in self.meetings:
            raise no_meeting(id)
        return self.meetings[id]

    def page(self, rows: list[JSON], *, key: str, size: int, mark: str, listing: str) -> JSON:
        """Return one page of `rows`; a mark lives 15 minutes and fits only the listing that gave it."""
        offset = self._offset(mark, listing) if mark else 0
        following = ""
        if offset + size < len(rows):
            following = secrets.token_urlsafe(24)
            self.pages[following] = (self.now() + PAGE_LIFE, listing, offset + size)
        return {
            "page_size": size,
            "total_records": len(rows),
            "next_page_token": following,
            key: rows[offset : offset + size],
        }

    def _offset(self, mark: str, listing: str) -> int:
        ends, given_for, offset = self.pages.get(mark, (self.now(), "", 0))
        if given_for != listing or self.now() >= ends:
            raise refusal(400, 300, "The next page token is invalid or expired.")
        return offset
