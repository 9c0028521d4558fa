"""What other programs ask of this one: JSON under /api/v1, each call with a token, each refusal a problem in words."""

from staffhub.routes.api import attendance, description, people, requests
from staffhub.routes.api.calls import calls
from staffhub.routes.api.problems import PREFIX, challenge, invalid, is_call, problem

router = calls(requests.router, people.router, attendance.router, description.router)

__all__ = ["PREFIX", "challenge", "invalid", "is_call", "problem", "router"]
