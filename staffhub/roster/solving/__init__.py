"""A duty roster as a problem of numbers: no database, no clock, no words on screen, and no names of people.

`problem` says what is asked, `solution` what comes back; `python -m staffhub.roster.solving` turns one into the other
in a process of its own.
"""
