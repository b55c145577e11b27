"""VictoriaMetrics' own imports.

dialect.py  lines of JSON, a series each; the dialect
csv.py      CSV with its columns said in the address
"""
