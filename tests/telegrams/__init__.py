"""Telegrams of meters."""
