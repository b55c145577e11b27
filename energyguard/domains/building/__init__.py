"""A building: simulated floors, their counters, and both in the log."""
