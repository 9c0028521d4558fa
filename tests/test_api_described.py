"""The calls keep what their description promises, whatever is sent: schemathesis asks a real server, all checks on."""

import subprocess
import sys

import pytest

from staffhub.models import TokenScope
from tests.conftest import World
from tests.live import serving
from tests.test_api import secret_for

# Nothing of it depends on how fast anybody is, and the same is asked every time.
RUN = (
    "--generation-deterministic", "--checks=all", "--suppress-health-check=all", "--request-timeout=60",
    "--continue-on-failure", "--no-shrink", "--no-color", "--output-truncate=false", "--warnings=off",
)  # fmt: skip


def _asked(world: World, *options: str) -> subprocess.CompletedProcess[str]:
    with serving(world.app) as address:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{address}/api/v1/openapi.json", *RUN, *options]
        return subprocess.run(command, cwd=world.settings.data_dir, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_with_a_token_that_may_everything(world: World) -> None:
    secret = secret_for(world, *TokenScope)
    run = _asked(world, "--max-examples=5", f"--header=Authorization: Bearer {secret}")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Tested: 7" in run.stdout


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_a_token(world: World) -> None:
    run = _asked(world, "--max-examples=5", "--phases=fuzzing")
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Tested: 7" in run.stdout
