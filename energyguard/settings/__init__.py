"""Settings: one frozen tree, and how it is put together.

tree.py        the tree: every setting with its default; of section.py, edge.py, regions.py
layers.py      layer over layer: defaults, file, variables, options; every fault at once
shown.py       what people see of values: secrets are hidden
old_names.py   older systems' variables: taken as one of ours, or refused with the successor
toml.py        TOML files that people write, with file and line of what is wrong
"""
