"""What is abnormal: rules, typed and as data.

rule.py       one rule: channels, window, slide, levels, dwell; and what its text says
toml.py       rule files: every fault with its line
registry.py   the rules that there are and those that run, as changed while running
"""
