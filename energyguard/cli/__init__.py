"""The same verbs in a terminal. One noun per file; nothing heavy is imported before it is needed.

commands.py    all of them, under the headings of the help: a folder each
terminal/      what they are made of
"""
