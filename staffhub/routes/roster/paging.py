"""The rows of a roster that a page has room for."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from fastapi import Request

from staffhub import sections
from staffhub.roster import grid
from staffhub.web import query


def rows_on(
    request: Request, rows: Sequence[grid.Row], path: str, **asked_besides: object
) -> tuple[Sequence[grid.Row], dict[str, Any]]:
    """Return the rows of a large bidang that are asked for, and the addresses of the others."""
    asked = sections.asked_for(request.query_params.get("page", "")) or 1
    total, most = len(rows), grid.AT_ONCE
    page = min(asked, max(1, -(-total // most)))
    start = (page - 1) * most
    here = partial(query, path, **asked_besides)
    return rows[start : start + most], {
        "page": page,
        "first": start + 1,
        "last": min(start + most, total),
        "total": total,
        "previous_url": here(page=page - 1) if page > 1 else None,
        "next_url": here(page=page + 1) if start + most < total else None,
    }
