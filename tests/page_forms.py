"""The forms of a page as a browser would send them."""

from html.parser import HTMLParser

Values = dict[str, list[str]]


class _Forms(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, Values]] = []
        self._select = ""
        self._textarea = ""
        self._typed: list[str] = []
        self.feed(html)

    def _put(self, name: str, value: str) -> None:
        if self.forms and name:
            self.forms[-1][1].setdefault(name, []).append(value)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        about = dict(attrs)
        name, value = about.get("name") or "", about.get("value")
        if tag == "form":
            self.forms.append((about.get("action") or "", {}))
        elif tag == "input":
            ticked = "checked" in about or about.get("type") not in {"checkbox", "radio"}
            if ticked and about.get("type") not in {"submit", "file"}:
                self._put(name, value or ("on" if about.get("type") == "checkbox" else ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and "selected" in about:
            self._put(self._select, value or "")
        elif tag == "textarea":
            self._textarea, self._typed = name, []

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self._typed.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._put(self._textarea, "".join(self._typed).removeprefix("\n"))
            self._textarea = ""


def form_of(html: str, action: str) -> Values:
    """Return what the form with this action sends if nothing is typed; a select without a choice sends nothing."""
    found = [values for address, values in _Forms(html).forms if address == action]
    assert found, f"no form leads to {action}"
    return found[0]
