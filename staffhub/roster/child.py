"""The solver in a process of its own: what is stopped or killed touches nothing, and its memory is given back."""

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable

import structlog

from staffhub.roster.solving.problem import Problem
from staffhub.roster.solving.solution import Solution

log = structlog.get_logger(__name__)

# How often whoever waits is asked whether to go on, and how long beyond its time the solver may take to say so.
_EVERY, _GRACE = 0.5, 20.0


class Died(Exception):
    """The process ended without an answer, and nobody had stopped it."""


def command(seconds: float) -> list[str]:
    return [sys.executable, "-m", "staffhub.roster.solving", str(seconds)]


def solve(problem: Problem, seconds: float, goes_on: Callable[[float], bool]) -> Solution | None:
    """Return the answer; None when `goes_on`, told how much of the time has passed (0 to 1), said no."""
    began = time.monotonic()
    with subprocess.Popen(command(seconds), stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:  # noqa: S603
        try:
            return _watched(child, problem, began, seconds, goes_on)
        finally:
            if child.poll() is None:
                child.kill()


def _watched(
    child: subprocess.Popen[bytes],
    problem: Problem,
    began: float,
    seconds: float,
    goes_on: Callable[[float], bool],
) -> Solution | None:
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_talk, args=(child, problem, lines), daemon=True).start()
    while True:
        passed = time.monotonic() - began
        if not goes_on(min(1.0, passed / seconds)):
            return None
        if passed > seconds + _GRACE:
            raise Died("it did not end in its time")
        try:
            line = lines.get(timeout=_EVERY)
        except queue.Empty:
            continue
        if not line:
            raise Died(f"it ended with {child.wait()}")
        said = json.loads(line)
        if "solution" in said:
            return Solution.from_json(json.dumps(said["solution"]))


def _talk(child: subprocess.Popen[bytes], problem: Problem, lines: "queue.SimpleQueue[bytes]") -> None:
    """Hand the problem over and note each line; an empty one says that there are no more."""
    try:
        if child.stdin and child.stdout:
            child.stdin.write(problem.to_json().encode())
            child.stdin.close()
            for line in child.stdout:
                lines.put(line)
    except (OSError, ValueError):  # it was stopped in the meantime
        log.info("roster_child_gone")
    lines.put(b"")
