"""What citizens ask for: taken in, handed to an officer, worked on step by step. No NIK, no KK number is kept."""

from staffhub.service_requests.desk import OpenRequest, ask_open, open_for
from staffhub.service_requests.owners import ask_waiting, waiting
from staffhub.service_requests.pressing import Pressing, ask_pressing, pressing

__all__ = ["OpenRequest", "Pressing", "ask_open", "ask_pressing", "ask_waiting", "open_for", "pressing", "waiting"]
