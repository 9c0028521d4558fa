"""How long `reconcile` takes for a day, over all kinds of days that an HR officer has written down.

    python -m bench.reconcile            # the median must be at most 40 microseconds; exit 1 when it is more

The days are those of tests/data/golden_days.md: ordinary ones and all that does not fit.
"""

import statistics
import sys
import time

from staffhub.days import Facts, reconcile
from tests.test_golden_days import ROWS, facts_of

ROUNDS, CALLS = 7, 200
MOST = 40e-6


def cost(facts: Facts) -> float:
    """Seconds for one day: the best of some rounds, since other programs only ever add to it."""
    best = float("inf")
    for _round in range(ROUNDS):
        begun = time.perf_counter()
        for _call in range(CALLS):
            reconcile(facts)
        best = min(best, (time.perf_counter() - begun) / CALLS)
    return best


def main() -> int:
    costs = sorted(cost(facts_of(row)) for row in ROWS)
    median, worst = statistics.median(costs), costs[-1]
    print(f"reconcile: median {median * 1e6:.1f} us, worst {worst * 1e6:.1f} us of {len(costs)} kinds of days")
    return int(median > MOST)


if __name__ == "__main__":
    sys.exit(main())
