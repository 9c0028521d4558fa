"""Two languages: the source text is English, `locale/id/*.po` holds the Indonesian.

The language of the running request stands in a context variable, so that a verb can raise an error in the reader's
words.
"""

import gettext as stdlib_gettext
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime, time
from functools import cache
from importlib.resources import files
from io import BytesIO

from babel.dates import format_date
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = ("id", "en")
COOKIE = "staffhub_locale"
_locale: ContextVar[str] = ContextVar("locale", default="id")


@cache
def _translations(locale: str) -> stdlib_gettext.NullTranslations:
    """Compile the catalogues of one language in memory: the package carries no built file that could be stale."""
    merged = Catalog(locale="id")
    # Babel believes in two plural forms; Indonesian has one.
    merged.mime_headers = [
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Plural-Forms", "nplurals=1; plural=0;"),
    ]
    folder = files("staffhub") / "locale" / locale
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".po")) if folder.is_dir() else []
    if not names:
        return stdlib_gettext.NullTranslations()
    for name in names:
        with (folder / name).open("rb") as source:
            for message in read_po(source, locale=locale):
                if message.id and not message.fuzzy:
                    merged[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, merged)
    compiled.seek(0)
    return stdlib_gettext.GNUTranslations(compiled)


def current_locale() -> str:
    return _locale.get()


def set_locale(locale: str) -> None:
    _locale.set(locale if locale in LOCALES else "id")


def accepted(languages: str) -> str | None:
    """Return the first of our languages that a program names (Accept-Language); what it weighs them with is ignored."""
    named = (one.split(";")[0].split("-")[0].strip().lower() for one in languages.split(","))
    return next((one for one in named if one in LOCALES), None)


@contextmanager
def in_locale(locale: str) -> Iterator[None]:
    token = _locale.set(locale)
    try:
        yield
    finally:
        _locale.reset(token)


def gettext(message: str, **values: object) -> str:
    text = _translations(_locale.get()).gettext(message)
    return text % values if values else text


def ngettext_raw(singular: str, plural: str, n: int) -> str:
    """Without filling in: Jinja's newstyle gettext does that itself."""
    return _translations(_locale.get()).ngettext(singular, plural, n)


def ngettext(singular: str, plural: str, n: int, **values: object) -> str:
    return ngettext_raw(singular, plural, n) % {"num": n, **values}


def clock(value: datetime | time) -> str:
    """07.30 in Indonesian, 07:30 in English. A datetime must already be local."""
    return value.strftime("%H.%M" if _locale.get() == "id" else "%H:%M")


def day(value: date) -> str:
    """23 November 2026."""
    return format_date(value, "d MMMM y", locale=_locale.get())
