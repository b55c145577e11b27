"""What is particular to a kind of device stands in one folder each.

household/     homes, their load profiles, the real appliances that ship with the package
building/      floors with four sensors and a counter
charging/      chargers, the stations where they stand
thermometer/   a walk of degrees
roles.py       their simulators as roles
"""
