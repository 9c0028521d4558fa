"""When citizens come in person: the slots of a bidang, who has which, and what became of it."""
