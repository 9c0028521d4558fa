"""The office's fingerprint machine: its log is read as a file, its numbers are matched to people once by HR.

What a machine says lies beside what people declared, and never over it; `workdays.fingers` says what it stands for. No
finger and no template of one is stored here: only that the machine knew somebody, and when.
"""
