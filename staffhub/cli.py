"""The `staffhub` command: set up, serve, keep. Texts follow STAFFHUB_COMMAND_LOCALE, else STAFFHUB_LOCALE; an expected
fault is one line, never a traceback.
"""

import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from staffhub import clock, deadlines, faults, i18n, logs
from staffhub.i18n import gettext as _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fastapi import FastAPI

    from staffhub.audit import Verdict
    from staffhub.db import Database
    from staffhub.people import ImportReport, Outcome
    from staffhub.settings import Settings

# Before the commands are declared, since their help is written in this language too.
i18n.set_locale(os.environ.get("STAFFHUB_COMMAND_LOCALE") or os.environ.get("STAFFHUB_LOCALE") or "id")


class _Commands(typer.core.TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            lines = faults.explain(error)
            if not lines:
                raise
            _fail(*lines)


app = typer.Typer(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help=_("StaffHub: who works where, standups on Zoom, the day's log, the month for HR."),
)


def _fail(*lines: str) -> NoReturn:
    for line in lines:
        print(line, file=sys.stderr)
    raise typer.Exit(1)


@app.callback()
def _prepare() -> None:
    logs.configure()
    deadlines.begin(deadlines.COMMAND)


def _settings(**given: Any) -> "Settings":
    from staffhub.settings import Settings

    settings = Settings(**given)
    i18n.set_locale(settings.command_language)
    return settings


@contextmanager
def _database(settings: "Settings") -> "Iterator[Database]":
    """Open the database; one that is not at head stops here with the one command to run."""
    from staffhub.db import Database
    from staffhub.migrations import is_at_head

    database = Database(settings.database)
    try:
        with database.engine.connect() as connection:
            ready = is_at_head(connection)
        if not ready:
            _fail(_("The database is not at the version of this program. Run: staffhub migrate"))
        yield database
    finally:
        database.engine.dispose()


def make_app() -> "FastAPI":
    """Build the app from the environment; uvicorn calls this in every worker."""
    from staffhub.app import create_app

    return create_app(_settings())


_Host = Annotated[str, typer.Option(help=_("Address to listen on."))]
_Port = Annotated[int, typer.Option(help=_("Port to listen on."), min=1, max=65535)]


@app.command(help=_("Serve the office. Behind a proxy set STAFFHUB_TRUSTED_PROXIES."))
def serve(
    host: _Host = "127.0.0.1",
    port: _Port = 8000,
    workers: Annotated[int, typer.Option(help=_("Number of processes."), min=1, max=64)] = 1,
) -> None:
    from staffhub import serving

    settings = _settings()
    with _database(settings):
        pass
    serving.refuse_taken_port(host, port)
    options = serving.options(settings, host, port)
    said = _("StaffHub listens on %(address)s", address=f"http://{host}:{port}")
    if workers > 1:
        print(said, flush=True)
        serving.run_workers("staffhub.cli:make_app", workers, options)
    else:
        serving.run(make_app(), options, lambda: print(said, flush=True))


@app.command(help=_("Bring the database to the version of this program."))
def migrate() -> None:
    from staffhub import migrations
    from staffhub.connections import make_engine

    engine = make_engine(_settings().database)
    migrations.migrate(engine)
    engine.dispose()
    print(_("The database is ready."))


@app.command("create-admin", help=_("Open the account of an administrator; the first one founds the office."))
def create_admin(
    username: Annotated[str, typer.Option(prompt=_("Username"), help=_("To sign in with."))],
    name: Annotated[str, typer.Option(prompt=_("Full name"), help=_("Name of the person."))],
    office: Annotated[str, typer.Option(help=_("Name of the office, when there is none yet."))] = "",
) -> None:
    from staffhub import founding, people

    settings, now = _settings(), clock.now()
    with _database(settings) as database:
        with database.transaction() as db:
            home = founding.only_office(db)
            if home is None:
                office = office or typer.prompt(_("Name of the office"))
                home = founding.found_office(db, name=office, timezone=settings.timezone, now=now)
            elif office not in {"", home.name}:
                _fail(_("This database holds another office: %(name)s", name=home.name))
            office_id = home.id
        password = people.create_admin(database, office_id, username=username, name=name, now=now)
    print(_("One-time password of %(username)s: %(password)s", username=username, password=password))
    print(_("It holds for 7 days and must be changed at the first sign-in."))


@app.command(
    "import-officers",
    help=_(
        "Read a register of officers (.xlsx or .csv), with the rights of an administrator. Whoever is there already "
        "and would change is listed first, with what is and what would be; then it asks."
    ),
)
def import_officers(
    file: Annotated[Path, typer.Argument(help=_("The register."), exists=True, dir_okay=False)],
    skip_bad: Annotated[
        bool, typer.Option("--skip-bad", help=_("Import the good rows and leave out the bad."))
    ] = False,
    passwords: Annotated[Path | None, typer.Option(help=_("Write the one-time passwords to this new file."))] = None,
    since: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="YYYY-MM-DD",
            help=_(
                "From when on a change of division, position, kind or superior holds and new people serve; else today. "
                "Everything else changes at once."
            ),
        ),
    ] = "",
    yes: Annotated[bool, typer.Option("--yes", help=_("Store the changes without asking."))] = False,
) -> None:
    from staffhub import founding, people

    now = clock.now()
    with _database(_settings()) as database:
        with database.reading() as db:
            office = founding.only_office(db)
            if office is None:
                _fail(_("There is no office yet. Run: staffhub create-admin"))
            day = people.day_from(db, office.id, since, now=now)
            register = people.read_register(file.read_bytes(), file.name)
            found, outcome, _good = people.look_at(
                db, office.id, register, actor=None, skip_bad=skip_bad, day=day, now=now
            )
        _print_bad(found)
        if found.bad and not (skip_bad and found.good):
            _fail(_("Nothing was imported. Put these rows right, or use --skip-bad to leave them out."))
        _ask_whether(outcome, yes=yes)
        with _kept_to_owner(passwords) as write_passwords:
            report = people.import_register(
                database, office.id, register, actor=None, skip_bad=skip_bad, day=day, seen=outcome.digest, now=now
            )
            write_passwords(report.passwords)
    _print_report(report)


