"""The `staffhub` command as an operator types it."""

import codecs
import json
import os
import pty
import shlex
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Self

import pytest
import requests
import sqlalchemy as sa
import xlsxwriter

from bench import processes
from bench.postgres import free_port
from staffhub.db import Database
from staffhub.demo import show
from staffhub.models import Account, Office, Officer
from staffhub.settings import Settings
from tests.conftest import wait_until

HEADER = "nama,NIP,jenis pegawai,jabatan,bidang,atasan,email,telepon,username,peran\n"
GOOD = "Greis Tumiwa,199004172014032001,PNS,Pengelola data,Pendaftaran Penduduk,,,,greis.tumiwa,pegawai\n"
BAD = "Rivo Pantouw,THL-9,Honorer,Operator,PIAK,,,,rivo.pantouw,pegawai\n"

Cli = Callable[..., subprocess.CompletedProcess[str]]


def _environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("STAFFHUB_")}
    return kept | {"STAFFHUB_DATA_DIR": str(folder), "STAFFHUB_LOCALE": "en"} | more


def _command(*words: object) -> list[str]:
    return [sys.executable, "-m", "staffhub.cli", *map(str, words)]


def _run(folder: Path, *words: object, **more: str) -> subprocess.CompletedProcess[str]:
    env = _environment(folder, **more)
    return subprocess.run(_command(*words), env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    return partial(_run, tmp_path)


@pytest.fixture(scope="session")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real office as the README sets it up: migrated, with its first administrator."""
    folder = tmp_path_factory.mktemp("founded")
    assert _run(folder, "migrate").returncode == 0
    made = _run(folder, "create-admin", "--username", "adi", "--name", "Adi Walangitan", "--office", "Disdukcapil Uji")
    assert made.returncode == 0, made.stderr
    assert "One-time password of adi: " in made.stdout
    return folder / "staffhub.db"


@pytest.fixture
def office(founded: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(founded, tmp_path / "staffhub.db"))


def _rows(file: Path, statement: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(file)
    try:
        return connection.execute(statement).fetchall()
    finally:
        connection.close()


@pytest.mark.parametrize("words", [("serve",), ("audit-verify",), ("run-due",), ("seed", "--demo"), ("backup", "x.db")])
def test_nothing_works_on_a_database_not_at_head_and_the_one_command_is_named(cli: Cli, words: tuple[str, ...]) -> None:
    answer = cli(*words)
    assert answer.returncode == 1
    assert answer.stderr.strip() == "The database is not at the version of this program. Run: staffhub migrate"


def test_migrate_can_be_run_again(cli: Cli) -> None:
    assert [cli("migrate").returncode, cli("migrate").returncode] == [0, 0]


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("STAFFHUB_SECRET_KEY", "short", "STAFFHUB_SECRET_KEY: too weak"),
        ("STAFFHUB_TIMEZONE", "Asia/Mankasar", "STAFFHUB_TIMEZONE: unknown time zone 'Asia/Mankasar'"),
        ("STAFFHUB_ZOOM_CLIENT_ID", "abc", "go together"),
        ("STAFFHUB_DATABASE_URL", "nothing", "The database cannot be used:"),
        ("STAFFHUB_DATABASE_URL", "postgresql://x@127.0.0.1:1/x", "The database cannot be used:"),
    ],
)
def test_a_wrong_setting_is_one_line_and_no_traceback(cli: Cli, setting: str, value: str, said: str) -> None:
    answer = cli("migrate", **{setting: value})
    assert answer.returncode == 1
    assert said in answer.stderr
    assert len(answer.stderr.strip().splitlines()) == 1


def test_the_command_speaks_indonesian_unless_told_otherwise(cli: Cli) -> None:
    answer = cli("audit-verify", STAFFHUB_LOCALE="")
    assert "Jalankan: staffhub migrate" in answer.stderr
    assert "Menyalin basis data" in cli("--help", STAFFHUB_LOCALE="id").stdout
    assert "Copy a SQLite" in cli("--help").stdout


def test_the_first_administrator_founds_the_office_and_gets_a_one_time_password(cli: Cli, office: Path) -> None:
    again = cli("create-admin", "--username", "ria", "--name", "Ria Kaunang")
    assert again.returncode == 0
    assert "One-time password of ria: " in again.stdout
    assert _rows(office, "SELECT name FROM office") == [("Disdukcapil Uji",)]
    assert _rows(office, "SELECT username, role, must_change_password FROM account") == [
        ("adi", "admin", 1),
        ("ria", "admin", 1),
    ]


def test_an_administrator_is_not_made_for_another_office_or_twice(cli: Cli, office: Path) -> None:
    other = cli("create-admin", "--username", "ria", "--name", "Ria", "--office", "Kantor Lain")
    assert (other.returncode, other.stderr.strip()) == (1, "This database holds another office: Disdukcapil Uji")
    assert cli("create-admin", "--username", "adi", "--name", "Adi").returncode == 1
    assert _rows(office, "SELECT count(*) FROM account") == [(1,)]


def test_a_register_with_a_bad_row_imports_nothing_and_names_row_column_and_reason(
    cli: Cli, office: Path, tmp_path: Path
) -> None:
    register = tmp_path / "pegawai.csv"
    register.write_text(HEADER + GOOD + BAD, "utf-8")
    answer = cli("import-officers", register)
    assert answer.returncode == 1
    assert "Row 3, column C (jenis pegawai)" in answer.stderr
    assert '"Honorer"' in answer.stderr
    assert "Nothing was imported" in answer.stderr
    assert _rows(office, "SELECT count(*) FROM officer WHERE number LIKE '1990%'") == [(0,)]


def test_good_rows_are_imported_on_request_and_a_second_time_changes_nothing(
    cli: Cli, office: Path, tmp_path: Path
) -> None:
    register, secrets = tmp_path / "pegawai.csv", tmp_path / "sandi.csv"
    register.write_text(HEADER + GOOD + BAD, "utf-8")
    answer = cli("import-officers", register, "--skip-bad", "--passwords", secrets)
    assert answer.returncode == 0, answer.stderr
    assert "1 new, 0 changed, 0 unchanged, 1 left out." in answer.stdout
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert secrets.read_bytes().startswith(codecs.BOM_UTF8)  # so that an Indonesian Excel opens it in columns
    lines = secrets.read_text("utf-8-sig").splitlines()
    assert [line.split(";")[1] for line in lines] == ["username", "greis.tumiwa"]
    assert lines[1].split(";")[2] not in answer.stdout
    again = cli("import-officers", register, "--skip-bad")
    assert "0 new, 0 changed, 1 unchanged, 1 left out." in again.stdout


def test_changes_of_people_who_are_there_are_listed_and_stored_only_when_somebody_says_so(
    cli: Cli, office: Path, tmp_path: Path
) -> None:
    register = tmp_path / "pegawai.csv"
    register.write_text(HEADER + GOOD, "utf-8")
    assert cli("import-officers", register, "--from", "2026-01-05", "--yes").returncode == 0
    changed = GOOD.replace("Pengelola data", "Analis").replace(",,,,greis", ",,,081234567890,greis")
    register.write_text(HEADER + changed, "utf-8")
    words = ("import-officers", register, "--from", "2026-02-02")
    asked = cli(*words)
    assert asked.returncode == 1
    assert "jabatan: Pengelola data -> Analis" in asked.stdout
    assert "telepon: (empty) -> •••• 890" in asked.stdout
    assert "From February 2, 2026 on" in asked.stdout or "From 2 February 2026 on" in asked.stdout
    assert "--yes" in asked.stderr
    assert _rows(office, "SELECT position FROM posting") == [("Pengelola data",)]
    assert "Nothing was imported." in _in_a_terminal(tmp_path, *words, answer="n")
    assert "0 new, 1 changed, 0 unchanged, 0 left out." in _in_a_terminal(tmp_path, *words, answer="y")
    assert _rows(office, "SELECT position, valid_from FROM posting ORDER BY valid_from") == [
        ("Pengelola data", "2026-01-05"),
        ("Analis", "2026-02-02"),
    ]
    register.write_text(HEADER + GOOD, "utf-8")
    older = cli("import-officers", register)
    assert "jabatan: Analis -> Pengelola data  ! back to what stood before" in older.stdout
    assert cli("import-officers", register, "--from", "besok").stderr.startswith("Write the date")


def _in_a_terminal(folder: Path, *words: object, answer: str) -> str:
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    done = subprocess.run(
        _command(*words), env=_environment(folder), stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=120, check=False,
    )  # fmt: skip
    os.close(ours)
    os.close(theirs)
    return done.stdout


def test_one_time_passwords_are_shown_when_no_file_is_named(cli: Cli, office: Path, tmp_path: Path) -> None:
    register = tmp_path / "pegawai.csv"
    register.write_text(HEADER + GOOD, "utf-8")
    answer = cli("import-officers", register)
    assert "greis.tumiwa" in answer.stdout
    assert "shown only now" in answer.stdout


def test_passwords_never_overwrite_a_file_and_nothing_is_imported_then(cli: Cli, office: Path, tmp_path: Path) -> None:
    register, secrets = tmp_path / "pegawai.csv", tmp_path / "sandi.csv"
    register.write_text(HEADER + GOOD, "utf-8")
    secrets.write_text("kept", "utf-8")
    answer = cli("import-officers", register, "--passwords", secrets)
    assert answer.returncode == 1
    assert answer.stderr.strip() == f"{secrets} is there already. Choose another name."
    assert secrets.read_text("utf-8") == "kept"
    assert _rows(office, "SELECT count(*) FROM officer WHERE number LIKE '1990%'") == [(0,)]


def test_no_file_of_passwords_is_left_where_there_are_none(cli: Cli, office: Path, tmp_path: Path) -> None:
    register, secrets = tmp_path / "pegawai.csv", tmp_path / "sandi.csv"
    register.write_text(HEADER + GOOD + BAD, "utf-8")
    assert cli("import-officers", register, "--passwords", secrets).returncode == 1
    assert not secrets.exists()
    register.write_text(HEADER + GOOD, "utf-8")
    assert cli("import-officers", register, "--passwords", secrets).returncode == 0
    assert "greis.tumiwa" in secrets.read_text("utf-8")
    secrets.unlink()
    again = cli("import-officers", register, "--passwords", secrets)
    assert (again.returncode, secrets.exists()) == (0, False), "nobody is new"


def test_a_register_needs_an_office(cli: Cli, tmp_path: Path) -> None:
    register = tmp_path / "pegawai.csv"
    register.write_text(HEADER + GOOD, "utf-8")
    cli("migrate")
    assert "staffhub create-admin" in cli("import-officers", register).stderr


def test_seeding_is_asked_for_by_name(cli: Cli) -> None:
    cli("migrate")
    assert cli("seed").returncode == 1
    assert cli("seed", "--demo").stdout.strip() == "The demo office is ready."
    assert "already there" in cli("seed", "--demo").stdout


def test_demo_data_never_go_into_an_office_of_real_people(cli: Cli, office: Path) -> None:
    answer = cli("seed", "--demo")
    assert answer.returncode == 1
    assert "already holds an office" in answer.stderr
    assert _rows(office, "SELECT count(*) FROM account") == [(1,)]


def test_the_audit_trail_is_sealed_and_verified_and_a_changed_event_is_found(cli: Cli, office: Path) -> None:
    good = cli("audit-verify")
    assert good.returncode == 0
    assert "Head: " in good.stdout
    connection = sqlite3.connect(office)
    connection.execute("DROP TRIGGER audit_event_no_update")
    connection.execute("UPDATE audit_event SET facts = '{}' WHERE sequence = 2")
    connection.commit()
    connection.close()
    broken = cli("audit-verify")
    assert broken.returncode == 1
    assert "broken at event 2" in broken.stderr


def test_a_head_that_was_noted_is_looked_for_in_the_chain(cli: Cli, office: Path) -> None:
    noted = cli("audit-verify").stdout.split("Head: ")[1].strip()
    assert cli("create-admin", "--username", "ria", "--name", "Ria").returncode == 0
    there = cli("audit-verify", "--head", f" {noted[:32].upper()} {noted[32:]}")
    assert there.returncode == 0, there.stderr
    assert "The head that was noted is event " in there.stdout
    assert noted not in there.stdout, "the chain has grown"
    gone = cli("audit-verify", "--head", "0" * 64)
    assert gone.returncode == 1
    assert "not in this chain" in gone.stderr


def test_what_is_due_runs_once_by_hand(cli: Cli, office: Path) -> None:
    assert cli("run-due").returncode == 0
    assert _rows(office, "SELECT name FROM heartbeat") == [("scheduler",)]


def test_a_backup_is_whole_private_and_never_overwrites(cli: Cli, office: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    answer = cli("backup", copy)
    assert answer.returncode == 0, answer.stderr
    assert copy.stat().st_mode & 0o777 == 0o600
    assert _rows(copy, "SELECT username FROM account") == [("adi",)]
    assert sorted(path.name for path in tmp_path.glob("copy*")) == ["copy.db"]
    again = cli("backup", copy)
    assert (again.returncode, again.stderr.strip()) == (1, f"{copy} is there already. Choose another name.")


def test_a_backup_is_restored_once_the_service_is_stopped(cli: Cli, office: Path, tmp_path: Path) -> None:
    copy, port = tmp_path / "copy.db", free_port()
    assert cli("audit-verify").returncode == 0
    assert cli("backup", copy).returncode == 0
    assert cli("create-admin", "--username", "ria", "--name", "Ria").returncode == 0
    with _Served(office.parent, "serve", "--port", port) as server:
        server.read_until(f"http://127.0.0.1:{port}")
        refused = cli("restore", copy)
        assert (refused.returncode, refused.stderr.strip()) == (
            1,
            "The database is in use. Stop the service first, then restore.",
        )
        assert server.stop(signal.SIGTERM) == 0
    done = cli("restore", copy)
    assert done.returncode == 0, done.stderr
    assert "officer 0, mark 0, log_entry 0, service_request 0, audit_event " in done.stdout
    assert "is kept as " in done.stdout
    assert _rows(office, "SELECT username FROM account") == [("adi",)]
    head = done.stdout.split("Head: ")[1].strip()
    assert cli("audit-verify", "--head", head).returncode == 0


def test_on_postgresql_the_set_up_is_the_same_and_backups_are_its_own(cli: Cli, postgres) -> None:
    postgres.run("CREATE DATABASE cli_office")
    url = {"STAFFHUB_DATABASE_URL": postgres.url("cli_office")}
    try:
        assert cli("migrate", **url).returncode == 0
        made = cli("create-admin", "--username", "adi", "--name", "Adi", "--office", "Uji", **url)
        assert made.returncode == 0, made.stderr
        assert cli("audit-verify", **url).returncode == 0
        assert "pg_dump" in cli("backup", "x.db", **url).stderr
        assert "pg_restore" in cli("restore", __file__, **url).stderr
        database = Database(url["STAFFHUB_DATABASE_URL"])
        with database.reading() as db:
            found = db.execute(sa.select(Office.name, Account.username).join(Account)).all()
        database.engine.dispose()
        assert [tuple(row) for row in found] == [("Uji", "adi")]
    finally:
        postgres.run("DROP DATABASE cli_office WITH (FORCE)")


class _Served:
    """A server started by the command line, in a process of its own."""

    def __init__(self, folder: Path, *words: object, **more: str) -> None:
        self.log = (folder / "stderr").open("w+")
        env = _environment(folder, PYTHONUNBUFFERED="1", **more)
        self.process = subprocess.Popen(_command(*words), env=env, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.said: list[str] = []

    def read_until(self, text: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line.rstrip())
            if text in line:
                return
        self.log.seek(0)
        pytest.fail(f"it ended without saying {text!r}: {self.said} {self.log.read()[-2000:]}")

    def stop(self, number: int) -> int:
        self.process.send_signal(number)
        return self.process.wait(30)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        for pid in processes.tree(self.process.pid) if self.process.poll() is None else ():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.communicate()
        self.log.close()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_serve_says_its_address_answers_and_ends_cleanly(cli: Cli, office: Path, ending: int) -> None:
    port = free_port()
    with _Served(office.parent, "serve", "--port", port) as server:
        server.read_until(f"http://127.0.0.1:{port}")
        assert requests.get(f"http://127.0.0.1:{port}/healthz", timeout=10).json() == {"process": "ok"}
        taken = cli("serve", "--port", port)
        assert (taken.returncode, taken.stdout) == (1, "")
        assert f"Cannot listen on 127.0.0.1:{port}" in taken.stderr
        assert server.stop(ending) == 0


def test_a_command_in_english_leaves_the_screens_indonesian(office: Path) -> None:
    port = free_port()
    with _Served(office.parent, "serve", "--port", port, STAFFHUB_LOCALE="", STAFFHUB_COMMAND_LOCALE="en") as server:
        server.read_until("StaffHub listens on")
        assert '<html lang="id"' in requests.get(f"http://127.0.0.1:{port}/login", timeout=10).text


def _steps_of_the_readme() -> list[str]:
    """The lines of "Real set-up", as they are written, but for those that install."""
    section = (Path(__file__).parent.parent / "README.md").read_text("utf-8").split("## Real set-up", 1)[1]
    lines = section.split("```sh\n", 1)[1].split("```", 1)[0].splitlines()
    installing = ("python3 -m venv", "source ", "pip install")
    assert sum(line.startswith(installing) for line in lines) == 4
    return [line for line in lines if not line.startswith(installing)]


def test_the_steps_of_the_readme_work_word_for_word(tmp_path: Path) -> None:
    command = tmp_path / "bin" / "staffhub"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m staffhub.cli "$@"\n')
    command.chmod(0o755)
    with xlsxwriter.Workbook(tmp_path / "pegawai.xlsx") as book:
        sheet = book.add_worksheet()
        for number, line in enumerate((HEADER, GOOD)):
            sheet.write_row(number, 0, line.strip().split(","))
    *steps, serve = _steps_of_the_readme()
    env = _environment(tmp_path / "var") | {"PATH": f"{command.parent}:{os.environ['PATH']}"}
    env = {name: value for name, value in env.items() if name not in {"STAFFHUB_LOCALE", "STAFFHUB_DATA_DIR"}}
    env["PYTHONPATH"] = str(Path(__file__).parent.parent)
    script = "set -e\n" + "\n".join(steps)
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "One-time password of adi" in done.stdout
    assert "greis.tumiwa" in (tmp_path / "sandi.csv").read_text("utf-8-sig")
    port = free_port()
    words = [*shlex.split(serve, comments=True), "--port", str(port)]
    assert words[:2] == ["staffhub", "serve"]
    with subprocess.Popen([str(command), *words[1:]], cwd=tmp_path, env=env, stdout=subprocess.DEVNULL) as server:
        try:
            wait_until(lambda: _answers(f"http://127.0.0.1:{port}"), seconds=60)
            assert '<html lang="id"' in requests.get(f"http://127.0.0.1:{port}/login", timeout=10).text
        finally:
            server.terminate()


def test_several_workers_share_the_port_and_add_up_their_counters(office: Path) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with _Served(office.parent, "serve", "--port", port, "--workers", 2) as server:
        server.read_until(address)
        wait_until(lambda: _answers(address), seconds=40)
        for _n in range(20):
            assert requests.get(f"{address}/login", timeout=10).status_code == 200
        lines = requests.get(f"{address}/metrics", timeout=10).text.splitlines()
        assert server.stop(signal.SIGTERM) == 0
    counted = [line for line in lines if line.startswith("staffhub_requests_total") and 'route="/login"' in line]
    assert [float(line.rsplit(" ", 1)[1]) for line in counted] == [20.0]


def test_workers_share_what_is_loaded_and_one_that_is_killed_is_there_again(office: Path) -> None:
    port = free_port()
    with _Served(office.parent, "serve", "--port", port, "--workers", 2) as server:
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}"), seconds=40)
        parent, *before = processes.tree(server.process.pid)
        assert len(before) == 2
        shown = {Path(f"/proc/{pid}/cmdline").read_bytes() for pid in (parent, *before)}
        assert len(shown) == 1, "forked, not started anew"
        assert not any(_catches(pid, signal.SIGHUP) for pid in before), "that is for the parent"
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: len({*processes.tree(parent)} - {parent, *before}) == 2, seconds=20)
        wait_until(lambda: _answers(f"http://127.0.0.1:{port}"), seconds=20)
        nobody = {"username": "nobody", "password": "nobody's"}
        answer = requests.post(f"http://127.0.0.1:{port}/login", data=nobody, timeout=10)
        assert answer.status_code == 422, "a password is hashed by the first sign-in of a worker"
        assert server.stop(signal.SIGTERM) == 0


def _catches(pid: int, number: int) -> bool:
    caught = next(one for one in Path(f"/proc/{pid}/status").read_text().splitlines() if one.startswith("SigCgt"))
    return bool(int(caught.split()[1], 16) >> number - 1 & 1)


def _answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/readyz", timeout=5).ok
    except requests.ConnectionError:
        return False


def test_the_demo_needs_no_set_up_and_works_again_and_again(tmp_path: Path) -> None:
    meetings = tmp_path / "demo" / "zoom-sandbox.json"
    for _time in range(2):
        port = free_port()
        address = f"http://127.0.0.1:{port}"
        with _Served(tmp_path, "demo", "--port", port) as server, requests.Session() as browser:
            server.read_until("Ctrl-C")
            assert address in "\n".join(server.said)
            account = {"username": "pegawai01", "password": "staffhub-demo"}
            assert browser.post(f"{address}/login", data=account, timeout=30).ok
            assert "Greis Tumiwa" in browser.get(address, timeout=30).text
            wait_until(lambda: meetings.exists() and len(json.loads(meetings.read_text("utf-8"))["meetings"]) == 4)
            assert server.stop(signal.SIGTERM) == 0
    assert _rows(tmp_path / "demo" / "staffhub.db", "SELECT count(*) FROM officer") == [(42,)]
    assert _rows(tmp_path / "demo" / "staffhub.db", "SELECT state, count(*) FROM meeting") == [("ready", 4)]


def test_a_demo_of_yesterday_is_set_aside(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    settings = Settings(data_dir=folder, database_url="")
    now = datetime(2026, 11, 23, 3, tzinfo=UTC)
    assert show.prepare(settings, now=now - timedelta(days=1)) == []
    (folder / "zoom-sandbox.json").write_text("{}")
    assert len(show.prepare(settings, now=now)) == 1
    assert sorted(path.name for path in folder.iterdir()) == [
        "2026-11-22-staffhub.db",
        "2026-11-22-zoom-sandbox.json",
        "staffhub.db",
    ]
    assert show.prepare(settings, now=now) == []
    database = Database(settings.database)
    with database.reading() as db:
        assert db.scalar(sa.select(sa.func.count()).select_from(Officer)) == 42
    database.engine.dispose()
