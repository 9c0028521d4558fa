"""The bell on every page, and the list behind it."""

import re

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from staffhub import i18n, notify
from staffhub.models import Account, Notice, NoticeKind, Officer
from tests.conftest import MORNING, TODAY, World, count_queries
from tests.page_forms import form_of


def tell(world: World, username: str, *, key: str = "k", address: str = "/me/month", who: str = "Tia") -> int:
    """Let something wait for somebody; return its id."""
    reader = world.viewer(username)
    facts = {"kind": NoticeKind.LEAVE_ASKED, "params": {"who": who, "first": TODAY, "last": TODAY, "half": None}}
    with world.database.transaction() as db:
        notify.tell(
            db, office_id=reader.office_id, accounts=[reader.account_id], address=address, key=key, now=MORNING, **facts
        )
        return db.scalars(sa.select(sa.func.max(Notice.id))).one()


def bell(page: str) -> str:
    """What the bell counts, as a text; nothing when it is quiet."""
    found = re.search(r'<a href="/notices" class="bell" id="bell".*?</a>', page, re.DOTALL)
    assert found, "no bell on this page"
    count = re.search(r'class="count">(\d+\+?)<', found[0])
    return count[1] if count else ""


def test_the_bell_counts_what_is_unread_on_every_page_and_nobody_elses(world: World) -> None:
    ben = world.client("ben")
    assert bell(ben.get("/").text) == ""
    tell(world, "ben", key="a")
    tell(world, "ben", key="b")
    tell(world, "tia", key="a")
    assert [bell(ben.get(path).text) for path in ("/", "/board", "/me/month", "/account", "/notices")] == ["2"] * 5
    assert bell(world.client("tia").get("/").text) == "1"
    assert 'class="bell"' not in world.client().get("/login").text


def test_whoever_has_very_many_is_not_counted_out(world: World) -> None:
    for number in range(100):
        tell(world, "ben", key=str(number))
    assert bell(world.client("ben").get("/").text) == "99+"


def test_the_bell_costs_no_statement(world: World) -> None:
    ben = world.client("ben")
    ben.get("/notices")
    with count_queries(world.database) as quiet:
        ben.get("/account/password")
    tell(world, "ben")
    with count_queries(world.database) as loud:
        assert bell(ben.get("/account/password").text) == "1"
    assert len(quiet) == len(loud) == 1


def test_the_list_is_newest_first_in_the_readers_language(world: World) -> None:
    for number, name in enumerate(("Tia", "Cy")):
        tell(world, "ben", key=str(number), who=name)
    ben = world.client("ben")
    page = ben.get("/notices").text
    assert page.index("Cy mengajukan cuti: 23 November 2026.") < page.index("Tia mengajukan cuti")
    assert "2 belum dibaca" in page
    with world.database.transaction() as db:
        db.execute(sa.update(Account).where(Account.username == "ben").values(locale="en"))
    assert "Cy asks for leave: 23 November 2026." in ben.get("/notices").text


def test_an_empty_list_says_what_stands_there_one_day(world: World) -> None:
    page = world.client("ben").get("/notices").text
    assert "Tidak ada yang menunggu Anda." in page
    assert 'action="/notices/read"' not in page


def test_going_to_what_it_is_about_reads_it_and_only_looking_does_not(world: World) -> None:
    notice = tell(world, "ben", address="/me/month?month=2026-11")
    ben = world.client("ben")
    assert ben.head(f"/notices/{notice}").status_code == 303  # a link preview
    assert bell(ben.get("/notices").text) == "1"
    answer = ben.get(f"/notices/{notice}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/me/month?month=2026-11")
    assert bell(ben.get("/").text) == ""
    assert ben.get(f"/notices/{notice}").headers["location"] == "/me/month?month=2026-11"


def test_a_link_from_an_e_mail_leads_there_after_signing_in(world: World) -> None:
    notice = tell(world, "ben")
    answer = world.client().get(f"/notices/{notice}")
    assert answer.headers["location"] == f"/login?next=%2Fnotices%2F{notice}"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_somebody_elses_notice_does_not_exist_and_stays_unread(world: World, method: str) -> None:
    notice = tell(world, "ben")
    tia, read = world.client("tia"), "/read" if method == "POST" else ""
    assert tia.request(method, f"/notices/{notice}{read}").status_code == 404
    assert bell(world.client("ben").get("/").text) == "1"


