"""What citizens ask for: taken in, handed to an officer, worked on step by step. No NIK, no KK number is kept."""

from staffhub.service_requests.desk import OpenRequest, open_for
from staffhub.service_requests.owners import waiting

__all__ = ["OpenRequest", "open_for", "waiting"]
