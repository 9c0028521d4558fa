"""Who serves, where and as what; and what the office offers."""

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from staffhub import clock, office
from staffhub.models import TokenScope
from staffhub.people import serving
from staffhub.routes.api import shapes
from staffhub.routes.api.calls import Caller, calls, json_answer, needs
from staffhub.routes.api.declared import answers, header
from staffhub.routes.api.requests import Most, Place
from staffhub.routes.deps import DB, Now
from staffhub.security import tokens

router = calls()


@router.get("/api/v1/officers", **answers(shapes.Officers, headers={"Link": header('rel="next", if there is one.')}))
@needs(TokenScope.OFFICERS_READ)
def list_officers(
    request: Request,
    db: DB,
    caller: Caller,
    now: Now,
    on: Annotated[shapes.Day | None, Query(description="Who serves on that day; today unless it is said.")] = None,
    limit: Most = 50,
    cursor: Place = None,
) -> Response:
    """Read who serves, by id, page by page."""
    day = on or clock.local_day(now, caller.zone)
    place, codes = shapes.place_of(cursor), office.divisions(db, caller.office_id)
    found = serving.on(db, caller, day, after=place, most=limit + 1)
    shown, following = shapes.page_of(found, limit, lambda one: one.id)
    numbers = caller.may(tokens.GRANTS[TokenScope.OFFICERS_NUMBERS])
    items = [
        shapes.Officer(
            id=one.id,
            name=one.name,
            number=one.number if numbers else None,
            employment_type=one.employment_type,
            position=one.position,
            division=codes[one.division_id].code if one.division_id else None,
            active_from=one.active_from,
            active_to=one.active_to,
        )
        for one in shown
    ]
    return json_answer(shapes.Officers(items=items, next=following), headers=shapes.link(request.url, following))


@router.get("/api/v1/service-types", **answers(shapes.ServiceTypes))
@needs(None)
def list_service_types(db: DB, caller: Caller) -> Response:
    """Read what the office offers, and what it offered before."""
    divisions = office.divisions(db, caller.office_id)
    items = [
        shapes.ServiceType(
            code=one.code,
            name=one.name,
            name_en=one.name_en,
            division=divisions[one.division_id].code,
            needs_presence=one.needs_presence,
            service_days=one.service_days,
            papers=one.papers.splitlines(),
            offered=not one.ended,
        )
        for one in office.services(db, caller.office_id).values()
    ]
    return json_answer(shapes.ServiceTypes(items=items))
