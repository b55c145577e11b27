"""The detector's parameter file: how it is made, of which data.

    python -m deploy.detection.train

homes.py      simulated homes
faults.py     faults that are added to streams to learn from
boosting.py   additive tables by boosted stumps
rarity.py     how rare a score is, by counting alerts
train.py      the command: streams, faults, tables, rarities, file
"""
