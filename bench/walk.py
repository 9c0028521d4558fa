"""Every page that a role reaches by links, opened once in Chromium: what axe finds, what scrolls sideways, what fails.

    python -m bench.walk                       # each role, on a phone in Indonesian, on a desk in English and dark
    python -m bench.walk --roles kadis         # a part of it

Pages that differ in a number, a date or a value alone are one. It takes minutes, so no test does it.
"""

import argparse
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Error, Page, Response

from tests.browser import Site, story_site, violations

ROLES = ("pegawai01", "kabid.dafduk", "kadis", "kepegawaian", "admin")
LOOKS = ((360, "id", "light"), (1280, "en", "dark"))
_SAME = ((r"\d{4}-\d\d(-\d\d)?", "DATE"), (r"/\d+(?=/|$|\?)", "/N"), (r"/[\w-]{20,}", "/KEY"), (r"=[^&]*", "="))
_NO_PAGE = re.compile(r"/join/|\.(pdf|xlsx|csv|ics|txt)\b")


def _kind(path: str) -> str:
    for what, named in _SAME:
        path = re.sub(what, named, path)
    return path


def _links(page: Page) -> Iterator[str]:
    for address in page.eval_on_selector_all("a[href]", "all => all.map(a => a.getAttribute('href'))"):
        path = address.partition("#")[0]
        if path.startswith("/") and not _NO_PAGE.search(path):
            yield path


def _open(page: Page, path: str) -> Response | None:
    """Return the answer that is a page; a file to be kept is none."""
    try:
        answer = page.goto(path)
    except Error as error:
        if "Download is starting" in str(error):
            return None
        raise
    return answer if answer and "html" in answer.headers["content-type"] else None


def _faults(page: Page, answer: Response, width: int, said: list[str]) -> list[str]:
    found = [f"status {answer.status}"] if answer.status >= 400 else []
    found += [f"axe: {one}" for one in violations(page)]
    wide = page.evaluate("document.documentElement.scrollWidth")
    found += [f"{wide} pixels wide"] if wide > width else []
    return found + [f"console: {one}" for one in said]


def walk(site: Site, username: str, width: int, lang: str, scheme: str) -> tuple[int, int]:
    """Print each page with a fault; return how many pages were opened, and how many have one."""
    page = site.context(username, width=width, lang=lang, color_scheme=scheme)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    seen, ahead, opened, bad = {_kind("/")}, ["/"], 0, 0
    while ahead:
        path = ahead.pop(0)
        said.clear()
        answer = _open(page, path)
        if answer is None:
            continue
        opened += 1
        if faults := _faults(page, answer, width, said):
            bad += 1
            print(username, width, lang, path, *faults, sep="\n    ", flush=True)
        for link in _links(page):
            if _kind(link) not in seen:
                seen.add(_kind(link))
                ahead.append(link)
    page.context.close()
    return opened, bad


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--roles", nargs="*", default=ROLES)
    given = parser.parse_args()
    all_bad = 0
    with tempfile.TemporaryDirectory() as folder, story_site(Path(folder)) as site:
        for username in given.roles:
            for width, lang, scheme in LOOKS:
                opened, bad = walk(site, username, width, lang, scheme)
                print(f"{username}, {width} px, {lang}, {scheme}: {opened} pages, {bad} with faults", flush=True)
                all_bad += bad
    if all_bad:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
