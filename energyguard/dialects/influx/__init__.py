"""InfluxDB's line protocol, as its own server takes it.

dialect.py  the dialect and its paths
lines.py    lines one by one, with escapes and quotes; their names
columns.py  plain lines, a block at once
"""
