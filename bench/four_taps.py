"""From Hari ini to a meeting and to a standup on a phone: the taps, and how long somebody waits for us.

Asked for: at most 4 taps and 20 seconds. Nobody of flesh and blood taps at once, so each tap is given LOOK seconds of
looking and aiming on top of what the browser and the server take. The walks are those of
tests/test_browser.py: test_from_today_a_meeting_or_a_standup_is_scheduled_with_four_taps_at_most_on_a_phone.

    python -m bench.four_taps [rounds]
"""

import re
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.browser import Site, demo_site

# Seconds to find and hit the next control: more than the 1.1 to 1.7 s of the keystroke-level model for mental
# preparation and pointing (Card, Moran, Newell 1983), since a head of office sees the page for the first time.
LOOK = 3.0
Tap = tuple[str, str]
WALKS: dict[str, tuple[str, Sequence[Tap]]] = {
    "meeting, own division": ("kabid.dafduk", [("link", "Rapat baru"), ("button", "Simpan rapat")]),
    "meeting, whole office": (
        "kadis",
        [("link", "Rapat baru"), ("text", "Semua pegawai"), ("button", "Simpan rapat")],
    ),
    "standup, own division": (
        "kabid.dafduk",
        [("link", "Rapat baru"), ("link", "Standup baru"), ("button", "Simpan standup")],
    ),
}


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    with TemporaryDirectory() as folder, demo_site(Path(folder)) as site:
        for name, (username, taps) in WALKS.items():
            for scripted in (True, False):
                waits = [walk(site, username, taps, scripted=scripted) for _ in range(rounds)]
                with_looking = max(waits) + LOOK * len(taps)
                scripts = "with scripts" if scripted else "without scripts"
                print(
                    f"{name:22} {scripts:15} {len(taps)} taps, waits {statistics.median(waits):.2f} s in the median,"
                    f" {max(waits):.2f} s at most: {with_looking:.1f} s with {LOOK:.0f} s before each tap"
                )


def walk(site: Site, username: str, taps: Sequence[Tap], *, scripted: bool) -> float:
    """Return the seconds from the first tap on Hari ini until the page of what was made stands."""
    page = site.context(username, width=360, java_script_enabled=scripted)
    page.goto("/")
    started = time.perf_counter()
    for how, name in taps:
        found = page.get_by_text(name) if how == "text" else page.get_by_role(how, name=name)  # type: ignore[arg-type]
        found.click()
        if how == "link":
            page.wait_for_url(re.compile(r"/new$"))
    page.wait_for_url(re.compile(r"/meetings/\d+$"))
    took = time.perf_counter() - started
    page.context.close()
    return took


if __name__ == "__main__":
    main()
