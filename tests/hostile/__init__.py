"""Hostile bytes, bodies and clients: bounded, on loopback."""
