"""Papers that leave the office: the recap of a month as CSV, XLSX and PDF, and one person's month."""

from staffhub.reports.documents import letterhead, press
from staffhub.reports.documents.table import month_csv

__all__ = ["letterhead", "month_csv", "press"]
