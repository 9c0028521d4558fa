"""What becomes of the daily log: the lines of a paper, of a sheet, and by activity."""

from staffhub.reports.logbook.activities import Activity, activities, as_text
from staffhub.reports.logbook.lines import Line, lines, minutes_of
from staffhub.reports.logbook.whose import Part, Period, Span, Subject, spelled, subject, superiors

__all__ = [
    "Activity",
    "Line",
    "Part",
    "Period",
    "Span",
    "Subject",
    "activities",
    "as_text",
    "lines",
    "minutes_of",
    "spelled",
    "subject",
    "superiors",
]
