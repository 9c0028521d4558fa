"""Names that the program gives by itself, in the language of whoever reads them."""

import pytest

from staffhub import i18n
from staffhub.reports import outage_words
from staffhub.roster import coverage


@pytest.mark.parametrize(
    ("group", "id_", "en"),
    [
        (coverage.APPOINTMENTS, "Janji temu", "Appointments"),
        (coverage.LEVELS, "Pimpinan", "Leadership"),
        ("Tenaga Harian", "Tenaga Harian", "Tenaga Harian"),
    ],
)
def test_our_own_groups_are_translated_and_those_of_a_rule_keep_their_names(group: str, id_: str, en: str) -> None:
    for locale, name in (("id", id_), ("en", en)):
        with i18n.in_locale(locale):
            assert coverage.label(group) == name


def test_a_sign_of_an_outage_says_its_units_and_a_gap_has_no_times() -> None:
    found = {"minutes": 6, "times": 33}
    with i18n.in_locale("id"):
        assert outage_words.told("away", found) == "6 menit, 33 kali"
        assert outage_words.told("gap", found) == "6 menit"
    with i18n.in_locale("en"):
        assert outage_words.told("busy", {"minutes": 1, "times": 1}) == "1 minute, 1 time"
