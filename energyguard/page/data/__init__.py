"""Is all of it here? What lacks, what was refused, files, lines, nodes, copies.

view.py        the view: missing.py, refused.py, imports.py, details.py (the engine's own)
edges.py       edges and their lines (edge_cards.py)
cluster.py     the nodes of the store, where it is a ring (node_rows.py)
backups.py     copies of the data folder
"""
