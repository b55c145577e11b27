"""Registers as entries: what a step of a counter means, told by evidence.

fold.py            many keys at once; begin here
quiet.py           those that just go on, in columns
register_fold.py   one register by itself, reading by reading
transitions.py     how a register may go on; explanations.py: what that means together
accepted.py, descriptions.py, kept_registers.py   what is known of one, and what is kept
"""
