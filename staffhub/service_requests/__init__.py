"""What citizens ask for: taken in, handed to an officer, worked on step by step. No NIK, no KK number is kept."""

from staffhub.service_requests.desk import OpenRequest, ask_open, open_for
from staffhub.service_requests.owners import ask_waiting, waiting

__all__ = ["OpenRequest", "ask_open", "ask_waiting", "open_for", "waiting"]
