"""Our own disturbances: noticed by the program, decided by HR, and then none of the people's making."""
