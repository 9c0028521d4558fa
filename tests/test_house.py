"""The house rules that no tool knows: where commits, clocks, statements and long things may stand."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, get_args, get_origin, get_type_hints

import pytest
from jinja2 import nodes

from staffhub import routes
from staffhub.forms import GUARD, Fields, Key
from staffhub.web import environment

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "staffhub"
TEMPLATES = PACKAGE / "templates"
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if "migrations/versions" not in path.as_posix())
PAGES = sorted(path.relative_to(TEMPLATES).as_posix() for path in TEMPLATES.rglob("*.html"))
MAX_FUNCTION, MAX_FILE, MAX_TEMPLATE = 60, 400, 250

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _nodes(path: Path) -> Iterator[ast.AST]:
    return ast.walk(ast.parse(path.read_text("utf-8")))


def _calls(path: Path) -> Iterator[tuple[str, int]]:
    """Yield every call as written ("db.commit", "select") with its line."""
    for node in _nodes(path):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node.lineno


def _found(paths: list[Path], pattern: str) -> list[str]:
    return [f"{_name(p)}:{line} {call}" for p in paths for call, line in _calls(p) if re.search(pattern, call)]


def test_only_the_edge_of_the_database_commits() -> None:
    edge = {"db.py", "connections.py"}
    assert _found([path for path in SOURCES if _name(path) not in edge], r"\.(commit|rollback)$") == []


def test_only_the_clock_reads_the_clock() -> None:
    others = [path for path in SOURCES if _name(path) != "clock.py"]
    assert _found(others, r"\b(datetime\.(now|utcnow|today)|date\.today|time\.time)$") == []


def test_routes_ask_the_rooms_and_never_the_tables() -> None:
    routes = [path for path in SOURCES if _name(path).startswith("routes/")]
    assert _found(routes, r"^(sa\.)?(select|insert|update|delete)$|^db\.") == []


def test_handlers_are_plain_functions_but_for_those_that_only_read_the_request() -> None:
    """A synchronous session inside `async def` would block every other request."""
    found = []
    for path in SOURCES:
        if not _name(path).startswith("routes/"):
            continue
        for node in _nodes(path):
            if isinstance(node, ast.AsyncFunctionDef) and any(
                isinstance(argument.annotation, ast.Name) and argument.annotation.id in {"DB", "Me"}
                for argument in node.args.args
            ):
                found += [] if node.name.startswith("_") else [f"{_name(path)}:{node.lineno} {node.name}"]
    assert found == []


def test_no_function_is_longer_than_a_screen() -> None:
    found = [
        f"{_name(path)}:{node.lineno} {node.name} {(node.end_lineno or 0) - node.lineno + 1}"
        for path in SOURCES
        for node in _nodes(path)
        if isinstance(node, Function) and (node.end_lineno or 0) - node.lineno + 1 > MAX_FUNCTION
    ]
    assert found == []


def test_no_file_outgrows_its_room() -> None:
    lengths = {_name(path): len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    lengths |= {f"templates/{page}": len((TEMPLATES / page).read_text("utf-8").splitlines()) for page in PAGES}
    limits = {name: MAX_TEMPLATE if name.endswith(".html") else MAX_FILE for name in lengths}
    assert {name: length for name, length in lengths.items() if length > limits[name]} == {}


@pytest.mark.parametrize("page", PAGES)
def test_a_template_compiles_and_carries_no_script_or_style_of_its_own(page: str) -> None:
    environment().get_template(page)
    text = (TEMPLATES / page).read_text("utf-8")
    assert re.findall(r"<style|\sstyle=|<script(?![^>]*\bsrc=)|\son[a-z]+=|javascript:|\|\s*safe\b", text) == []


def _rendered() -> set[str]:
    """Every template that Python code names."""
    return {
        node.value
        for path in SOURCES
        for node in _nodes(path)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[\w/-]+\.html", node.value)
    }


def _extended() -> set[str]:
    found = set()
    for page in PAGES:
        tree = environment().parse((TEMPLATES / page).read_text("utf-8"))
        for node in tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)):
            if isinstance(node.template, nodes.Const):  # type: ignore[attr-defined]
                found.add(node.template.value)  # type: ignore[attr-defined]
    return found


def test_every_template_that_is_named_exists() -> None:
    assert (_rendered() | _extended()) - set(PAGES) == set()


def test_every_template_that_exists_is_used() -> None:
    assert set(PAGES) - _rendered() - _extended() == set()


def test_no_text_of_the_product_names_the_machine_it_was_written_on() -> None:
    """Marks of unfinished work and absolute home folders have no place in what is shipped."""
    texts = [*SOURCES, *PACKAGE.rglob("*.html"), *PACKAGE.rglob("*.po"), *ROOT.glob("docs/*.md"), ROOT / "README.md"]
    pattern = re.compile(r"\b(TODO|FIXME|XXX)\b|/(root|work|tmp)/")
    found = [str(path.relative_to(ROOT)) for path in texts if pattern.search(path.read_text("utf-8"))]
    assert found == []


# Fields that hold no free text, and why none of them needs the guard.
UNGUARDED = {
    "CellFields.cell": "an officer, a date and a letter",
    "ExcuseFields.day": "a date and a group of the rule",
    "PublishFields.together": "a bidang and a version, by their pattern",
    "TakenBackFields.day": "a date and a group of the rule",
    "TakenBackFields.reason": "compared with what is stored; nothing typed is kept",
    "ScanFields.code": "compared with what the screens show; nothing typed is kept",
    "ScanFields.grant": "a note that we signed ourselves",
    "SignInFields.username": "looked up; nothing typed is kept",
    "SignInFields.password": "hashed only",
    "SignInFields.next": "an address of this site to go on to",
    "PasswordFields.current": "compared only",
    "PasswordFields.new": "hashed only",
    "PasswordFields.repeat": "compared only",
    "PasswordFields.next": "an address of this site to go on to",
    "CloseFields.next": "an address of this site to go on to",
    "WayFields.way": "compared with the way in that was shown; nothing typed is kept",
    "EndFields.next": "an address of this site to go on to",
    "ToldFields.next": "an address of this site to go on to",
    "FactFields.number": "the NIP itself, kept where the register keeps it",
    "FactFields.superior_named": "somebody of the register is looked up by it; nothing typed is kept",
    "FactFields.email": "an address, checked by the register's rule",
    "FactFields.phone": "a telephone number, checked by the register's rule",
    "LetterheadFields.phone": "a telephone number, checked by the same rule",
    "FactFields.username": "letters and digits by the register's rule",
    "GiveFields.give": "numbers of rows, read by their pattern and looked up",
    "EditFields.version": "which version was looked at",
    "RoleFields.version": "which version was looked at",
    "SeriesFields.preview": "which button was pressed",
    "RuleFields.subject": "a code, looked for in a list",
    "FlexibleFields.excluded_divisions": "codes of divisions, looked for in a list",
    "TakeFields.take": "a name of what the day proposes, or the id of a line, by their pattern",
    "ManyFields.report": "the id of a log and its version, by their pattern",
    "ManyFields.day": "an officer's id and a date, by their pattern",
    "_Days.day": "an officer's id and a date, by their pattern",
    "CorrectFields.service_type": "a code of the catalogue",
    "CorrectFields.phone": "a telephone number, read by its own rule",
    "CorrectFields.seen": "a mark of what was shown, by its pattern",
    "RequestFields.service_type": "a code of the catalogue",
    "RequestFields.phone": "a telephone number, read by its own rule",
    "RequestFields.seen": "a mark of what was shown, by its pattern",
    "PasteFields.message": "read, and kept nowhere; numbers of people are dropped first",
    "StatusFields.code": "looked up, kept as a digest only",
    "LateFields.ticket": "signed by us, read as a time",
    "StatusFields.digits": "the end of a telephone number, compared",
}


def _forms() -> Iterator[type[Fields]]:
    """Every form class of the product."""
    for module in pkgutil.walk_packages(routes.__path__, f"{routes.__name__}."):
        importlib.import_module(module.name)
    waiting = [Fields]
    while waiting:
        found = waiting.pop().__subclasses__()
        waiting += found
        yield from (one for one in found if one.__module__.startswith("staffhub."))


def _parts(annotation: object) -> Iterator[object]:
    """A type, what it is made of and what is said about it."""
    yield annotation
    for part in (*get_args(annotation), *getattr(annotation, "__metadata__", ())):
        if part is not annotation and get_origin(annotation) is not Literal:
            yield from _parts(part)


def test_every_free_text_of_every_form_is_guarded_against_the_numbers_of_people() -> None:
    open_fields, seen = set(), 0
    for form in _forms():
        for name, hint in get_type_hints(form, include_extras=True).items():
            if name not in form.model_fields or name not in form.__annotations__:
                continue
            parts = list(_parts(hint))
            if str in parts and Key.__metadata__[0] not in parts:
                seen += 1
                if GUARD not in parts:
                    open_fields.add(f"{form.__name__}.{name}")
    assert seen > 20, "the walk finds the forms"
    assert open_fields == set(UNGUARDED)
