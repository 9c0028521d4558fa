"""Codes at the door: a screen in the office shows one, whoever is there gives it, and a mark is proven by it."""

from staffhub.doors.codes import LENGTH, WINDOW, code_at, normal
from staffhub.doors.keeping import Kiosk, Shown, end, kiosk, listing, make, one
from staffhub.doors.opening import GRANTED_FOR, OPENED_FOR, grant, granted, note_opening, opened_at
from staffhub.doors.proving import Proven, Way, judge, prove, used

__all__ = [
    "GRANTED_FOR",
    "LENGTH",
    "OPENED_FOR",
    "WINDOW",
    "Kiosk",
    "Proven",
    "Shown",
    "Way",
    "code_at",
    "end",
    "grant",
    "granted",
    "judge",
    "kiosk",
    "listing",
    "make",
    "normal",
    "note_opening",
    "one",
    "opened_at",
    "prove",
    "used",
]
