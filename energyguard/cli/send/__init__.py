"""Readings in: simulated, replayed, imported, corrected, or taken again after a refusal."""
