"""Formats of files that have a name: one file each, in the registry ``files/formats.py``."""
