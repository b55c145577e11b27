"""Survive an outage: what an edge measures, and its line to the cloud.

averaging/    powers become averages, device by device, into the outbox
outbox/       that log as the uplink sees it: what waits, what may have been sent, in what room
protocol/     what both ends need, say and keep
link/         frames over NNG with TLS, and who may speak
uplink/       the edge's end of the line, without I/O, and what plays it
cloud/        the cloud's end of all lines, without I/O, and what it writes
source.py     powers of a log elsewhere, into the edge's own
edge_rules.py rules that do not wait for the line; memory.py: what an edge gives back
edge_role.py, cloud_role.py   both as processes
"""
