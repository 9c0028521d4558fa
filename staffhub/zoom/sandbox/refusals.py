"""Zoom's refusals in Zoom's words (https://developers.zoom.us/docs/api/errors/)."""

from staffhub.zoom.shapes import JSON


class Refusal(Exception):
    """An answer other than success: status, JSON body and headers, as they go over the wire."""

    def __init__(self, status: int, body: JSON, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers = headers or {}


def refusal(status: int, code: int, message: str, headers: dict[str, str] | None = None) -> Refusal:
    return Refusal(status, {"code": code, "message": message}, headers)


def invalid(errors: list[tuple[str, str]]) -> Refusal:
    fields = [{"field": field, "message": message} for field, message in errors]
    return Refusal(400, {"code": 300, "message": "Validation Failed.", "errors": fields})


def no_meeting(id: str) -> Refusal:
    return refusal(404, 3001, f"Meeting does not exist: {id}.")


def no_user(id: str) -> Refusal:
    return refusal(404, 1001, f"User does not exist: {id}.")


def no_occurrence() -> Refusal:
    return refusal(400, 3000, "Invalid occurrence_id.")


def scopes_missing(scopes: list[str]) -> Refusal:
    return refusal(400, 4711, f"Invalid access token, does not contain scopes:[{', '.join(scopes)}].")


def too_many_per_second(label: str) -> Refusal:
    return refusal(
        429,
        429,
        "You have reached the maximum per-second rate limit for this API. Try again later.",
        {"X-RateLimit-Type": "QPS", "X-RateLimit-Category": label},
    )


def too_many_today(limit: int) -> Refusal:
    # Zoom sends no Retry-After here.
    return refusal(
        429,
        429,
        f"You have exceeded the daily rate limit ({limit}) of Meeting Create/Update API requests permitted for this "
        "particular user. You may resume these requests at GMT 00:00:00.",
    )
