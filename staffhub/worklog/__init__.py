"""The day's log: an officer's entries, open until the day is submitted."""

from staffhub.worklog.doubts import Doubts, doubts
from staffhub.worklog.entries import (
    Entry,
    Sheet,
    asks,
    covered,
    entries_of,
    entry_for,
    last_end,
    minutes_of,
    overlaps,
    sheet_of,
)
from staffhub.worklog.writing import Altered, Proposal, Written, after, edit, proposal, remove, submit, write

UNITS = ("berkas", "pemohon", "pesan", "dokumen", "data", "kegiatan")

__all__ = [
    "UNITS",
    "Altered",
    "Doubts",
    "Entry",
    "Proposal",
    "Sheet",
    "Written",
    "after",
    "asks",
    "covered",
    "doubts",
    "edit",
    "entries_of",
    "entry_for",
    "last_end",
    "minutes_of",
    "overlaps",
    "proposal",
    "remove",
    "sheet_of",
    "submit",
    "write",
]
