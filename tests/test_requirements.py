"""The pinned lists are complete, so that no release of tomorrow can change what today's checkout installs."""

import re
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LISTS = {name: ROOT / "requirements" / f"{name}.txt" for name in ("run", "dev", "build")}


def _pinned(name: str) -> dict[str, Requirement]:
    lines = LISTS[name].read_text("utf-8").replace("\\\n", " ").splitlines()
    found = [Requirement(line.split(" --hash")[0]) for line in lines if line and not line.lstrip().startswith("#")]
    return {canonicalize_name(one.name): one for one in found}


def _applies(requirement: Requirement, extras: set[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras | {""})


def _wanted(name: str) -> Iterator[tuple[str, Requirement]]:
    """Yield what the installed packages of a list ask for, their pinned extras included."""
    for package, pin in _pinned(name).items():
        try:
            requires = distribution(package).requires or []
        except PackageNotFoundError:  # only for another system or another Python
            assert pin.marker is not None, f"{package} is pinned but not installed"
            assert not pin.marker.evaluate(), f"{package} is pinned but not installed"
            continue
        for line in requires:
            requirement = Requirement(line)
            if _applies(requirement, set(pin.extras)):
                yield package, requirement


@pytest.mark.parametrize("name", ["run", "dev"])
def test_whatever_a_pinned_package_needs_is_pinned_too(name: str) -> None:
    pins = _pinned(name)
    missing = []
    for package, wanted in _wanted(name):
        pin = pins.get(canonicalize_name(wanted.name))
        version = next(iter(pin.specifier)).version if pin else ""
        if pin is None or not wanted.specifier.contains(version, prereleases=True) or wanted.extras - pin.extras:
            missing.append(f"{package} needs {wanted}, pinned is {pin}")
    assert missing == []


@pytest.mark.parametrize(("name", "groups"), [("run", []), ("dev", ["dev"])])
def test_the_lists_hold_what_the_project_asks_for_with_its_extras(name: str, groups: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    asked = project["project"]["dependencies"] + [
        one for group in groups for one in project["dependency-groups"][group]
    ]
    pins = _pinned(name)
    for wanted in map(Requirement, asked):
        pin = pins[canonicalize_name(wanted.name)]
        assert wanted.extras <= pin.extras
        assert wanted.specifier.contains(next(iter(pin.specifier)).version)


@pytest.mark.parametrize("name", list(LISTS))
def test_every_pin_is_exact_and_hashed_and_no_list_names_an_index(name: str) -> None:
    text = LISTS[name].read_text("utf-8")
    assert "://" not in text
    blocks = [block for block in re.split(r"\n(?=\S)", text) if block and not block.startswith("#")]
    assert blocks
    assert [block for block in blocks if "==" not in block.split()[0] or "--hash=sha256:" not in block] == []


def test_pip_is_never_asked_to_look_for_anything_besides_the_lists() -> None:
    """A resolver that meets a newer release refuses its hash: --no-deps leaves it nothing to look for."""
    texts = [ROOT / "Makefile", ROOT / "README.md", *ROOT.glob("docs/*.md")]
    lines = [line for path in texts for line in path.read_text("utf-8").splitlines() if "-r requirements/" in line]
    assert len(lines) > 3
    assert [line for line in lines if "--no-deps --require-hashes" not in line] == []
