"""Stations on the page: all of them, one by itself, their bays, a table of months."""
