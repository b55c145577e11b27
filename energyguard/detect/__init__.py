"""What is abnormal: rules, typed and as data.

rules.py      one rule: channels, window, slide, levels, dwell; and what its text says
toml.py       rule files: every fault with its line
book.py       the rules that there are and those that run, as changed while running
evaluate.py   files in, rows out, no services
shipped/      the rules that come with the package
"""
