"""Meters as people have them, made up by the hundred: what was used is what is counted."""
