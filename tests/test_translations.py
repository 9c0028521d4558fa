"""Both languages are complete."""

from staffhub import i18n
from tests import messages


def test_every_text_has_one_indonesian_translation_with_the_same_placeholders() -> None:
    assert messages.problems() == []


def test_texts_are_found_in_code_and_in_templates() -> None:
    """The test above would be glad about nothing, too."""
    places = {place.split(":")[0] for place in messages.texts().values()}
    assert {"cli.py", "templates/login.html"} <= places


def test_the_reader_gets_the_own_language_and_numbers_are_filled_in() -> None:
    with i18n.in_locale("id"):
        assert i18n.gettext("Sign out") == "Keluar"
        assert i18n.gettext("Head: %(hash)s", hash="ab") == "Ujung rantai: ab"
        assert i18n.ngettext("%(num)s minute", "%(num)s minutes", 2) == "2 menit"
    with i18n.in_locale("en"):
        assert i18n.gettext("Sign out") == "Sign out"
        assert i18n.ngettext("%(num)s minute", "%(num)s minutes", 2) == "2 minutes"


def test_an_unknown_language_is_read_in_indonesian() -> None:
    with i18n.in_locale("id"):
        i18n.set_locale("xx")
        assert i18n.current_locale() == "id"
