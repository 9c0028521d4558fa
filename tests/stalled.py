"""`staffhub serve` whose solver of the duty roster sleeps, for as long as the file that STALLED names is there."""

import os
import sys
from pathlib import Path

from staffhub import cli
from staffhub.roster import child

ASLEEP = "import time; time.sleep(600)"
_really = child.command


def command(seconds: float) -> list[str]:
    return [sys.executable, "-c", ASLEEP] if Path(os.environ["STALLED"]).exists() else _really(seconds)


if __name__ == "__main__":
    child.command = command
    cli.app()
