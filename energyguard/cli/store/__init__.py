"""The replicated store: its nodes, and a client of the measurement store."""
