"""The replicated store's state machines, driven through faults by a seed."""