def _ask_whether(outcome: "Outcome", *, yes: bool) -> None:
    """Show what would change of whoever is there already, and store it only when somebody says so."""
    from staffhub.people import printed

    if not outcome.needs_a_look:
        return
    print(*printed.outcome_lines(outcome), sep="\n")
    if yes:
        return
    if not sys.stdin.isatty():
        _fail(_("Nothing was imported. Read the list, then run it again with --yes."))
    if not typer.confirm(_("Store this?")):
        _fail(_("Nothing was imported."))


@contextmanager
def _kept_to_owner(path: Path | None) -> "Iterator[Any]":
    """Open the file before anything is imported: a password that cannot be written down is lost. An empty one goes."""
    from staffhub import people

    if path is None:
        yield _print_passwords
        return
    try:
        opened = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        _fail(_("%(file)s is there already. Choose another name.", file=path))

    def write(rows: list[tuple[str, str, str]]) -> None:
        if not rows:
            return
        file.write(people.csv_file([_("name"), "username", _("one-time password")], rows))
        print(_("%(n)s one-time passwords are in %(file)s.", n=len(rows), file=path))

    try:
        with os.fdopen(opened, "wb") as file:
            yield write
    finally:
        if not path.stat().st_size:
            path.unlink()


def _print_passwords(rows: list[tuple[str, str, str]]) -> None:
    if not rows:
        return
    table = [(_("name"), "username", _("one-time password")), *rows]
    widths = [max(len(row[n]) for row in table) for n in range(3)]
    for row in table:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip())
    print(_("They are shown only now, hold for 7 days and must be changed at the first sign-in."))


def _print_bad(report: "ImportReport") -> None:
    from staffhub.people import printed

    for line in printed.bad_lines(report.bad):
        print(line, file=sys.stderr)
    if report.ignored_columns:
        print(_("Not read and not stored: %(columns)s", columns=", ".join(report.ignored_columns)))


def _print_report(report: "ImportReport") -> None:
    counts = {
        "new": report.new,
        "changed": report.changed,
        "same": report.same,
        "bad": len({b.row for b in report.bad}),
    }
    print(_("%(new)s new, %(changed)s changed, %(same)s unchanged, %(bad)s left out.", **counts))


@app.command(help=_("Fill an empty database with the demo office."))
def seed(
    demo: Annotated[bool, typer.Option("--demo", help=_("Needed, so that nobody does it by accident."))] = False,
) -> None:
    if not demo:
        _fail(_("Only demo data can be seeded: staffhub seed --demo"))
    from staffhub import demo as demo_office

    settings = _settings()
    with _database(settings) as database, database.transaction() as db:
        done = demo_office.seed(db, settings, now=clock.now())
    print(_("The demo office is ready.") if done else _("The demo office is already there; nothing was changed."))


