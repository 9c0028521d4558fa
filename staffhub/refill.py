"""Put what somebody typed back into a form of a page that is already written.

Any form of any page, without its help: the controls are found in the HTML by the address the form is sent to.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html import escape
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urlsplit

# Typed into none of these, or never to be shown again.
_LEFT_ALONE = {"file", "password", "submit", "button", "image", "reset"}
_Attributes = list[tuple[str, str | None]]


class Piece(NamedTuple):
    """A start tag or a text of the page, by its place."""

    start: int
    end: int
    tag: str = ""
    attributes: tuple[tuple[str, str | None], ...] = ()

    def get(self, name: str) -> str:
        return dict(self.attributes).get(name) or ""

    def has(self, name: str) -> bool:
        return name in dict(self.attributes)


@dataclass
class Control:
    """An input, a select with its options or a textarea with its text."""

    piece: Piece
    folded: list[Piece]  # the <details> around it
    options: list[tuple[Piece, str]] = field(default_factory=list)
    text: Piece | None = None
    written: str = ""

    @property
    def name(self) -> str:
        return self.piece.get("name")

    @property
    def type(self) -> str:
        return self.piece.get("type").lower() if self.piece.tag in {"input", "button"} else self.piece.tag


@dataclass
class _Form:
    piece: Piece
    controls: list[Control] = field(default_factory=list)

    def leads_to(self, action: str) -> bool:
        posts = self.piece.get("method").lower() == "post"
        own = self.piece.get("action") if posts else ""
        buttons = [control.piece.get("formaction") for control in self.controls]
        return any(_path(one) == _path(action) for one in (own, self.piece.get("hx-post"), *buttons) if one)

    def likeness(self, fields: Sequence[tuple[str, str]]) -> int:
        """Of several forms with one address the one is meant whose fixed values were sent."""
        fixed = [one for one in self.controls if one.type in {"hidden", "submit", "button"}]
        same = sum((one.name, one.piece.get("value")) in fields for one in fixed)
        return same + len({one.name for one in self.controls} & {name for name, _value in fields})


def _path(address: str) -> str:
    return urlsplit(address).path


class _Reader(HTMLParser):
    """Collect the forms of a page with the places of their controls."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[_Form] = []
        self.by_id: dict[str, _Form] = {}
        self.elsewhere: list[tuple[str, Control]] = []  # <input form="id">, perhaps before its form
        self._folds: list[Piece] = []
        self._form: _Form | None = None
        self._control: Control | None = None
        self._lines = [0]
        for line in page.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)
        self.feed(page)
        self.close()
        for owner, control in self.elsewhere:
            if owner in self.by_id:
                self.by_id[owner].controls.append(control)

    def _at(self) -> int:
        line, column = self.getpos()
        return self._lines[line - 1] + column

    def handle_starttag(self, tag: str, attrs: _Attributes) -> None:
        start = self._at()
        piece = Piece(start, start + len(self.get_starttag_text() or ""), tag, tuple(attrs))
        if tag == "details":
            self._folds.append(piece)
        elif tag == "form":
            self._form = _Form(piece)
            self.forms.append(self._form)
            self.by_id[piece.get("id")] = self._form
        elif tag in {"input", "select", "textarea", "button"}:
            self._add(Control(piece, list(self._folds)))
        elif tag == "option" and self._control:
            self._control.options.append((piece, piece.get("value")))

    def _add(self, control: Control) -> None:
        self._control = control if control.piece.tag in {"select", "textarea"} else None
        if owner := control.piece.get("form"):
            self.elsewhere.append((owner, control))
        elif self._form:
            self._form.controls.append(control)

    def handle_data(self, data: str) -> None:
        if self._control and self._control.piece.tag == "textarea":
            self._control.written += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "details" and self._folds:
            self._folds.pop()
        elif tag == "form":
            self._form = None
        elif self._control and tag == self._control.piece.tag:
            self._control.text = Piece(self._control.piece.end, self._at())
            self._control = None


class Refilled(NamedTuple):
    """`seen`: something that a person can see is other than the page had it."""

    page: str
    seen: bool


def refill(page: str, *, action: str, fields: Sequence[tuple[str, str]], mark: tuple[str, str]) -> Refilled | None:
    """Return the page with the fields in the form that is sent to `action`, opened if folded; None when it has none.

    The form gets `mark` as a hidden field besides, so that whoever takes it knows.
    """
    forms = [form for form in _Reader(page).forms if form.leads_to(action)]
    if not forms:
        return None
    form = max(forms, key=lambda one: one.likeness(fields))
    hidden = f'<input type="hidden" name="{escape(mark[0])}" value="{escape(mark[1])}">'
    edits = [(form.piece.end, form.piece.end, hidden)]
    folds: set[Piece] = set()
    seen = False
    for control, new in _changes(form.controls, fields):
        edits += new
        if control.type != "hidden":
            seen = True
            folds.update(fold for fold in control.folded if not fold.has("open"))
    edits += [(fold.start, fold.end, _tag(fold, open=None)) for fold in folds]
    for start, end, text in sorted(edits, reverse=True):
        page = page[:start] + text + page[end:]
    return Refilled(page, seen)


def _tag(piece: Piece, **changes: str | None) -> str:
    """Write a start tag with some attributes changed: None is an attribute without value, "" away with it."""
    attributes = {**dict(piece.attributes), **changes}
    gone = {name for name, value in changes.items() if value == ""}
    kept = {name: value for name, value in attributes.items() if name not in gone}
    words = [name if value is None else f'{name}="{escape(value)}"' for name, value in kept.items()]
    return f"<{' '.join([piece.tag, *words])}>"


def _changes(
    controls: Sequence[Control], fields: Sequence[tuple[str, str]]
) -> Iterator[tuple[Control, list[tuple[int, int, str]]]]:
    """Yield each control that is other than it was sent, with (start, end, text) to put in the page."""
    sent: dict[str, list[str]] = {}
    for name, value in fields:
        sent.setdefault(name, []).append(value)
    for control in controls:
        kind, name, piece = control.type, control.name, control.piece
        if not name or kind in _LEFT_ALONE or piece.tag == "button" or piece.has("disabled"):
            continue
        if kind in {"checkbox", "radio"}:
            checked = (piece.get("value") or "on") in sent.get(name, ())
            if checked != piece.has("checked"):
                yield control, [(piece.start, piece.end, _tag(piece, checked=None if checked else ""))]
        elif sent.get(name):
            # Several of one name, as the seven days of a week, take their values in order.
            value = sent[name].pop(0)
            if edits := _with_value(control, value):
                yield control, edits


def _with_value(control: Control, value: str) -> list[tuple[int, int, str]]:
    piece = control.piece
    if piece.tag == "select":
        wanted = [(one, text == value) for one, text in control.options]
        if not any(chosen for _one, chosen in wanted):
            return []  # no longer offered
        return [
            (one.start, one.end, _tag(one, selected=None if chosen else ""))
            for one, chosen in wanted
            if chosen != one.has("selected")
        ]
    if piece.tag == "textarea":
        as_shown = control.written.removeprefix("\n").replace("\r\n", "\n")
        if control.text is None or as_shown == value.replace("\r\n", "\n"):
            return []
        return [(control.text.start, control.text.end, "\n" + escape(value))]
    return [] if piece.get("value") == value else [(piece.start, piece.end, _tag(piece, value=value or ""))]
