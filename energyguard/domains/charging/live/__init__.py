"""Stations as they are now, from the newest signals and what the worker says of bays."""
