"""How days are written."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from staffhub.dated import dated_short, long_day


def test_one_moment_is_written_as_the_day_of_each_zone() -> None:
    moment = datetime(2026, 11, 22, 23, 12, tzinfo=UTC)
    for zone, said in (("UTC", "Minggu, 22 November 2026"), ("Asia/Makassar", "Senin, 23 November 2026")):
        assert long_day(moment.astimezone(ZoneInfo(zone))) == said
    assert dated_short(moment.date()) == "Min, 22 Nov 2026"
