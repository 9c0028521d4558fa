"""How long the days of a month take when all of them are computed again.

    python -m bench.recompute --people 1000 --days 31            # on SQLite, in a folder that is removed afterwards
    python -m bench.recompute --url postgresql+psycopg://...     # on an empty database

Prints seconds for writing every day for the first time (as the close of day after a long outage does), for a recount
that finds nothing changed, for one after a rule that changes every working day, and for `recompute --check`.
"""
