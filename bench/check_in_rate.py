"""Check-ins per second beside the bare floor (bench/floor.py), turn about in one run; prints both and the ratio.

Sixteen phones at once, 200 officers, every check-in a new mark. Only the ratio means something on a shared machine.
"""

import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from uuid import uuid4

from bench.office import bench_office, free_port, post, wait_for

OFFICERS, CLIENTS, PER_ROUND, ROUNDS = 200, 16, 800, 5
_MODES = ("office", "home")


def _client(port: int, jobs: list[tuple[str, str]]) -> list[float]:
    """Send one client's jobs over one connection; return the milliseconds of each."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    took = []
    for token, mode in jobs:
        started = time.perf_counter()
        status = post(connection, "/presence/check-in", token, {"mode": mode, "idempotency_key": str(uuid4())})
        took.append((time.perf_counter() - started) * 1000)
        if status != 303:
            raise RuntimeError(f"unexpected answer {status}")
    connection.close()
    return took


def _round(port: int, tokens: list[str], turn: int) -> tuple[float, list[float]]:
    """Return requests per second and the latencies of one round: every officer moves four times."""
    jobs = [(tokens[n % OFFICERS], _MODES[(turn * PER_ROUND + n) // OFFICERS % 2]) for n in range(PER_ROUND)]
    # One officer stays with one client, so that the marks come in order.
    shares = [[job for n, job in enumerate(jobs) if n % OFFICERS % CLIENTS == client] for client in range(CLIENTS)]
    started = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        took = [one for share in pool.map(lambda share: _client(port, share), shares) for one in share]
    return PER_ROUND / (time.perf_counter() - started), took


def _start_floor(folder: str) -> tuple[subprocess.Popen[bytes], int]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.floor:app", "--port", str(port), "--no-access-log"]
    environment = os.environ | {"FLOOR_DATABASE": f"sqlite:///{folder}/floor.db"}
    process = subprocess.Popen([*command, "--log-level", "warning"], env=environment)
    wait_for(port, "/healthz")
    return process, port


def main() -> None:
    with bench_office(OFFICERS) as made:
        made.start()
        floor, floor_port = _start_floor(str(made.folder))
        try:
            ours, bare, latencies = [], [], []
            for turn in range(ROUNDS):
                rate, took = _round(made.port, made.tokens, turn)
                ours.append(rate)
                latencies += took
                bare.append(_round(floor_port, made.tokens, turn)[0])
        finally:
            floor.terminate()
            floor.wait(10)
    cuts = statistics.quantiles(latencies, n=100)
    print(f"{ROUNDS} rounds of {PER_ROUND} check-ins, {CLIENTS} at once, one worker, SQLite synchronous=FULL")
    print(f"StaffHub   {statistics.median(ours):7.0f} per second   p50 {cuts[49]:.0f} ms, p99 {cuts[98]:.0f} ms")
    print(f"bare floor {statistics.median(bare):7.0f} per second")
    print(f"ratio      {statistics.median(ours) / statistics.median(bare):7.2f}")


if __name__ == "__main__":
    main()
