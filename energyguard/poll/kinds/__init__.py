"""Kinds of devices that are asked, a file each; ``registry.py`` has them by name."""
