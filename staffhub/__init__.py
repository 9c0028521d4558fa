"""StaffHub: staff coordination for a public office."""
