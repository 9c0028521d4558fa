"""The calendar as Thunderbird's own parser reads it, which knows nothing of the library that wrote it."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.sync_api import Page

from staffhub import feeds
from staffhub.db import Database
from staffhub.feeds import ical
from staffhub.models import Occurrence, OccurrenceState
from tests.browser import chromium, npm_file
from tests.conftest import MORNING, TODAY, plan_range, viewer_of
from tests.test_feeds import BASE, give, standup

pytestmark = [
    pytest.mark.browser,
    pytest.mark.xdist_group("browser"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]

# What a client makes of each event: its name, its hours in UTC or its dates, and how it stands.
READ = """text => {
  const calendar = new ICAL.Component(ICAL.parse(text));
  calendar.getAllSubcomponents("vtimezone").forEach(zone => ICAL.TimezoneService.register(new ICAL.Timezone(zone)));
  return {
    name: calendar.getFirstPropertyValue("x-wr-calname"),
    refresh: calendar.getFirstPropertyValue("refresh-interval").toString(),
    events: calendar.getAllSubcomponents("vevent").map(one => {
      const event = new ICAL.Event(one);
      const at = time => time.isDate ? time.toString() : time.toJSDate().toISOString();
      return {uid: event.uid, title: event.summary, starts: at(event.startDate), ends: at(event.endDate),
              sequence: event.sequence, status: one.getFirstPropertyValue("status"),
              url: one.getFirstPropertyValue("url")};
    }),
  };
}"""


@pytest.fixture(scope="module")
def page() -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page()
        page.evaluate(npm_file("ical.js", "dist/ical.es5.min.cjs").decode())
        yield page


def test_thunderbirds_parser_reads_the_same_hours_dates_and_changes(database: Database, page: Page) -> None:
    hana = viewer_of(database, "hana")
    ben = viewer_of(database, "ben")
    meeting_id = standup(database, viewer_of(database, "dewi"), topic="Apel; pagi, \\ dan siang\nsemua – ya")
    day = TODAY + timedelta(days=2)
    with database.transaction() as db:
        dropped = sa.update(Occurrence).where(Occurrence.meeting_id == meeting_id, Occurrence.date == day)
        db.execute(dropped.values(state=OccurrenceState.CANCELLED))
        plan_range(db, hana, ben.officer_id, TODAY + timedelta(days=7), TODAY + timedelta(days=8))
    token = give(database, "ben")
    with database.reading() as db:
        found = feeds.feed_of(db, feeds.held(db, token, now=MORNING), now=MORNING)
    content, _tag = ical.written(found, base_url=BASE, now=MORNING)
    assert max(len(line) for line in content.split(b"\r\n")) <= 75
    read: dict[str, Any] = page.evaluate(READ, content.decode())
    assert (read["name"], read["refresh"]) == ("StaffHub: Ben Tumiwa", "PT1H")
    standups = [one for one in read["events"] if one["url"] == f"{BASE}/meetings/{meeting_id}"]
    assert [one["starts"] for one in standups][:2] == ["2026-11-23T00:30:00.000Z", "2026-11-25T00:30:00.000Z"]
    assert [one["ends"] for one in standups][:2] == ["2026-11-23T00:45:00.000Z", "2026-11-25T00:45:00.000Z"]
    assert [one["status"] for one in standups] == ["CONFIRMED", "CANCELLED", "CONFIRMED", "CONFIRMED"]
    assert standups[1]["sequence"] == standups[0]["sequence"] + 1
    assert {one["title"] for one in standups} == {"Apel; pagi, \\ dan siang\nsemua – ya"}
    (leave,) = (one for one in read["events"] if one["title"] == "Cuti")
    assert (leave["starts"], leave["ends"]) == ("2026-11-30", "2026-12-02")
    assert len({one["uid"] for one in read["events"]}) == len(read["events"])
