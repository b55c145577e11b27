"""Processes of a data folder: started, looked at, stopped, examined; their settings."""
