"""The same inputs through every engine."""
