"""Homes that an edge measures, played into its own log.

recordings.py  homes as they were measured: system E's files
generated.py   homes in the same form, made up
homes.py       the role that plays either
scenario.py    what `up --scenario regions` prepares: an edge and a cloud that know each other
"""
