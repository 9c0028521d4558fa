"""A head has the month of the own bidang worked out, in a browser."""

import re
from typing import Any

import sqlalchemy as sa

from staffhub.models import RosterExcuse
from staffhub.roster import runs
from tests.conftest import MORNING, World, plan_range
from tests.page_forms import form_of
from tests.test_roster_problem import TUESDAY, WEDNESDAY, desk, who
from tests.test_roster_runs import _only_in


def _asked(world: World, client: Any, division: int) -> str:
    page = f"/roster/runs?month=2026-12&division={division}"
    opened = client.get(page)
    assert opened.status_code == 200, opened.text
    typed = form_of(opened.text, "/roster/runs") | {"division": [str(division)]}
    sent, again = client.post("/roster/runs", data=typed), client.post("/roster/runs", data=typed)
    assert (sent.status_code, sent.headers["location"]) == (303, again.headers["location"]), "two taps are one run"
    return str(sent.headers["location"])


def test_a_head_presses_sees_it_being_worked_out_and_finds_the_plan_in_the_draft(world: World) -> None:
    ana, division = world.client("ana"), desk(world.database)
    run = _asked(world, ana, division)
    waiting = ana.get(run).text
    assert 'hx-trigger="every 1s"' in waiting
    assert "Lihat lagi" in waiting, "a link does the same without scripts"
    runs.run_due(world.database, now=MORNING)
    done = ana.get(run).text
    assert "terbukti terbaik" in done
    assert "hx-trigger" not in done
    assert f'href="/roster/drafts/{division}/2026-12"' in done
    assert "terbukti terbaik" in ana.get("/roster/runs?month=2026-12").text
    assert world.client("hana").get(run).status_code == 200
    assert world.client("ben").get(run).status_code in {403, 404}
    assert world.client("oka").get(run).status_code == 404


def test_a_head_is_told_why_there_is_no_plan_and_takes_the_way_out_in_one_press(world: World) -> None:
    ana, hana, tia = world.client("ana"), world.viewer("hana"), who(world.database, "tia")
    with world.database.transaction() as db:
        plan_range(db, hana, tia, TUESDAY, WEDNESDAY)
    run = _asked(world, ana, desk(world.database))
    runs.run_due(world.database, now=MORNING)
    told = ana.get(run).text
    assert "kurang 1 THL" in told
    assert "Tia Lumintang sedang cuti" in told
    assert re.search(rf'href="/roster/{tia}"[^>]*>Bicarakan lagi cuti Tia Lumintang selama 2 hari', told)
    typed = form_of(told, f"{run}/take")
    nothing = ana.post(f"{run}/take", data=typed)
    assert (nothing.status_code, "Pilih paling sedikit satu jalan keluar" in nothing.text) == (422, True)
    unreasoned = ana.post(f"{run}/take", data=typed | {"way_0": ["excuse"]})
    assert (unreasoned.status_code, "Tulis alasan" in unreasoned.text) == (422, True)
    assert re.search(r'value="excuse"\s+checked', unreasoned.text), "what was chosen stays chosen"
    taken = ana.post(f"{run}/take", data=typed | {"way_0": ["excuse"], "reason": ["Rapat kerja daerah"]})
    assert taken.status_code == 303, taken.text
    runs.run_due(world.database, now=MORNING)
    assert "terbukti terbaik" in ana.get(taken.headers["location"]).text
    with world.database.reading() as db:
        assert {row.reason for row in db.scalars(sa.select(RosterExcuse))} == {"Rapat kerja daerah"}


def test_a_head_reads_whom_to_ask_for_a_loan_and_is_offered_none_that_others_decide(world: World) -> None:
    ana, hana, cy = world.client("ana"), world.viewer("hana"), who(world.database, "cy")
    with world.database.transaction() as db:
        _only_in(db, desk(world.database), {"groups": [{"name": "ASN", "types": ["pns", "pppk"], "minimum": 1}]})
        for officer in ("ana", "ben"):
            plan_range(db, hana, who(world.database, officer), TUESDAY)
    run = _asked(world, ana, desk(world.database))
    runs.run_due(world.database, now=MORNING)
    told = ana.get(run).text
    assert re.search(r"<p>\s*Minta kepala [^<]+ meminjamkan Cy [^<]+ selama 1 hari\s*</p>", told)
    assert f'value="borrow-{cy}"' not in told, "she may not write the roster of the other bidang"
    assert f'value="borrow-{cy}"' in world.client("hana").get(run).text


def test_a_run_is_stopped_from_its_page(world: World) -> None:
    ana = world.client("ana")
    run = _asked(world, ana, desk(world.database))
    assert ana.post(f"{run}/stop").status_code == 303
    assert "Penyusunan dihentikan" in ana.get(run).text, "nobody has begun with it"
    assert runs.run_due(world.database, now=MORNING) == 0
