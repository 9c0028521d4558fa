"""Settings from the environment: what is weak or unknown stops the start."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from staffhub.settings import Settings


def test_the_secret_made_at_the_first_start_is_whole_private_and_the_same_for_all_workers(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as workers:
        found = set(workers.map(lambda _n: Settings(data_dir=tmp_path / "var").secret(), range(8)))
    assert len(found) == 1
    assert len(found.pop()) >= 32
    kept = list((tmp_path / "var").iterdir())
    assert [path.name for path in kept] == ["secret.key"]
    assert kept[0].stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("secret", ["short", "a" * 64, "abab" * 16])
def test_a_weak_secret_is_refused_and_never_repeated(secret: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Settings(secret_key=secret)  # type: ignore[arg-type]
    assert secret not in str(refused.value)


def test_only_servers_of_zoom_are_zoom() -> None:
    facts = {"zoom_account_id": "a", "zoom_client_id": "b", "zoom_client_secret": "c"}
    real = Settings(**facts)  # type: ignore[arg-type]
    near = Settings(**facts, zoom_base_uri="https://zoom.us.evil.example/v2")  # type: ignore[arg-type]
    assert (real.zoom_is_sandbox, near.zoom_is_sandbox, Settings().zoom_is_sandbox) == (False, True, False)
