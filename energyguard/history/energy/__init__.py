"""Energy of readings, as the ledger counts it, over all that was kept.

energy_buckets.py    buckets of a minute and of a quarter of an hour; energy_rollup.py replaces them
energy_spans.py      which readings are read and which buckets replaced where readings came in
energy_folds.py      folds from a kept state on; energy_channels.py: what is said of their channels
energy_writes.py     buckets as rows; recounted.py: how far an older folder is counted anew
folded.py            answers that are made of entries
preferred.py         which of a device's channels counts
"""
