"""Charging: simulated chargers at stations, with labelled faults."""
