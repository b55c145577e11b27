"""What is abnormal: rules, typed and as data.

rule.py       what every kind of rule has; fields.py: how people write its fields
windowed.py   what kinds share that look at windows
kinds/        the kinds, a file each, and their registry
toml.py       rule files: every fault with its line
rule_history.py  what rules were before their last changes
registry.py   the rules that there are and those that run, as changed while running
"""