@app.command(help=_("Show StaffHub with an invented office and a Zoom sandbox; needs no set-up."))
def demo(host: _Host = "127.0.0.1", port: _Port = 8000) -> None:
    from staffhub import serving
    from staffhub.demo import show

    own: dict[str, Any] = {"data_dir": _settings().data_dir / "demo"} | show.address_setting(host, port)
    serving.refuse_taken_port(host, port)
    for line in show.prepare(_settings(**own), now=clock.now()):
        print(line)
    with show.sandbox(own["data_dir"], port + 1, told=port) as zoom:
        settings = _settings(**own, **zoom)
        lines = show.welcome(settings, host, port)
        show.run(settings, serving.options(settings, host, port), lambda: print(*lines, sep="\n", flush=True))


@app.command("run-due", help=_("Run once what is due: Zoom, the audit chain, housekeeping."))
def run_due() -> None:
    from staffhub import scheduler
    from staffhub.app import make_work

    settings = _settings()
    with _database(settings) as database:
        scheduler.run_due(make_work(settings, database), now=clock.now())
    print(_("Done."))


@app.command(help=_("Compute stored days again from their facts. --check changes nothing and lists what differs."))
def recompute(
    first: Annotated[str, typer.Option("--from", help=_("First date, as 2026-11-01."))],
    last: Annotated[str, typer.Option("--to", help=_("Last date, as 2026-11-30."))],
    check: Annotated[bool, typer.Option("--check", help=_("Only compare; exit code 1 when a day differs."))] = False,
) -> None:
    from datetime import date

    from staffhub import days

    try:
        dates = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        _fail(_("Write dates as 2026-11-30."))
    with _database(_settings()) as database:
        if check:
            found = [str(line) for line in days.check(database, *dates, now=clock.now())]
            if found:
                _fail(*found)
            print(_("Every stored day is what its facts say."))
        else:
            changed = days.recompute(database, *dates, now=clock.now())
            print(_("%(count)s days changed.", count=changed))


@app.command("audit-verify", help=_("Seal what is waiting, then walk the audit trail's hash chain."))
def audit_verify(
    head: Annotated[str, typer.Option(help=_("A head noted earlier: is it still in the chain?"))] = "",
) -> None:
    from staffhub import audit, scheduler, signing

    noted = "".join(head.split()).lower()
    with _database(_settings()) as database:
        work = scheduler.Work(database=database, zoom=None, zoom_host="")
        while scheduler.seal(work, clock.now()):
            pass
        with database.reading() as db:
            verdict, months = audit.verify(db, noted=noted), signing.verified(db)
    print(months)
    _print_verdict(verdict, noted)


def _print_verdict(verdict: "Verdict", noted: str) -> None:
    if verdict.broken_at is not None:
        _fail(_("The audit trail is broken at event %(n)s: it was changed or removed.", n=verdict.broken_at))
    print(_("The audit trail holds: %(n)s events.", n=verdict.sealed))
    print(_("Head: %(hash)s", hash=verdict.head))
    if noted and verdict.noted_at is None:
        _fail(_("The head that was noted is not in this chain: it was cut short or written anew since then."))
    if noted:
        since = verdict.sealed - (verdict.noted_at or 0)
        print(_("The head that was noted is event %(n)s; %(since)s came after it.", n=verdict.noted_at, since=since))


@app.command(help=_("Copy a SQLite database while it is in use."))
def backup(file: Annotated[Path, typer.Argument(help=_("The new file."))]) -> None:
    from staffhub import backups

    with _database(_settings()) as database:
        if not database.sqlite:
            _fail(_("This is PostgreSQL: use pg_dump --format=custom"))
        size = backups.back_up(database, file)
    print(_("%(file)s: %(size)s kB, checked.", file=file, size=size // 1024))


@app.command(help=_("Put a backup in the place of a SQLite database; the service must be stopped."))
def restore(file: Annotated[Path, typer.Argument(help=_("The backup."), exists=True, dir_okay=False)]) -> None:
    from staffhub import backups

    settings = _settings()
    done = backups.restore(settings.database, file, zone=settings.zone, now=clock.now())
    until = f"{done.until.astimezone(settings.zone):%Y-%m-%d %H:%M %Z}" if done.until else "-"
    print(_("Restored from %(file)s; its last change was made on %(until)s.", file=file, until=until))
    print(_("Rows: %(rows)s", rows=", ".join(f"{name} {count}" for name, count in done.rows.items())))
    if done.aside:
        print(_("The database that stood there is kept as %(file)s.", file=done.aside))
    if done.head is None:
        print(_("It is of an older version. Run: staffhub migrate, then staffhub audit-verify"))
        return
    print(_("The audit trail holds: %(n)s events.", n=done.head.sequence))
    print(_("Head: %(hash)s", hash=done.head.hash))


if __name__ == "__main__":
    app()
