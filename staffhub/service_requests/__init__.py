"""What citizens ask for: taken in, handed to an officer, worked on step by step. No NIK, no KK number is kept."""

from staffhub.service_requests.desk import OpenRequest, open_for

__all__ = ["OpenRequest", "open_for"]
