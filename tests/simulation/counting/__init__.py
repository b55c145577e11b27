"""Log, worker and history, lived through hundreds of times: what counts, counts once."""
