"""What the documents say exists: settings, commands, targets, files, accounts."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

from staffhub.cli import app
from staffhub.security import PERMISSIONS
from staffhub.settings import HTMX_URL, Settings
from staffhub.zoom.sandbox.account import SCOPES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS = {path.name: path.read_text("utf-8") for path in [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]}
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")


def _settings_table() -> dict[str, str]:
    return dict(re.findall(r"^\| `(STAFFHUB_\w+)` \| ([^|]*) \|", README, re.MULTILINE))


def test_every_setting_stands_in_the_table_and_no_other() -> None:
    assert set(_settings_table()) == {f"STAFFHUB_{name.upper()}" for name in Settings.model_fields}


def test_the_defaults_in_the_table_are_those_of_the_program() -> None:
    for name, written in _settings_table().items():
        default = Settings.model_fields[name.removeprefix("STAFFHUB_").lower()].default
        plain = default.get_secret_value() if hasattr(default, "get_secret_value") else str(default)
        quoted = re.findall(r"`([^`]*)`", written)
        assert not quoted or quoted == [plain], name


@pytest.mark.parametrize("name", DOCUMENTS)
def test_every_command_and_option_that_is_shown_exists(name: str) -> None:
    commands = get_command(app).commands  # type: ignore[attr-defined]
    shown = re.findall(r"(?:^|`|bin/)staffhub(?:-run)? ([a-z][a-z-]*)([^`\n|]*)", DOCUMENTS[name], re.MULTILINE)
    assert shown or name == "how-it-works.md"
    for command, rest in shown:
        assert command in commands, command
        options = {option for parameter in commands[command].params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", rest)) <= options, (command, rest)


def test_every_command_of_the_program_is_documented() -> None:
    named = set(re.findall(r"^\| `staffhub ([a-z-]+)", README, re.MULTILINE))
    assert named == set(get_command(app).commands)  # type: ignore[attr-defined]


def test_every_make_target_that_is_shown_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    for text in DOCUMENTS.values():
        assert set(re.findall(r"(?:^|`)make ([a-z-]+)", text, re.MULTILINE)) <= targets


def test_every_file_that_is_named_exists() -> None:
    for text in DOCUMENTS.values():
        named = re.findall(r"`((?:staffhub|deploy|docs|tests|requirements)/[\w./-]+)`", text)
        for path in [*named, *re.findall(r"\]\(((?:docs/)[\w./-]+)\)", text)]:
            assert (ROOT / path.split(":")[0]).exists(), path


def test_every_role_and_every_zoom_scope_is_named() -> None:
    for role in {role for roles in PERMISSIONS.values() for role in roles}:
        assert re.search(rf"^\| {role.value}\b", README, re.MULTILINE), role
    assert set(re.findall(r"[a-z]+:[a-z]+:[a-z_]+:admin", README)) == set(SCOPES.split())


def test_the_version_of_htmx_is_the_one_that_is_used() -> None:
    assert re.findall(r"^htmx (\d\S+)", README, re.MULTILINE) == re.findall(r"@([\d.]+)/", HTMX_URL)
