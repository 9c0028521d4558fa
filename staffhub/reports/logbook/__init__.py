"""What becomes of the daily log: the lines of a paper, of a sheet, and by activity."""

from staffhub.reports.logbook.activities import Activity, activities, as_text
from staffhub.reports.logbook.lines import Line, lines, minutes_of, sent_lines
from staffhub.reports.logbook.summary import Person, Summary, Whose, counted, has_people, summary
from staffhub.reports.logbook.whose import Part, Period, Span, Subject, of_bidang, spelled, subject, superiors

__all__ = [
    "Activity",
    "Line",
    "Part",
    "Period",
    "Person",
    "Span",
    "Subject",
    "Summary",
    "Whose",
    "activities",
    "as_text",
    "counted",
    "has_people",
    "lines",
    "minutes_of",
    "of_bidang",
    "sent_lines",
    "spelled",
    "subject",
    "summary",
    "superiors",
]
