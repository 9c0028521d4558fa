"""Every text a person may read, and its translation: `python -m tests.messages` lists what does not fit."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from babel.messages.catalog import Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po

PACKAGE = Path(__file__).parent.parent / "staffhub"
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
# One entry of a file, which may stand on several lines.
_ID = re.compile(r'^msgid ((?:".*"\n)+)', re.MULTILINE)
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]")


@dataclass(frozen=True)
class Entry:
    file: str
    singular: str
    translations: tuple[str, ...]


def texts() -> dict[str, str]:
    """Return {text: where it stands}; a plural counts with both of its forms, under the first."""
    found: dict[str, str] = {}
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.html")]):
        method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
        options = {"extensions": "jinja2.ext.do", "silent": "false"} if path.suffix == ".html" else {}
        with path.open("rb") as source:
            for line, message, _comments, _context in extract(method, source, keywords=KEYWORDS, options=options):
                text = message if isinstance(message, str) else message[0]
                if text:
                    found.setdefault(text, f"{path.relative_to(PACKAGE)}:{line}")
    return found


def entries() -> Iterator[Entry]:
    for path in sorted((PACKAGE / "locale" / "id").glob("*.po")):
        with path.open("rb") as source:
            for message in read_po(source, locale="id"):
                if message.id:
                    yield Entry(path.name, _singular(message), _strings(message))


def _singular(message: Message) -> str:
    return message.id if isinstance(message.id, str) else message.id[0]


def _strings(message: Message) -> tuple[str, ...]:
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def _repeated() -> Iterator[str]:
    """Reading a file merges what stands in it twice."""
    for path in sorted((PACKAGE / "locale" / "id").glob("*.po")):
        ids = Counter(_ID.findall(path.read_text(encoding="utf-8")))
        yield from (f"{path.name}: more than once: {id_.strip()}" for id_, times in ids.items() if times > 1)


def _names(text: str) -> set[str]:
    return set(PLACEHOLDER.findall(text))


def problems() -> list[str]:
    """Return a line for each text untranslated, each placeholder lost, each translation twice or for nothing."""
    used, known = texts(), list(entries())
    translated: dict[str, Entry] = {}
    found = [*_repeated()]
    for entry in known:
        earlier = translated.setdefault(entry.singular, entry)
        if earlier.translations != entry.translations:
            found.append(f"{entry.file} and {earlier.file} translate differently: {entry.singular!r}")
        if entry.singular not in used:
            found.append(f"{entry.file}: nothing says {entry.singular!r}")
        if not all(entry.translations):
            found.append(f"{entry.file}: empty: {entry.singular!r}")
        # "num" may be left out where the words say it; nothing may be added.
        lost = [text for text in entry.translations if _names(text) - {"num"} != _names(entry.singular) - {"num"}]
        if lost:
            found.append(f"{entry.file}: other placeholders: {entry.singular!r}")
    return found + [f"{place}: no translation of {text!r}" for text, place in used.items() if text not in translated]


if __name__ == "__main__":
    print(*problems(), sep="\n")  # noqa: T201
