"""The calls keep what their description promises, whatever is sent: schemathesis asks a real server, all checks on."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from staffhub import clock, demo
from staffhub.app import create_app
from staffhub.migrations import migrate
from staffhub.models import TokenScope
from staffhub.settings import Settings
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


def test_the_examples_of_the_document_run_word_for_word_against_the_demo(tmp_path: Path) -> None:
    told = (Path(__file__).parent.parent / "docs" / "api.md").read_text("utf-8")
    script = "\n".join(re.findall(r"```sh\n(.*?)```", told, re.DOTALL))
    settings = Settings(data_dir=tmp_path, database_url=f"sqlite:///{tmp_path}/staffhub.db")
    app = create_app(settings, ticking=False)
    migrate(app.state.database.engine)
    with app.state.database.transaction() as db:
        demo.seed(db, settings, now=clock.now())
    with serving(app) as address:
        given = script.replace("http://127.0.0.1:8000", address).replace("curl -s", "curl -sS --fail-with-body")
        run = subprocess.run(["bash", "-euc", given], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "HTTP/1.1 201" in run.stdout
    assert '"state":"checking","by":{"kind":"program","id":null,"name":"Aplikasi Contoh"}' in run.stdout
