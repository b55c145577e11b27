"""Readings that come in, and those that were refused.

intake.py      the verbs; judgement.py: what became of a body; idempotency.py: the same one twice
dead_letters.py, refused_rows.py: what was refused; file_imports.py: files from the page
senders.py, new_devices.py: who sends and has no name yet
"""
