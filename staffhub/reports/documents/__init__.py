"""Papers that leave the office: the recap of a month as CSV, XLSX and PDF, one person's month, the letterhead."""

from staffhub.reports.documents import exports, letterhead, lines, press
from staffhub.reports.documents.book import month_xlsx
from staffhub.reports.documents.person import person_pdf
from staffhub.reports.documents.printed import month_pdf
from staffhub.reports.documents.table import month_csv

__all__ = ["exports", "letterhead", "lines", "month_csv", "month_pdf", "month_xlsx", "person_pdf", "press"]
