"""Readings that come in, and those that were refused.

intake.py      the verbs; judgement.py: what became of a body; idempotency.py: the same one twice
dead_letters.py, refused_rows.py: what was refused
file_previews.py: files that people bring, looked at; file_imports.py: taken in;
pending_files.py: those that wait for an answer
senders.py, new_devices.py: who sends and has no name yet; brokers.py: who sends to a broker
"""
