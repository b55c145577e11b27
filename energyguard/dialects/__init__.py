"""Other people's dialects: how their senders name what they measure, and how they write it.

    names.py     from a sender's name, unit and labels to a device, a channel and a scale
    mapping.py   the same as a user writes it, in TOML; it goes before the names

A dialect that comes over HTTP is one file here, or a folder; what they have in common is in
``values.py``.
"""
