"""Frames over NNG with TLS, and who may speak.

identity.py   who may, by certificates.py; enrolment.py writes down who does
transport.py  a line, and the port of all lines; peers named by their certificates
port_guard.py ends connections that show none
nng.py        what both need of NNG
"""