def test_one_is_marked_as_read_without_going_there_and_twice_is_once(world: World) -> None:
    notice = tell(world, "ben", key="a")
    tell(world, "ben", key="b")
    ben = world.client("ben")
    for _tap in range(2):
        answer = ben.post(f"/notices/{notice}/read", data={"newest": "9", "page": "1"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/notices")
    assert bell(ben.get("/").text) == "1"


def test_all_are_marked_as_read_but_what_came_in_meanwhile(world: World) -> None:
    seen = [tell(world, "ben", key=key) for key in "ab"]
    tell(world, "ben", key="c")
    ben = world.client("ben")
    assert ben.post("/notices/read", data={"newest": str(seen[-1])}).status_code == 303
    page = ben.get("/notices").text
    assert bell(page) == "1"
    assert "2 pemberitahuan ditandai dibaca." in page


def test_a_mark_without_the_list_it_was_made_on_is_refused(world: World) -> None:
    tell(world, "ben")
    ben = world.client("ben")
    for newest in ("", "x", "-1", str(2**64)):
        assert ben.post("/notices/read", data={"newest": newest}).status_code == 422
    assert bell(ben.get("/").text) == "1"


def test_with_htmx_the_list_and_the_bell_come_back_in_one_answer(world: World) -> None:
    notice = tell(world, "ben", key="a")
    tell(world, "ben", key="b")
    answer = world.client("ben", **{"HX-Request": "true"}).post(f"/notices/{notice}/read", data={"newest": "9"})
    assert "<html" not in answer.text
    assert 'id="notices"' in answer.text
    assert bell(answer.text) == "1"
    assert 'hx-swap-oob="true"' in answer.text


def test_the_board_that_stays_open_counts_on(world: World) -> None:
    """The board is asked for every half minute; unchanged, it has no body and would keep an old count."""
    ben = world.client("ben", **{"HX-Request": "true"})
    first = ben.get("/board")
    assert ben.get("/board", headers={"If-None-Match": first.headers["etag"]}).status_code == 304
    tell(world, "ben")
    again = ben.get("/board", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, bell(again.text)) == (200, "1")


def test_a_long_list_is_leafed_through(world: World) -> None:
    for number in range(notify.A_PAGE + 5):
        tell(world, "ben", key=str(number), who=f"Pegawai {number:02}")
    ben = world.client("ben")
    first, second, far = (ben.get("/notices", params={"page": page}).text for page in (1, 2, 9))
    assert ("Pegawai 34" in first, "Pegawai 05" in first, "Pegawai 04" in first) == (True, True, False)
    assert ("Pegawai 04" in second, "Pegawai 00" in second, "1 – 30 dari 35" in first) == (True, True, True)
    assert "31 – 35 dari 35" in second
    assert "Pegawai" not in far.split('id="notices"')[1].split("</section>")[0]
    answer = ben.post("/notices/read", data={"newest": "1", "page": "2"})
    assert answer.headers["location"] == "/notices?page=2"
    assert ben.get("/notices", params={"page": 0}).status_code == 422


def test_the_menu_names_the_list_in_both_languages(world: World) -> None:
    for locale, name in (("id", "Pemberitahuan"), ("en", "Notices")):
        with i18n.in_locale(locale):
            assert i18n.gettext("Notices") == name


def _with_mail(world: World, username: str) -> None:
    with world.database.transaction() as db:
        who = sa.select(Account.officer_id).where(Account.username == username).scalar_subquery()
        db.execute(sa.update(Officer).where(Officer.id == who).values(email=f"{username}@contoh.go.id"))


def test_without_a_mail_server_the_account_says_so_and_offers_no_switches(world: World) -> None:
    _with_mail(world, "ben")
    page = world.client("ben").get("/account").text
    assert "Kantor ini tidak mengirim surel." in page
    assert 'action="/account/mail"' not in page


def test_each_chooses_what_comes_by_mail_and_the_page_shows_it(world: World) -> None:
    smtp = {"smtp_url": SecretStr("smtp://127.0.0.1:25")}
    world.app.state.settings = world.settings.model_copy(update=smtp)
    ben = world.client("ben")
    assert "Alamat surel Anda belum ada" in ben.get("/account").text
    _with_mail(world, "ben")
    form = form_of(ben.get("/account").text, "/account/mail")
    assert form["mail"] == [kind.value for kind in NoticeKind]
    form["mail"].remove("order_given")
    assert ben.post("/account/mail", data=form).headers["location"] == "/account#mail"
    page = ben.get("/account").text
    assert form_of(page, "/account/mail") == form
    assert f"{len(NoticeKind) - 1} dari {len(NoticeKind)} jenis" in page
    ben.post("/account/mail", data={})
    with world.database.reading() as db:
        off = db.scalars(sa.select(Account.no_mail_of).where(Account.username == "ben")).one()
        assert set(off or ()) == {kind.value for kind in NoticeKind}
    assert ben.post("/account/mail", data={"mail": "all_of_it"}).status_code == 422


def test_the_words_about_e_mail_fit_whether_the_office_sends_any(world: World) -> None:
    tell(world, "ben")
    page = world.client("ben").get("/notices").text
    assert "Kantor ini tidak mengirim surel" in page
    assert 'href="/account#mail"' not in page
    assert "Disimpan 180 hari" in page
    smtp = {"smtp_url": SecretStr("smtp://127.0.0.1:25")}
    world.app.state.settings = world.settings.model_copy(update=smtp)
    page = world.client("ben").get("/notices").text
    assert "tidak mengirim surel" not in page
    assert 'href="/account#mail"' in page
