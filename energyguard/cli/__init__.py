"""The same verbs in a terminal. One noun per file; nothing heavy is imported before it is needed.

call.py, output.py and times.py are what commands are made of; commands.py puts them together.
"""
